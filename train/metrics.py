"""Ranking metrics with graded relevance: nDCG, MRR, recall."""

import numpy as np


def ranking(scores: np.ndarray) -> np.ndarray:
    """Best first; equal scores keep the candidates' order."""
    return np.argsort(-np.asarray(scores), kind="stable")


def ndcg(gains: np.ndarray, cut: int = 10) -> float:
    """nDCG@cut of gains [n] in ranked order; gain / log2(rank + 1), as trec_eval's ndcg_cut."""
    discount = 1 / np.log2(np.arange(2, cut + 2))
    ideal = np.sort(gains)[::-1][:cut]
    best = float((ideal * discount[: len(ideal)]).sum())
    found = gains[:cut]
    return float((found * discount[: len(found)]).sum()) / best if best else 0.0


def mrr(gains: np.ndarray, cut: int = 10) -> float:
    """1 / rank of the first relevant one among the first `cut`, else 0."""
    hits = np.flatnonzero(gains[:cut] > 0)
    return 1.0 / (1 + int(hits[0])) if len(hits) else 0.0


def recall(gains: np.ndarray, cut: int) -> float:
    """Share of the relevant ones that are among the first `cut`."""
    total = int((gains > 0).sum())
    return int((gains[:cut] > 0).sum()) / total if total else 0.0


def all_metrics(gains: np.ndarray) -> dict[str, float]:
    """The four numbers the project reports, of gains in ranked order."""
    return {
        "ndcg@10": ndcg(gains),
        "mrr@10": mrr(gains),
        "recall@3": recall(gains, 3),
        "recall@10": recall(gains, 10),
    }
