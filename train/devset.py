"""Development sets as encoded samples: fixed-seed queries and candidates, read once."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from train.data import LONG_TOKENS, PREFIX
from train.encoder import FrozenEncoder
from train.mine import Bm25
from train.shards import Shard, encode_all

GROUPS: dict[str, list[str]] = json.loads((Path(__file__).parent / "groups.json").read_text())


def read_lines(path: Path) -> list[dict]:
    """A .jsonl.gz file's rows."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """qrels.tsv as query -> document -> grade, grades above zero only."""
    found: dict[str, dict[str, int]] = {}
    for line in path.read_text().splitlines()[1:]:
        query, document, grade = line.split("\t")
        if int(grade) > 0:
            found.setdefault(query, {})[document] = int(grade)
    return found


def draw(folder: Path, queries: int, depth: int, seed: int = 7):
    """(query text, [(document id, grade)]) of a fixed random sample.

    Every relevant candidate stays in (the judged ones first, up to depth), random ones fill up.
    """
    rng = np.random.default_rng(seed)
    texts = {row["id"]: row["text"] for row in read_lines(folder / "queries.jsonl.gz")}
    qrels = read_qrels(folder / "qrels.tsv")
    rows = [row for row in read_lines(folder / "candidates.jsonl.gz") if row["id"] in qrels]
    picked = []
    for i in np.sort(rng.permutation(len(rows))[:queries]):
        grades = qrels[rows[i]["id"]]
        relevant = [d for d in rows[i]["candidates"] if d in grades]
        others = [d for d in rows[i]["candidates"] if d not in grades]
        others = [others[j] for j in rng.permutation(len(others))]
        chosen = relevant + others[: max(0, depth - len(relevant))]
        chosen = [chosen[j] for j in rng.permutation(len(chosen))]
        picked.append((texts[rows[i]["id"]], [(d, grades.get(d, 0)) for d in chosen]))
    return picked


def windows(ids: np.ndarray, limit: int, most: int) -> list[np.ndarray]:
    """Cut a document's token ids (special tokens and prefix included) into at most `most`
    windows of `limit` tokens; each repeats the opening (<s> passage :) and the closing </s>."""
    if len(ids) <= limit:
        return [ids]
    opening, closing, body = ids[:3], ids[-1:], ids[3:-1]
    step = limit - 4
    parts = [body[i : i + step] for i in range(0, len(body), step)][:most]
    return [np.concatenate([opening, part, closing]) for part in parts]


@dataclass(frozen=True)
class Sample:
    """How much of each development set is measured; documents are cut into windows."""

    queries: int = 24
    depth: int = 30
    limit: int = 256  # tokens of a window
    most: int = 1  # windows kept of a document
    long: bool = True  # whether the long documents are measured too

    def folder(self, work: Path) -> Path:
        """Where this sample is kept, encoded."""
        return work / f"dev-{self.queries}x{self.depth}-{self.limit}x{self.most}"

    def names(self) -> list[str]:
        """The sets that are measured."""
        return [n for group, names in GROUPS.items() for n in names if group != "long" or self.long]

    def of_group(self, group: str) -> "Sample":
        """The long documents keep all their windows, of half the queries."""
        if group != "long":
            return self
        return Sample(self.queries // 2, self.depth, LONG_TOKENS, 64)


def encode_all_sets(
    data: Path, work: Path, sample: Sample, tokenizer, frozen: FrozenEncoder, keep: tuple[int, ...]
) -> dict[str, Shard]:
    """Encode what is missing of every set's sample; returns the opened sets by name."""
    sets = {}
    for group, names in GROUPS.items():
        if group == "long" and not sample.long:
            continue
        for name in names:
            out = sample.folder(work) / name
            encode(data / "dev" / name, out, tokenizer, frozen, keep, sample.of_group(group))
            sets[name] = Shard(out)
    return sets


def encode(folder: Path, out: Path, tokenizer, frozen: FrozenEncoder, keep: tuple[int, ...], sample: Sample) -> None:
    """Write the encoded sample of one set to `out` (a Shard plus pair arrays)."""
    if (out / "shard.json").exists():
        return
    out.mkdir(parents=True, exist_ok=True)
    picked = draw(folder, sample.queries, sample.depth)
    corpus = {row["id"]: row for row in read_lines(folder / "corpus.jsonl.gz")}
    texts = {i: "\n".join(filter(None, [r.get("title"), r["text"]])) for i, r in corpus.items()}
    needed = sorted({d for _, candidates in picked for d, _ in candidates})
    place = {d: n for n, d in enumerate(needed)}
    tokens = tokenizer.encode_batch([PREFIX["document"] + text for text in texts.values()])
    tokens = {d: np.asarray(t.ids, dtype=np.int32) for d, t in zip(texts, tokens, strict=True)}
    lexical = Bm25([tokens[d][3:-1] for d in texts])
    column = {d: n for n, d in enumerate(texts)}
    cut = [windows(tokens[d], sample.limit, sample.most) for d in needed]
    asked = tokenizer.encode_batch([PREFIX["query"] + text for text, _ in picked])
    query_tokens = [np.asarray(q.ids[:127] + q.ids[-1:] if len(q.ids) > 128 else q.ids) for q in asked]
    arrays = encode_all(frozen, query_tokens, keep, out, "query")
    arrays |= encode_all(frozen, [w for parts in cut for w in parts], keep, out, "document")
    pairs = [(q, place[d], grade) for q, (_, cands) in enumerate(picked) for d, grade in cands]
    bm25 = [lexical.scores(t[3:-1])[[column[d] for d, _ in cands]]
            for t, (_, cands) in zip(query_tokens, picked, strict=True)]  # fmt: skip
    arrays |= {
        "pairs": np.array(pairs),
        "bm25": np.concatenate(bm25),
        "window_offsets": np.cumsum([0, *map(len, cut)]),
    }
    np.savez(out / "shard.npz", **arrays)
    (out / "shard.json").write_text(json.dumps({"queries": len(picked), "depth": sample.depth}))
