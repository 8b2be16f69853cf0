"""Hard negatives: BM25 and embedding neighbours within a shard, likely positives left out."""

from collections import Counter, defaultdict

import numpy as np

K1, B = 1.2, 0.75
NEAR_DUPLICATE = 0.97  # document-document cosine above which a candidate repeats a positive
MARGIN = 0.02  # query cosine by which a candidate may beat the best positive
SLOTS = 12
KINDS = {"given": 0, "bm25": 1, "vector": 2, "random": 3}


class Bm25:
    """Okapi BM25 over token ids (k1 = 1.2, b = 0.75, idf = ln(1 + (N - n + .5) / (n + .5)))."""

    def __init__(self, documents: list[np.ndarray]):
        self.lengths = np.array([max(1, len(d)) for d in documents], dtype=np.float32)
        postings = defaultdict(list)
        for number, document in enumerate(documents):
            for token, count in Counter(document.tolist()).items():
                postings[token].append((number, count))
        self.norm = K1 * (1 - B + B * self.lengths / self.lengths.mean())
        self.postings = {}
        for token, entries in postings.items():
            ids, counts = np.array(entries).T
            idf = np.log1p((len(documents) - len(ids) + 0.5) / (len(ids) + 0.5))
            self.postings[token] = ids, idf * counts * (K1 + 1) / (counts + self.norm[ids])

    def scores(self, query: np.ndarray) -> np.ndarray:
        """Scores [documents] of one query's token ids."""
        result = np.zeros(len(self.lengths), dtype=np.float32)
        for token in set(query.tolist()):
            if token in self.postings:
                ids, weights = self.postings[token]
                result[ids] += weights
        return result


def _take(order: np.ndarray, allowed: np.ndarray, count: int) -> list[int]:
    """The first `count` entries of `order` that are allowed."""
    return order[allowed[order]][:count].tolist()


def candidates(shard, pools: np.ndarray, rng: np.random.Generator, mined: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Up to SLOTS negatives for each row: document numbers [rows, SLOTS] (-1 where none) and
    their kinds; with mined = False the given ones alone.

    `shard` gives query_vectors, document_vectors, row_query, positives and given (lists of
    document numbers by row), query_tokens and document_tokens; pools [documents] says which
    documents compete (same source and language). A document is left out when it is positive for
    the same query text anywhere, nearly equals a positive, or beats it clearly by cosine.
    """
    members = {pool: np.flatnonzero(pools == pool) for pool in np.unique(pools)}
    indexes: dict[int, Bm25] = {}
    same_query = defaultdict(set)
    for row, query in enumerate(shard.row_query):
        same_query[query].update(shard.positives[row])
    result = np.full((len(shard.row_query), SLOTS), -1, dtype=np.int32)
    kinds = np.zeros_like(result, dtype=np.int8)
    for row, query in enumerate(shard.row_query):
        positives = list(same_query[query])
        pool = int(pools[shard.positives[row][0]])
        ids = members[pool]
        if pool not in indexes:
            indexes[pool] = Bm25([shard.document_tokens(i)[1:-1] for i in ids])
        vectors = shard.document_vectors[ids]
        cosine = vectors @ shard.query_vectors[query]
        best = max(float(shard.document_vectors[p] @ shard.query_vectors[query]) for p in positives)
        repeats = (vectors @ shard.document_vectors[positives].T).max(1)
        allowed = (repeats < NEAR_DUPLICATE) & (cosine < best + MARGIN) & ~np.isin(ids, positives)
        lexical = indexes[pool].scores(shard.query_tokens(query)[1:-1])
        everywhere = rng.integers(len(pools), size=2)
        picks = [
            ("given", [i for i in shard.given[row] if i not in same_query[query]]),
            ("bm25", ids[_take(np.argsort(-lexical, kind="stable"), allowed, 4)]),
            ("vector", ids[_take(np.argsort(-cosine, kind="stable"), allowed, 6)]),
            ("random", ids[_take(rng.permutation(len(ids)), allowed, 1)]),
            ("random", [i for i in everywhere if i not in same_query[query]]),
        ]
        seen: dict[int, int] = {}
        for kind, chosen in picks if mined else picks[:1]:
            for document in chosen:
                seen.setdefault(int(document), KINDS[kind])
        # a random one always stays, so that easy pairs keep their low scores
        entries = list(seen.items())
        entries = entries[: SLOTS - 1] + entries[-1:] if len(entries) > SLOTS else entries
        result[row, : len(entries)] = [document for document, _ in entries]
        kinds[row, : len(entries)] = [kind for _, kind in entries]
    return result, kinds


def harden(shard, score, keep: int = 8, margin: float = 1.0) -> tuple[np.ndarray, int]:
    """Choose a trained model's hardest negatives of each row, likely false ones left out.

    `score(queries, documents, present)` returns the model's logits [rows, 1 + SLOTS], positive
    first. A mined negative that beats the positive by more than `margin` is taken for an
    unjudged positive; negatives that the source gave stay. The last place stays random.
    Returns the new negatives [rows, SLOTS] and how many were left out.
    """
    negatives = np.full_like(shard.negatives, -1)
    removed = 0
    for start in range(0, len(negatives), 32):
        rows = slice(start, start + 32)
        documents = np.concatenate([shard.positives[rows, :1], shard.negatives[rows]], axis=1)
        logits = score(shard.row_query[rows], np.maximum(documents, 0), documents >= 0)
        for row, own, kinds, given in zip(
            negatives[rows], logits, shard.kinds[rows], shard.negatives[rows], strict=True
        ):
            false = (kinds != KINDS["given"]) & (own[1:] > own[0] + margin)
            usable = np.flatnonzero((given >= 0) & ~false)
            removed += int(((given >= 0) & false).sum())
            hardest = usable[np.argsort(-own[1:][usable], kind="stable")]
            chosen = list(dict.fromkeys([*hardest[: keep - 1], *usable[-1:]]))
            row[: len(chosen)] = given[chosen]
    return negatives, removed
