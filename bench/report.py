"""Turns the results of bench/run.py into docs/benchmarks.md and its picture.

python bench/report.py build/bench/results.json docs/benchmarks.md
"""

import json
import sys
from pathlib import Path

LIBRARIES = {"podium": "Podium", "openvino": "OpenVINO", "onnx": "ONNX Runtime", "torch": "PyTorch"}
SHAPES = {
    "base": "Base shape (12 × 768, as jina-reranker-v2-base and bge-reranker-base)",
    "small": "Small shape (12 × 384, as mmarco-mMiniLM-L12 and the default model)",
}
LOADS = {"32x128": "32 × 128 tokens", "mixed": "64 of 16–512 tokens", "4x512": "4 × 512 tokens"}
COLOURS = {"podium": "#1f6feb", "openvino": "#8b949e", "onnx": "#a8b0b8", "torch": "#c4cad0"}


def label(engine):
    """The name as people know it."""
    library, precision = engine.split("-")
    return f"{LIBRARIES[library]} {precision}"


def table(header, rows):
    """A Markdown table, the first column left, the others right."""
    lines = ["| " + " | ".join(header) + " |", "|---|" + "---:|" * (len(header) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def shape_section(rows):
    """Tokens a second of every engine, then what Podium makes of it."""
    header = ["engine", *LOADS.values(), "pairs/s, 32 × 128", "tokens per processor second", "peak memory", "start"]
    body = []
    for row in rows:
        if row["reason"]:
            body.append([label(row["engine"]), f"not run: {row['reason'][:90]}", *[""] * (len(header) - 2)])
            continue
        first = row["loads"]["32x128"]
        body.append(
            [label(row["engine"])]
            + [f"{row['loads'][load]['tokens_per_second']:,.0f}" for load in LOADS]
            + [f"{first['pairs_per_second']:.1f}", f"{first['per_processor_second']:,.0f}"]
            + [f"{row['megabytes']:,.0f} MB", f"{row['start']:.2f} s"]
        )
    return table(header, body) + "\n" + table(["Podium against", *LOADS.values()], ratios(rows))


def ratios(rows):
    """Podium's speed over the fastest peer's, by precision, and over PyTorch in fp32."""
    ran = {row["engine"]: row["loads"] for row in rows if not row["reason"]}
    body = []
    for precision in ("int8", "bf16", "fp32"):
        peers = [name for name in ran if name.endswith(precision) and not name.startswith("podium")]
        if f"podium-{precision}" in ran and peers:
            body.append([f"{precision}: the fastest {precision} peer"] + against(ran, f"podium-{precision}", peers))
    everyone = [name for name in ran if not name.startswith("podium")]
    body.append(["int8: the fastest peer in any precision", *against(ran, "podium-int8", everyone)])
    if "torch-fp32" in ran:
        body.append(["int8: PyTorch fp32", *against(ran, "podium-int8", ["torch-fp32"])])
    return body


def against(ran, ours, peers):
    """Ratios by load."""
    speed = [(ran[ours][load], [ran[peer][load] for peer in peers]) for load in LOADS]
    key = "tokens_per_second"
    return [f"{mine[key] / max(theirs[key] for theirs in others):.2f} ×" for mine, others in speed]


def requests_section(requests):
    """Latencies, start and the long document."""
    rows = []
    for name, text in (
        ("default", "Podium, default model, over HTTP"),
        ("top", "the same, the ten best wanted: the others may be settled early"),
        ("seen", "90 of the 100 seen before"),
        ("top_seen", "both"),
        ("small", "Podium, small shape, over HTTP"),
        ("cross_encoder", "sentence-transformers CrossEncoder, small shape, in process"),
    ):
        found = requests[name]
        times = [f"{value:,.0f} ms" for value in found["latency"]] if "latency" in found else ["not run", ""]
        rows.append([text, *times, f"{found['megabytes']:,.0f} MB" if "megabytes" in found else ""])
    start, long = requests["start"], requests["long"]
    return (
        table(["100 passages for one query", "p50", "p99", "peak memory"], rows)
        + f"\nStart to first score with the default model, warm (`podium rank`): {start['seconds']:.2f} s, "
        f"{start['megabytes']:.0f} MB at most.\n\nOne document of about 100,000 tokens with the default model: "
        f"{long['seconds']:.2f} s, {long['megabytes']:.0f} MB at most.\n"
    )


def write(result, page):
    """The page and, beside it, the picture."""
    system = result["machine"]
    kernels = next(kernels["name"] for kernels in system["kernels"] if kernels["chosen"])
    text = (
        "# Benchmarks\n\n"
        "Written by `make bench`: every engine is a process of its own that waits for its turn, so that all of them "
        f"meet the same machine; {result['rounds']} rounds, the fastest of each counts. Same random weights, same "
        "token ids, each peer in the batch size that is fastest for it (padded, sorted by length).\n\n"
        f"Machine: {system['cpu']}, {system['cpus_usable']} CPUs used, kernels `{kernels}` "
        f"({' '.join(system['features'])}), Podium {system['version']}.\n\n![tokens per second](benchmarks.svg)\n"
    )
    for shape, rows in result["shapes"].items():
        text += f"\n## {SHAPES[shape]}\n\nTokens a second, higher is better.\n\n{shape_section(rows)}"
    text += f"\n## Requests\n\n{requests_section(result['requests'])}"
    page.write_text(text, encoding="utf-8")
    page.with_suffix(".svg").write_text(picture(result), encoding="utf-8")


def picture(result):
    """Bars of tokens a second, one group a shape and load."""
    parts, y = [], 14
    for shape, rows in result["shapes"].items():
        ran = [row for row in rows if not row["reason"]]
        for load, title in LOADS.items():
            parts.append(f'<text x="10" y="{y + 10}" font-weight="bold">{shape}, {title}</text>')
            y += 22
            largest = max(row["loads"][load]["tokens_per_second"] for row in ran)
            for row in sorted(ran, key=lambda row: -row["loads"][load]["tokens_per_second"]):
                speed = row["loads"][load]["tokens_per_second"]
                width = max(1, round(430 * speed / largest))
                colour = COLOURS[row["engine"].split("-")[0]]
                parts.append(f'<text x="170" y="{y + 10}" text-anchor="end">{label(row["engine"])}</text>')
                parts.append(f'<rect x="180" y="{y}" width="{width}" height="12" rx="2" fill="{colour}"/>')
                parts.append(f'<text x="{186 + width}" y="{y + 10}">{speed:,.0f}</text>')
                y += 17
            y += 12
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="720" height="{y}" font-family="sans-serif" font-size="12">'
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    write(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2]))
