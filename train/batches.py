"""The order of training: which rows and which of their negatives make up a step.

Everything is a pure function of the seed, the shard's number and the step, so that a resumed run
meets the same batches.
"""

import numpy as np

from train.shards import Shard


def order(rows: int, groups: int, seed: int, shard_number: int) -> np.ndarray:
    """The rows of each step [steps, groups] in a shard; a last incomplete step is left out."""
    shuffled = np.random.default_rng([seed, shard_number]).permutation(rows)
    return shuffled[: rows - rows % groups].reshape(-1, groups)


def sample(shard: Shard, rows: np.ndarray, rng: np.random.Generator, negatives: int):
    """Draw each row's positive and negatives.

    Returns (queries [groups], documents [groups, 1 + negatives], present likewise): document
    numbers of the shard, the positive first; places without a negative are absent.
    """
    documents = np.zeros((len(rows), 1 + negatives), dtype=np.int64)
    present = np.zeros(documents.shape, dtype=bool)
    for place, row in enumerate(rows):
        positives = shard.positives[row]
        pool = shard.negatives[row]
        pool = pool[pool >= 0]
        chosen = rng.permutation(pool)[:negatives]
        documents[place, 0] = rng.choice(positives[positives >= 0])
        documents[place, 1 : 1 + len(chosen)] = chosen
        present[place, : 1 + len(chosen)] = True
    return shard.row_query[rows], documents, present
