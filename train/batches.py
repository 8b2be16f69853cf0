"""The order of training: which rows and which of their negatives make up step t.

Everything is a pure function of (seed, stage, step), so that a resumed run meets the same batches.
"""

import numpy as np

from train.shards import Shard


def schedule(sizes: list[int], groups: int, passes: int, seed: int) -> list[tuple[int, np.ndarray]]:
    """Steps of a stage: (shard number, rows of that shard), shard after shard, `passes` times."""
    steps = []
    for turn in range(passes):
        for shard, size in enumerate(sizes):
            order = np.random.default_rng([seed, turn, shard]).permutation(size)
            steps += [(shard, order[i : i + groups]) for i in range(0, size - groups + 1, groups)]
    return steps


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
