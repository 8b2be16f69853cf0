"""Compare the order in which Podium and PyTorch put real candidates, with the default model at
every depth on the development sets.

    python scripts/ranking_parity.py --podium build/podium --data ../shared/data/dev [--queries 5] [--depth 12]

Per set a fixed-seed sample of queries and of each query's candidates. Two documents may change places only if their
logits lie within the bound of each other, where the order is rounding. Exit code 1 otherwise.
"""

import argparse
import gzip
import json
import random
import subprocess
import sys
from pathlib import Path

from reference_interaction import DEPTHS, Interaction

DEFAULT_MODEL = Path(__file__).parents[1] / "models" / "default"
EFFORTS = dict(zip(DEPTHS, ("tiny", "turbo", "full"), strict=True))
BOUND = 5e-3  # of a calibrated logit: a state that differs by 1e-5 may round to the next of a token's 255 steps
SEED = 7


def read_jsonl(path):
    """The rows of a .jsonl.gz file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def sample(directory, queries, depth):
    """[(query, [document])] of one set; documents as `podium eval` reads them, title first."""
    generator = random.Random(SEED)
    rows = read_jsonl(directory / "corpus.jsonl.gz")
    texts = {row["id"]: f"{row.get('title', '')}\n{row['text']}".strip() for row in rows}
    names = {row["id"]: row["text"] for row in read_jsonl(directory / "queries.jsonl.gz")}
    lists = read_jsonl(directory / "candidates.jsonl.gz")
    for entry in generator.sample(lists, min(queries, len(lists))):
        chosen = generator.sample(entry["candidates"], min(depth, len(entry["candidates"])))
        yield names[entry["id"]], [texts[document] for document in chosen]


def podium_logits(podium, depth, query, documents):
    """[logit] by document."""
    options = ["--format", "json", "--score", "logit", "--special-tokens", "match", "--aggregation", "first"]
    command = [podium, "rank", "--query", query, "--precision", "fp32", "--effort", EFFORTS[depth], *options, "-"]
    lines = "\n".join(json.dumps(document) for document in documents)
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    scores = {result["index"]: result["relevance_score"] for result in json.loads(done.stdout)["results"]}
    return [scores[index] for index in range(len(documents))]


def same_order(ours, theirs):
    """Whether the documents stand in the same order, but for pairs within the bound of each other."""
    order = sorted(range(len(ours)), key=lambda index: -ours[index])
    return all(theirs[a] >= theirs[b] - BOUND for a, b in zip(order, order[1:], strict=False))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--podium", default="build/podium")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/dev"))
    parser.add_argument("--queries", type=int, default=5)
    parser.add_argument("--depth", type=int, default=12)
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"skipped: no development sets at {options.data}")
    reference = Interaction(DEFAULT_MODEL)
    failed = 0
    print(f"{'set':28} {'depth':5} {'queries':>7} {'pairs':>6} {'largest |logit difference|':>27}  same order")
    for directory in sorted(path for path in options.data.iterdir() if (path / "meta.json").exists()):
        found = {depth: [0, 0, 0.0, 0] for depth in DEPTHS}  # queries, pairs, largest difference, same order
        for query, documents in sample(directory, options.queries, options.depth):
            answers = reference.scores(query, documents)
            for depth, counts in found.items():
                theirs = [answer[depth] for answer in answers]
                ours = podium_logits(options.podium, depth, query, documents)
                differences = [abs(a - b) for a, b in zip(ours, theirs, strict=True)]
                counts[0] += 1
                counts[1] += len(documents)
                counts[2] = max(counts[2], *differences)
                counts[3] += same_order(ours, theirs)
        for depth, (queries, pairs, largest, same) in found.items():
            failed += same != queries or largest > BOUND
            print(f"{directory.name:28} {depth:5} {queries:7} {pairs:6} {largest:27.1e}  {same}/{queries}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
