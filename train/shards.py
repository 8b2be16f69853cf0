"""A shard: some thousand rows, their documents' frozen states and vectors, and hard negatives.

The lower layers never change, so a document's states are computed once and read from disk each
time the document is met as positive or negative.
"""

import json
from pathlib import Path

import numpy as np
import torch

from train import mine, mixtures
from train.data import LONG_SHARE, Corpus
from train.encoder import FrozenEncoder, Packed

# crowd-sourced or machine-collected pairs that hold misaligned ones
DOUBTFUL = {"tatoeba", "tico19", "afriqa", "pydocs-cross", "ddtp-cross", "ddtp-mono"}
ENCODE_BLOCK = 1024
DOCUMENT_TOKENS = (128, 384)  # kept of a document: most, and one in LONG_SHARE


class Shard:
    """A shard directory opened for reading; see `build` for what it holds."""

    def __init__(self, folder: Path, instead: Path | None = None):
        """`instead`: a .npz file of arrays that replace the shard's own."""
        self.folder = Path(folder)
        self.arrays = dict(np.load(self.folder / "shard.npz"))
        if instead is not None:
            self.arrays |= dict(np.load(instead))
        self.info = json.loads((self.folder / "shard.json").read_text())
        self.states: dict[tuple[str, int], np.ndarray] = {}

    def __getattr__(self, name: str):
        try:
            return self.__dict__["arrays"][name]
        except KeyError:
            raise AttributeError(name) from None

    def without_few(self) -> "Shard":
        """The same shard without the rows that have less than two negatives."""
        usable = (self.negatives >= 0).sum(1) >= 2
        rows = ("rows", "row_query", "positives", "negatives", "kinds")
        self.arrays |= {key: self.arrays[key][usable] for key in rows}
        return self

    def opened(self, kind: str, layer: int) -> np.ndarray:
        """States [tokens, hidden] after `layer` of all the shard's queries or documents, on disk."""
        if (kind, layer) not in self.states:
            path = self.folder / f"{kind}_states_{layer}.npy"
            self.states[kind, layer] = np.load(path, mmap_mode="r")
        return self.states[kind, layer]

    def packed(self, kind: str, numbers: np.ndarray, layer: int) -> Packed:
        """States after `layer` of some of the shard's queries or documents, in that order."""
        offsets, states = self.arrays[f"{kind}_offsets"], self.opened(kind, layer)
        parts = [states[offsets[i] : offsets[i + 1]] for i in numbers]
        sizes = np.cumsum([0, *map(len, parts)])
        return Packed(torch.from_numpy(np.concatenate(parts)).float(), sizes)

    def states_at(self, kind: str, layer: int, rows: torch.Tensor) -> torch.Tensor:
        """States after `layer` of some tokens, by their number in the shard."""
        return torch.from_numpy(self.opened(kind, layer)[rows.numpy()]).float()

    def tokens(self, kind: str, number: int) -> np.ndarray:
        """Token ids of the shard's query or document `number`."""
        start, end = self.arrays[f"{kind}_offsets"][number : number + 2]
        return self.arrays[f"{kind}_tokens"][start:end]


class _Encoded:
    """What mine.candidates reads of a shard being built."""

    def __init__(self, corpus: Corpus, rows: np.ndarray, ids: dict, arrays: dict):
        self.corpus, self.ids = corpus, ids
        self.query_vectors = arrays["query_vectors"]
        self.document_vectors = arrays["document_vectors"]
        where = {kind: {int(t): n for n, t in enumerate(ids[kind])} for kind in ids}
        self.row_query = np.array([where["query"][int(corpus.rows["query"][r])] for r in rows])
        self.positives, self.given = (
            [[where["document"][int(d)] for d in corpus.documents(r, key)] for r in rows] for key in ("pos", "neg")
        )

    def query_tokens(self, number: int) -> np.ndarray:
        return self.corpus.text("query", int(self.ids["query"][number]))

    def document_tokens(self, number: int) -> np.ndarray:
        i = int(self.ids["document"][number])
        return cut(self.corpus.text("document", i), i)


def cut(ids: np.ndarray, number: int) -> np.ndarray:
    """A document's token ids, shortened to what training reads; the closing </s> stays."""
    limit = DOCUMENT_TOKENS[number % LONG_SHARE == 0]
    return ids if len(ids) <= limit else np.concatenate([ids[: limit - 1], ids[-1:]])


def encode_all(
    frozen: FrozenEncoder, texts: list[np.ndarray], keep: tuple[int, ...], folder: Path, kind: str
) -> dict[str, np.ndarray]:
    """Encode `texts`; states after each layer of `keep` go to <kind>_states_<layer>.npy.

    Returns <kind>_tokens (flat), <kind>_offsets [texts + 1] and <kind>_vectors [texts, hidden].
    """
    offsets = np.concatenate([[0], np.cumsum([len(t) for t in texts])]).astype(np.int64)
    hidden = frozen.embeddings.norm.weight.shape[0]
    states = {
        layer: np.lib.format.open_memmap(
            folder / f"{kind}_states_{layer}.npy", "w+", np.float16, (int(offsets[-1]), hidden)
        )
        for layer in keep
    }
    vectors = []
    for start in range(0, len(texts), ENCODE_BLOCK):
        packed, pooled = frozen.encode(texts[start : start + ENCODE_BLOCK], keep)
        vectors.append(pooled.numpy())
        end = offsets[min(start + ENCODE_BLOCK, len(texts))]
        for layer, part in packed.items():
            states[layer][offsets[start] : end] = part.flat.half().numpy()
    return {
        f"{kind}_tokens": np.concatenate(texts),
        f"{kind}_offsets": offsets,
        f"{kind}_vectors": np.concatenate(vectors),
    }


def misaligned(encoded: _Encoded, pools: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rows whose positive does not beat, by cosine, 95 % of random documents of its pool."""
    doubtful = np.zeros(len(encoded.row_query), dtype=bool)
    for row, query in enumerate(encoded.row_query):
        positives = encoded.positives[row]
        others = np.flatnonzero(pools == pools[positives[0]])
        others = rng.choice(others, min(100, len(others)), replace=False)
        vector = encoded.query_vectors[query]
        best = (encoded.document_vectors[positives] @ vector).max()
        doubtful[row] = np.mean(encoded.document_vectors[others] @ vector < best) < 0.95 - 1 / len(others)
    return doubtful


def build(
    corpus: Corpus,
    frozen: FrozenEncoder,
    mixture: dict[str, float],
    rows: int,
    number: int,
    seed: int,
    keep: tuple[int, ...],
    folder: Path,
    mined: bool = True,
) -> None:
    """Draw, encode, filter and mine one shard into `folder`; does nothing if it is there.

    With mined = False a row's negatives are only those that its source gave.
    """
    if (folder / "shard.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, number])
    chosen = mixtures.draw(corpus, mixture, rows, number, seed)
    documents = [np.concatenate([corpus.documents(r, k) for r in chosen]) for k in ("pos", "neg")]
    ids = {
        "query": np.unique(corpus.rows["query"][chosen]),
        "document": np.unique(np.concatenate(documents)),
    }
    arrays = {f"{kind}_ids": which for kind, which in ids.items()}
    for kind, which in ids.items():
        texts = [corpus.text(kind, int(i)) for i in which]
        if kind == "document":
            texts = [cut(text, int(i)) for text, i in zip(texts, which, strict=True)]
        arrays |= encode_all(frozen, texts, keep, folder, kind)
    encoded = _Encoded(corpus, chosen, ids, arrays)
    pools = np.zeros(len(ids["document"]), dtype=np.int64)
    for row, r in enumerate(chosen):
        pool = corpus.rows["source"][r] * 1000 + corpus.rows["lang_d"][r]
        pools[encoded.given[row] + encoded.positives[row]] = pool
    negatives, kinds = mine.candidates(encoded, pools, rng, mined)
    doubtful = np.isin([corpus.sources[s] for s in corpus.rows["source"][chosen]], list(DOUBTFUL)) & misaligned(
        encoded, pools, rng
    )
    usable = ((negatives >= 0).sum(1) >= 2) & ~doubtful
    positives = np.full((len(chosen), 4), -1, dtype=np.int32)
    for row, found in enumerate(encoded.positives):
        positives[row, : len(found[:4])] = found[:4]
    arrays |= {
        "rows": chosen[usable],
        "row_query": encoded.row_query[usable],
        "positives": positives[usable],
        "negatives": negatives[usable],
        "kinds": kinds[usable],
    }
    np.savez(folder / "shard.npz", **arrays)
    info = {"rows": int(usable.sum()), "misaligned": int(doubtful.sum()), "keep": keep}
    (folder / "shard.json").write_text(json.dumps(info))
