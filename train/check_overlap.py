"""Fail if training rows repeat development data: python -m train.check_overlap --work DIR.

The rows that <work>/corpus holds are checked, or with --raw every row of the files.

Checked are training queries against development queries, and training positives against the
documents that are relevant there: exact (after case folding and collapsing white space) and
near duplicates (over NEAR of the positive's 10-token shingles occur in one such document).
"""

import argparse
import re
import sys
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from train.data import Corpus, read_rows
from train.devset import read_lines, read_qrels

SHINGLE = 10
NEAR = 0.5
# documented splits by command and by source package: their texts share boilerplate phrases, so
# only exact repeats count
EXACT_ONLY = {"tldr-page", "tldr-example", "ddtp-mono", "ddtp-cross"}
WORD = re.compile(r"[^\W_]+")


def normalise(text: str) -> str:
    """Case folded, white space collapsed."""
    return " ".join(text.casefold().split())


def shingles(text: str) -> set[int]:
    """Hashes of the text's runs of SHINGLE tokens; a text without spaces counts characters."""
    tokens = WORD.findall(text.casefold())
    if len(tokens) < SHINGLE and len(text) > 4 * SHINGLE:
        tokens = list("".join(tokens))
    runs = (" ".join(tokens[i : i + SHINGLE]) for i in range(len(tokens) - SHINGLE + 1))
    return {zlib.crc32(run.encode()) for run in runs}


@dataclass
class Development:
    """Queries and relevant documents of the development sets, indexed for look-up."""

    queries: dict[str, str] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)
    places: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    names: list[str] = field(default_factory=list)

    def add(self, name: str, queries: Iterable[str], relevant: Iterable[str]) -> None:
        """Index one set's query texts and relevant document texts."""
        self.queries |= {normalise(text): name for text in queries}
        for text in relevant:
            self.documents[normalise(text)] = name
            for shingle in shingles(text):
                self.places[shingle].add(len(self.names))
            self.names.append(name)

    def find(self, row: dict) -> tuple[str, str] | None:
        """(kind, set) of the first overlap of a training row, or None."""
        if normalise(row["query"]) in self.queries:
            return "query", self.queries[normalise(row["query"])]
        for text in row["pos"]:
            if normalise(text) in self.documents:
                return "positive", self.documents[normalise(text)]
            own = shingles(text)
            if row["source"] in EXACT_ONLY or len(own) < 3:
                continue
            hits = Counter(place for shingle in own for place in self.places.get(shingle, ()))
            if hits and hits.most_common(1)[0][1] > NEAR * len(own):
                return "near positive", self.names[hits.most_common(1)[0][0]]
        return None


def read_development(folder: Path) -> Development:
    """Index every set below `folder`."""
    development = Development()
    for path in sorted(p for p in folder.iterdir() if (p / "qrels.tsv").exists()):
        qrels = read_qrels(path / "qrels.tsv")
        relevant = {document for grades in qrels.values() for document in grades}
        corpus = read_lines(path / "corpus.jsonl.gz")
        queries = (row["text"] for row in read_lines(path / "queries.jsonl.gz"))
        development.add(path.name, queries, (r["text"] for r in corpus if r["id"] in relevant))
    return development


def main() -> int:
    """Print the overlaps by source and set; 1 if there are any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path("build/train"))
    parser.add_argument("--raw", action="store_true", help="check the files as they came")
    args = parser.parse_args()
    kept = None if args.raw else Corpus.open(args.work / "corpus").places()
    development = read_development(args.data / "dev")
    found: Counter = Counter()
    example = {}
    rows = 0
    for row in read_rows(args.data / "train"):
        if kept is not None and (row["origin"], row["line"]) not in kept:
            continue
        rows += 1
        overlap = development.find(row)
        if overlap:
            found[row["source"], *overlap] += 1
            example.setdefault((row["source"], *overlap), row["query"][:80])
    for key, count in found.most_common():
        print(f"{count:6} {' / '.join(key)}: {example[key]!r}")
    print(f"{rows} training rows, {sum(found.values())} overlap with development data")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
