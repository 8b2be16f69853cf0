"""Write docs/quality.md: how well each depth of the default model ranks, beside BM25 and e5-small.

    python scripts/quality.py [--podium build/podium] [--data ../shared/data/dev] [--queries 100] [--depth 50]

Runs `podium eval` over the development sets, once for BM25, once for the bi-encoder and once for all depths
of the model, and draws one bar chart for each group. --queries 0 takes every query and candidate. What an
earlier run measured stays in --work, set by set: after an interruption the rest is measured.
"""

import argparse
import json
import os
import struct
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
METRIC = "nDCG@10"
QUERIES, DEPTH = 100, 50  # of each set, where nothing else is asked for
# name in the page: run, effort, colour
SYSTEMS = {
    "BM25": ("bm25", "", "#9aa0a6"),
    "e5-small bi-encoder": ("e5", "full", "#5f6b7a"),
    "tiny": ("model", "tiny", "#8ecae6"),
    "turbo": ("model", "turbo", "#3a8fc4"),
    "base": ("model", "full", "#1b4f8a"),
    "stopping early": ("model", "auto", "#12304f"),
}
DEPTHS = ("tiny", "turbo", "stopping early", "base")


def bi_encoder(model, out):
    """A copy of the model whose logit is the cosine of mean-pooled vectors, its last feature: e5's own score."""
    out.mkdir(parents=True, exist_ok=True)
    for name in ("model.safetensors", "tokenizer.json", "tokenizer_config.json"):
        (out / name).unlink(missing_ok=True)
        os.link(model / name, out / name)
    config = json.loads((model / "config.json").read_text())
    config["podium"]["name"] = "multilingual-e5-small"
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    data = bytearray((model / "interaction.safetensors").read_bytes())
    size = struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8 : 8 + size])
    for name, last in {"weight": 1.0, "bias": 0.0}.items():
        start, end = header[f"interaction.base.linear.{name}"]["data_offsets"]
        zeros = [0.0] * ((end - start) // 4 - 1)
        struct.pack_into(f"<{len(zeros) + 1}f", data, 8 + size + start, *zeros, last)
    (out / "interaction.safetensors").write_bytes(data)
    return out


def evaluate(args, run, arguments):
    """{effort: report} of one run of podium eval, which goes on with what it finds in --work."""
    target = args.work / f"{run}-{args.queries}x{args.depth}.json"
    command = [args.podium, "eval", "--data", args.data, "--groups", ROOT / "train" / "groups.json"]
    if args.queries:
        command += ["--queries", args.queries, "--depth", args.depth]
    print(run, flush=True)
    subprocess.run([*map(str, command), *arguments, "--json", str(target), "--resume"], check=True)
    reports = [json.loads(line) for line in target.read_text().splitlines()]
    return {report["effort"]: report for report in reports}


def chart(group, rows):
    """An SVG bar chart of rows [(system, {"mean", "low", "high"})], 0 to 1, with intervals."""
    left, width, step = 150, 400, 30
    height = step * len(rows) + 52
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 60} {height}" '
        f'font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="{METRIC}, {group}">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="10" y="22" font-size="15" font-weight="600" fill="#222">{group}: {METRIC}</text>',
    ]
    for tick in range(0, 11, 2):
        x = left + width * tick / 10
        parts.append(f'<path d="M{x:.0f} 34V{height - 14}" stroke="#e3e3e3"/>')
        parts.append(
            f'<text x="{x:.0f}" y="{height - 2}" text-anchor="middle" fill="#666" font-size="11">{tick / 10}</text>'
        )
    for number, (system, values) in enumerate(rows):
        y = 38 + step * number
        low, mean, high = (left + width * values[key] for key in ("low", "mean", "high"))
        colour = SYSTEMS[system][2]
        parts += [
            f'<text x="{left - 8}" y="{y + 15}" text-anchor="end" fill="#222">{system}</text>',
            f'<rect x="{left}" y="{y}" width="{mean - left:.1f}" height="20" fill="{colour}"/>',
            f'<path d="M{low:.1f} {y + 10}H{high:.1f}M{low:.1f} {y + 6}v8M{high:.1f} {y + 6}v8" stroke="#222"/>',
            f'<text x="{left + width + 6}" y="{y + 15}" fill="#222">{values["mean"]:.3f}</text>',
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def table(head, rows):
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def interval(values):
    """0.812 [0.790, 0.833]"""
    return f"{values['mean']:.3f} [{values['low']:.3f}, {values['high']:.3f}]"


def group_metrics(report):
    """{group or "mean": interval of METRIC}."""
    found = {group["name"]: group["metrics"][METRIC] for group in report["groups"]}
    return found | {"mean": report["all"][METRIC]}


def training_section(record):
    """What training left in the model directory's training.json."""
    stages = record["stages"]
    groups = list(next(iter(stages.values())))
    text = "## After each stage of training\n\n" + record["sample"] + "\n\n"
    rows = [[stage, *(f"{values[group]:.3f}" for group in groups)] for stage, values in stages.items()]
    text += table(["base depth after", *groups], rows)
    text += "\n## Calibration\n\n" + (
        "Expected calibration error (15 bins of equal width) on the half of the development queries that the fit "
        "did not see.\n\n"
    )
    errors = record["calibration_error"]
    text += table(
        ["depth", "before", "after"], [[d, f"{e['before']:.3f}", f"{e['after']:.3f}"] for d, e in errors.items()]
    )
    text += "\n## Stopping early\n\n" + (
        f"Margins learned so that no group's {METRIC} of the ten best changes by more than 0.002: largest loss "
        f"{record['stopping']['loss']:.4f}; share of documents read by the three depths: "
        f"{', '.join(f'{share:.0%}' for share in record['stopping']['read'])}.\n"
    )
    bias = record["size_bias"]
    names = list(next(iter(bias.values())))
    text += "\n## Size bias\n\n" + (
        "A relevant passage buried in unrelated text to 2, 4 and 8 times its length, in random place: the share of "
        "its pairwise wins that it keeps; and how often an irrelevant document beats the relevant one, at its own "
        "length (short) and buried to 4 times (long). `python -m train.size_bias`.\n\n"
    )
    return text + table(["depth", *names], [[d, *(f"{v:.3f}" for v in values.values())] for d, values in bias.items()])


def work_section(reports):
    """nDCG against the share of the model's layers that was computed for it."""
    groups = [group["name"] for group in reports["base"]["groups"]]
    text = f"""## {METRIC} against work

What each depth, and stopping early (`--effort auto`) with ten documents wanted, computes of the model's layers and what
it loses against the full depth. Documents are read to the first depth; those that trail the tenth best by more than a
margin stop there.

"""
    rows = []
    for name in DEPTHS:
        found, full = group_metrics(reports[name]), group_metrics(reports["base"])
        shares = {group["name"]: group["work"] for group in reports[name]["groups"]}
        cells = [f"{shares[g]:.0%}: {found[g]['mean'] - full[g]['mean']:+.3f}" for g in groups]
        rows.append([name, f"{sum(shares.values()) / len(shares):.0%}", *cells])
    return text + table(["", "mean work", *groups], rows)


def page(args, reports):
    """docs/quality.md."""
    groups = list(group_metrics(reports["base"]))
    sample = (
        f"{args.queries} queries × {args.depth} candidates of each set" if args.queries else "every query and candidate"
    )
    command = "make quality"
    if args.queries and (args.queries, args.depth) != (QUERIES, DEPTH):
        command += f" QUERIES={args.queries} DEPTH={args.depth}"
    text = f"""# Ranking quality

`{command}` wrote this page: {METRIC} on {sample}, seed {reports["base"]["seed"]}, with 95 % bootstrap intervals
over queries ({reports["base"]["resamples"]} resamples). `make quality` takes {QUERIES} queries and {DEPTH} candidates
of each set, `make quality FULL=1` all.

Each set gives its candidates with its data: relevant documents, documents that BM25 or an embedding model finds close
and random ones; a sample of candidates always keeps the relevant ones. Every system ranks the same candidates. BM25 is
`podium eval --scorer bm25`; the bi-encoder is the frozen multilingual-e5-small that the default model is built on;
tiny, turbo and base are the default model's three depths (`--effort tiny`, `turbo`, `full`), stopping early is
`--effort auto` with the ten best wanted. The sets were looked at
while the model was developed (calibration, margins and learning rates were chosen on samples of them), but no row of
them was trained on (`python -m train.check_overlap`). A group's number is the mean of its sets', the last column the
mean of the groups.

"""
    rows = [
        [name, *(f"{group_metrics(report)[group]['mean']:.3f}" for group in groups)] for name, report in reports.items()
    ]
    text += table(["", *groups], rows)
    for group in groups[:-1]:
        text += f"\n![{METRIC} of the {group} sets](quality/{group}.svg)\n"
    text += "\n" + work_section(reports)
    text += "\n## Sets\n\n"
    by_set = {name: {entry["name"]: entry for entry in report["sets"]} for name, report in reports.items()}
    rows = [
        [name, str(entry["queries"]), str(entry["documents"]), str(entry["candidates"]),
         *(interval(by_set[system][name]["metrics"][METRIC]) for system in reports)]
        for name, entry in by_set["base"].items()
    ]  # fmt: skip
    text += table(["set", "queries", "documents", "pairs", *reports], rows)
    record = args.model / "training.json"
    if record.exists():
        text += "\n" + training_section(json.loads(record.read_text()))
    return text


def main():
    """Measure what is not measured yet, and write the page and its pictures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--podium", type=Path, default=ROOT / "build" / "podium")
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "default")
    parser.add_argument("--data", type=Path, default=ROOT / ".." / "shared" / "data" / "dev")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "quality")
    parser.add_argument("--queries", type=int, default=QUERIES)
    parser.add_argument("--depth", type=int, default=DEPTH)
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    args = parser.parse_args()
    if not args.data.is_dir():
        print(f"make quality needs the development sets, and {args.data} is not there: nothing was measured")
        return 0
    args.work.mkdir(parents=True, exist_ok=True)
    e5 = bi_encoder(args.model, args.work / "e5-small")
    runs = {
        "bm25": evaluate(args, "bm25", ["--scorer", "bm25"]),
        "e5": evaluate(args, "e5", ["--model", str(e5)]),
        "model": evaluate(args, "model", ["--model", str(args.model), "--effort", "each"]),
    }
    reports = {name: runs[run][effort] for name, (run, effort, _) in SYSTEMS.items()}
    pictures = args.out / "quality"
    pictures.mkdir(parents=True, exist_ok=True)
    for group in group_metrics(reports["base"]):
        rows = [(name, group_metrics(report)[group]) for name, report in reports.items()]
        (pictures / f"{group}.svg").write_text(chart(group, rows), encoding="utf-8")
    (args.out / "quality.md").write_text(page(args, reports), encoding="utf-8")
    print(f"{args.out / 'quality.md'}: mean {METRIC} of base {group_metrics(reports['base'])['mean']['mean']:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
