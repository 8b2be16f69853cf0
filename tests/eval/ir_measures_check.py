"""Metrics of `podium eval` against ir-measures (which calls pytrec_eval).

    python3 -m venv build/ir && build/ir/bin/pip install ir-measures==0.4.3
    build/ir/bin/python tests/eval/ir_measures_check.py golden
        writes golden.json, which test_eval reads
    build/ir/bin/python tests/eval/ir_measures_check.py run JSON DIR
        compares what `podium eval --json JSON --run DIR` wrote
"""

import json
import random
import sys
from pathlib import Path

import ir_measures
from ir_measures import RR, R, nDCG

# RR without a cutoff, since RR@10 is not pytrec_eval's: another provider orders equal scores otherwise
METRICS = {"nDCG@10": nDCG @ 10, "MRR@10": RR, "recall@3": R @ 3, "recall@10": R @ 10}
NAMES = {measure: name for name, measure in METRICS.items()}
GOLDEN = Path(__file__).with_name("golden.json")


def random_query(rng):
    """A query's judgments and scores: grades from -1 to 3, many equal scores, judged documents that are not ranked,
    sometimes nothing ranked at all."""
    documents = [f"d{n}" for n in rng.sample(range(200), rng.randint(1, 60))]
    judged = {d: rng.choice([-1, 0, 0, 1, 1, 2, 3]) for d in documents if rng.random() < 0.3}
    judged[f"d{rng.randrange(200)}"] = 1
    steps = rng.choice([3, 20, 10**6])
    ranked = {d: round(rng.randrange(steps) / steps - 0.5, 6) for d in documents if rng.random() < 0.9}
    return {"judged": judged, "ranked": {} if rng.random() < 0.1 else ranked}


def per_query(qrels, run):
    """(query id, metric's name, value); a reciprocal rank beyond 10 is 0."""
    for found in ir_measures.iter_calc(METRICS.values(), qrels, run):
        name = NAMES[found.measure]
        yield found.query_id, name, 0.0 if name == "MRR@10" and found.value < 0.1 else found.value


def write_golden():
    """A hundred random queries with ir-measures' numbers."""
    rng = random.Random(5)
    queries = [random_query(rng) for _ in range(100)]
    qrels = {str(n): query["judged"] for n, query in enumerate(queries)}
    run = {str(n): query["ranked"] for n, query in enumerate(queries) if query["ranked"]}
    for query, name, value in per_query(qrels, run):
        queries[int(query)][name] = value
    lines = ",\n".join(json.dumps(query, separators=(",", ":")) for query in queries)
    GOLDEN.write_text(f"[\n{lines}\n]\n")


def compare(report, directory):
    """Every set's means in podium's JSON against those of its run and qrels files."""
    worst = 0.0
    sets = json.loads(Path(report).read_text())["sets"]
    for row in sets:
        files = (str(Path(directory) / f"{row['name']}.{ending}") for ending in ("qrels", "run"))
        qrels, run = next(files), next(files)
        values = {name: [] for name in METRICS}
        for _, name, value in per_query(ir_measures.read_trec_qrels(qrels), ir_measures.read_trec_run(run)):
            values[name].append(value)
        difference = max(abs(row["metrics"][name]["mean"] - sum(found) / len(found)) for name, found in values.items())
        print(f"{row['name']:28} {difference:.1e}")
        worst = max(worst, difference)
    print(f"{len(sets)} sets, largest difference {worst:.1e}")
    return 0 if worst < 1e-9 else 1


if __name__ == "__main__":
    if sys.argv[1:] == ["golden"]:
        write_golden()
    elif sys.argv[1:2] == ["run"] and len(sys.argv) == 4:
        sys.exit(compare(*sys.argv[2:]))
    else:
        sys.exit(__doc__)
