"""Training rows: read, cut, tokenise once, and keep as compact arrays on disk.

A corpus directory holds two text tables (queries and documents, each a flat int32 token array
with int64 offsets, e5's prefix and the special tokens included) and one row table that points
into them. Texts that occur twice are stored once.
"""

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

QUERY_TOKENS = 64
SHORT_TOKENS = 192
LONG_TOKENS = 512
LEAST_IDF = 0.05  # a weight above zero for every token
LONG_SHARE = 8  # one document in so many keeps up to LONG_TOKENS
PREFIX = {"query": "query: ", "document": "passage: "}


def read_rows(folder: Path, limit: int | None = None) -> Iterator[dict]:
    """Every row of folder/*.jsonl.gz, in a fixed order; `limit` rows of each file at most.

    A row needs a query and a positive that are not blank; blank negatives, negatives that equal
    a positive and repeated ones are dropped.
    """
    for path in sorted(Path(folder).glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for number, line in enumerate(file):
                if limit is not None and number >= limit:
                    break
                row = json.loads(line) | {"origin": path.name, "line": number}
                row["pos"] = [text for text in row["pos"] if text.strip()]
                if not row["query"].strip() or not row["pos"]:
                    continue
                negatives = dict.fromkeys(t for t in row.get("neg") or [] if t.strip())
                row["neg"] = [text for text in negatives if text not in row["pos"]]
                yield row


def document_limit(text: str) -> int:
    """Tokens a document may keep: LONG_TOKENS for one in LONG_SHARE (by its hash), else short."""
    return LONG_TOKENS if zlib.crc32(text.encode()) % LONG_SHARE == 0 else SHORT_TOKENS


class TextTable:
    """Unique texts of one kind, tokenised in blocks; the id of a text is its rank of arrival."""

    def __init__(self, tokenizer, kind: str):
        self.tokenizer, self.kind = tokenizer, kind
        self.ids: dict[str, int] = {}
        self.waiting: list[str] = []
        self.tokens: list[np.ndarray] = []
        self.lengths: list[int] = []

    def add(self, text: str) -> int:
        """The text's id; a text not seen before waits for the next block."""
        if text not in self.ids:
            self.ids[text] = len(self.ids)
            self.waiting.append(text)
            if len(self.waiting) >= 4096:
                self.flush()
        return self.ids[text]

    def flush(self) -> None:
        """Tokenise the waiting texts: <s> prefix text </s>, cut at the text's limit."""
        # 12 characters a token is more than any text keeps, and saves tokenising 50k characters
        texts = [PREFIX[self.kind] + text[: 12 * LONG_TOKENS] for text in self.waiting]
        for text, encoding in zip(self.waiting, self.tokenizer.encode_batch(texts), strict=True):
            limit = QUERY_TOKENS if self.kind == "query" else document_limit(text)
            ids = encoding.ids
            if len(ids) > limit:
                ids = ids[: limit - 1] + ids[-1:]
            self.tokens.append(np.asarray(ids, dtype=np.int32))
            self.lengths.append(len(ids))
        self.waiting.clear()

    def save(self, folder: Path) -> None:
        """Write <kind>_tokens.npy and <kind>_offsets.npy."""
        self.flush()
        offsets = np.concatenate([[0], np.cumsum(self.lengths)]).astype(np.int64)
        np.save(folder / f"{self.kind}_tokens.npy", np.concatenate(self.tokens))
        np.save(folder / f"{self.kind}_offsets.npy", offsets)


def prepare(rows: Iterator[dict], tokenizer, folder: Path) -> None:
    """Tokenise `rows` into the corpus directory `folder` (see the module's text)."""
    folder.mkdir(parents=True, exist_ok=True)
    queries, documents = TextTable(tokenizer, "query"), TextTable(tokenizer, "document")
    names: dict[str, dict[str, int]] = {"source": {}, "lang": {}, "origin": {}}
    keys = ("source", "origin", "line", "lang_q", "lang_d", "query", "pos", "neg")
    table = {key: [] for key in keys}
    for row in rows:
        for key in ("source", "origin"):
            table[key].append(names[key].setdefault(row[key], len(names[key])))
        table["line"].append(row["line"])
        for key in ("lang_q", "lang_d"):
            table[key].append(names["lang"].setdefault(row[key], len(names["lang"])))
        table["query"].append(queries.add(row["query"]))
        table["pos"].append([documents.add(text) for text in row["pos"]])
        table["neg"].append([documents.add(text) for text in row["neg"]])
    queries.save(folder)
    documents.save(folder)
    arrays = {k: np.asarray(v, dtype=np.int32) for k, v in table.items() if k not in ("pos", "neg")}
    for key in ("pos", "neg"):
        arrays[key] = np.asarray([i for ids in table[key] for i in ids], dtype=np.int32)
        arrays[f"{key}_offsets"] = np.cumsum([0, *map(len, table[key])]).astype(np.int64)
    np.savez(folder / "rows.npz", **arrays)
    listed = {k: list(v) for k, v in names.items()} | {"vocabulary": tokenizer.get_vocab_size()}
    (folder / "names.json").write_text(json.dumps(listed))


@dataclass
class Corpus:
    """A corpus directory opened for reading; token arrays are memory-mapped."""

    rows: dict[str, np.ndarray]
    sources: list[str]
    langs: list[str]
    origins: list[str]
    tokens: dict[str, np.ndarray]
    offsets: dict[str, np.ndarray]

    @classmethod
    def open(cls, folder: Path) -> "Corpus":
        """Open what `prepare` wrote."""
        folder = Path(folder)
        names = json.loads((folder / "names.json").read_text())
        tokens, offsets = {}, {}
        for kind in PREFIX:
            tokens[kind] = np.load(folder / f"{kind}_tokens.npy", mmap_mode="r")
            offsets[kind] = np.load(folder / f"{kind}_offsets.npy")
        return cls(
            dict(np.load(folder / "rows.npz")),
            names["source"],
            names["lang"],
            names["origin"],
            tokens,
            offsets,
        )

    def text(self, kind: str, index: int) -> np.ndarray:
        """Token ids of one query or document."""
        start, end = self.offsets[kind][index : index + 2]
        return np.asarray(self.tokens[kind][start:end])

    def places(self) -> set[tuple[str, int]]:
        """(file name, line number) of every row, to find the raw rows again."""
        lines = zip(self.rows["origin"], self.rows["line"], strict=True)
        return {(self.origins[origin], int(line)) for origin, line in lines}

    def documents(self, row: int, key: str) -> np.ndarray:
        """Document ids of a row's positives (key "pos") or given negatives ("neg")."""
        start, end = self.rows[f"{key}_offsets"][row : row + 2]
        return self.rows[key][start:end]


def load_idf(folder: Path) -> np.ndarray:
    """ln(1 + (N - n + .5) / (n + .5)) [vocabulary] of each token id over a corpus directory's N
    documents, n of which hold it, LEAST_IDF at least; computed once, in half precision as exported."""
    path = Path(folder) / "idf.npy"
    if not path.exists():
        tokens, offsets = (np.load(Path(folder) / f"document_{name}.npy") for name in ("tokens", "offsets"))
        vocabulary = int(json.loads((Path(folder) / "names.json").read_text())["vocabulary"])
        np.save(path, inverse_frequencies(tokens, offsets, vocabulary))
    return np.maximum(np.load(path), LEAST_IDF).astype(np.float16).astype(np.float32)


def inverse_frequencies(tokens: np.ndarray, offsets: np.ndarray, vocabulary: int) -> np.ndarray:
    """See load_idf; float32 [vocabulary]."""
    frequency = np.zeros(vocabulary)
    count = len(offsets) - 1
    for start in range(0, count, 20000):
        end = min(start + 20000, count)
        owner = np.repeat(np.arange(end - start), np.diff(offsets[start : end + 1]))
        pairs = np.unique(owner * vocabulary + tokens[offsets[start] : offsets[end]])
        frequency += np.bincount(pairs % vocabulary, minlength=vocabulary)
    return np.log1p((count - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)
