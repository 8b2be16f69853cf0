"""Tokenise the training files once: python -m train.prepare --data DIR --work DIR.

Rows that repeat development data (see train.check_overlap) are left out.
"""

import argparse
from pathlib import Path

from train import check_overlap, checkpoint, data


def main() -> None:
    """Write <work>/corpus from <data>/train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--start", type=Path, default=Path("models/default"))
    parser.add_argument("--work", type=Path, default=Path("build/train"))
    parser.add_argument("--limit", type=int, help="rows of each file, for a quick try")
    args = parser.parse_args()
    tokenizer = checkpoint.load_tokenizer(args.start)
    development = check_overlap.read_development(args.data / "dev")
    rows = data.read_rows(args.data / "train", args.limit)
    kept = (row for row in rows if development.find(row) is None)
    data.prepare(kept, tokenizer, args.work / "corpus")
    corpus = data.Corpus.open(args.work / "corpus")
    counts = {kind: len(offsets) - 1 for kind, offsets in corpus.offsets.items()}
    print(f"{len(corpus.rows['query'])} rows, texts {counts}")


if __name__ == "__main__":
    main()
