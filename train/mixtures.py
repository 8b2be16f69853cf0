"""Which sources feed which stage, and how rows are drawn from them."""

import numpy as np

from train.data import Corpus

BLOCK_ROWS = 40  # rows of one language drawn together, so that hard negatives exist in it

# relative numbers of rows; a stage keeps a share of what the stages before it taught
ENGLISH = {"medquad": 6, "squad-nqg-sentences": 5, "squadshifts-new_wiki": 6, "qed-nq": 1}
CROSS = {
    "ddtp-cross": 6, "tldr-page": 5, "msdocs-cross": 6, "pydocs-cross": 3, "tico19": 2,
    "tatoeba": 2, "afriqa": 2, "codexglue-docs": 1,
}  # fmt: skip
MULTI = {
    "ddtp-mono": 5, "msdocs-mono": 6, "msdocs-long": 1, "jsquad": 2, "drcd": 2, "cmrc2018": 2,
    "indonlu-facqa": 1, "amqa": 1, "covid-faq": 1, "faquad": 1, "kazqad": 1, "arcd": 1,
    "norquad": 1,
}  # fmt: skip
CODE = {
    "tldr-example": 4, "code-python": 7, "code-cpp": 2, "code-php": 1, "code-ruby": 1,
    "code-java": 1, "code-go": 1, "code-rust": 1, "conala": 2, "30-seconds": 1,
    "spider-tables": 6, "spider-schemas": 3, "spider-query": 1, "text2sql-advising": 1,
    "pyfunc-schema": 4, "metatool": 5, "aws-operations": 3, "apizoo": 3, "apibench": 2,
}  # fmt: skip


def blend(*parts: tuple[dict[str, int], float]) -> dict[str, float]:
    """Join mixtures; each (mixture, share) pair gets `share` of the whole."""
    result: dict[str, float] = {}
    for mixture, share in parts:
        total = sum(mixture.values())
        for source, weight in mixture.items():
            result[source] = result.get(source, 0.0) + share * weight / total
    return result


MIXTURES = {
    "english": blend((ENGLISH, 0.6), (CROSS, 0.2), (CODE, 0.2)),
    "cross": blend((CROSS, 0.6), (ENGLISH, 0.2), (CODE, 0.2)),
    "multilingual": blend((MULTI, 0.35), (CODE, 0.35), (CROSS, 0.2), (ENGLISH, 0.1)),
}


def _blocks(corpus: Corpus, source: int, rng: np.random.Generator) -> list[np.ndarray]:
    """A source's rows as shuffled blocks of at most BLOCK_ROWS rows of one document language."""
    rows = np.flatnonzero(corpus.rows["source"] == source)
    blocks = []
    for lang in np.unique(corpus.rows["lang_d"][rows]):
        same = rng.permutation(rows[corpus.rows["lang_d"][rows] == lang])
        blocks += np.split(same, range(BLOCK_ROWS, len(same), BLOCK_ROWS))
    return [blocks[i] for i in rng.permutation(len(blocks))]


def draw(corpus: Corpus, mixture: dict[str, float], rows: int, number: int, seed: int) -> np.ndarray:
    """The rows of shard `number`: shards of one seed do not overlap until a source runs out."""
    chosen = []
    for source in sorted(mixture):
        if source not in corpus.sources:
            continue
        index = corpus.sources.index(source)
        order = np.concatenate(_blocks(corpus, index, np.random.default_rng([seed, index])))
        count = min(len(order), max(1, round(mixture[source] * rows)))
        start = number * count
        chosen.append(order[np.arange(start, start + count) % len(order)])
    return np.concatenate(chosen)
