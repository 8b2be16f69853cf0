"""Development numbers: python -m train.evaluate --work DIR --data DIR [--model FILE]."""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from train import checkpoint, devset, metrics
from train.data import load_idf
from train.encoder import FrozenEncoder
from train.interaction import DEPTHS, LAYERS, Interaction
from train.shards import Shard

BLOCK = 250  # pairs scored at once


@torch.no_grad()
def score_pairs(model: Interaction, shard: Shard, pairs: np.ndarray, idf: np.ndarray) -> dict[str, np.ndarray]:
    """Logits by depth for pairs [n, 2] of (query, window) numbers of an encoded set."""
    order = np.argsort(pairs[:, 1], kind="stable")  # so that a window is projected once
    blocks = [pairs[order[start : start + BLOCK]] for start in range(0, len(pairs), BLOCK)]
    scored = [model(model.read(shard, block[:, 0], block[:, 1], idf)) for block in blocks]
    back = np.argsort(order)
    return {depth: torch.cat([s[depth] for s in scored]).numpy()[back] for depth in DEPTHS}


def set_scores(shard: Shard, model: Interaction | None, idf: np.ndarray) -> dict[str, np.ndarray]:
    """Scores by system for every (query, document) pair of an encoded set.

    A document's score is the best of its windows'.
    """
    spans = [np.arange(*shard.window_offsets[d : d + 2]) for d in shard.pairs[:, 1]]
    owner = np.repeat(np.arange(len(spans)), [len(span) for span in spans])
    pairs = np.stack([shard.pairs[owner, 0], np.concatenate(spans)], axis=1)
    cosine = (shard.query_vectors[pairs[:, 0]] * shard.document_vectors[pairs[:, 1]]).sum(1)
    scored = {"e5": cosine} | (score_pairs(model, shard, pairs, idf) if model else {})
    scores = {"bm25": shard.bm25}
    for system, values in scored.items():
        scores[system] = np.full(len(spans), -np.inf, dtype=np.float32)
        np.maximum.at(scores[system], owner, values)
    return scores


def by_query(shard: Shard) -> list[np.ndarray]:
    """The pair numbers of each query of an encoded set."""
    return [np.flatnonzero(shard.pairs[:, 0] == query) for query in np.unique(shard.pairs[:, 0])]


def measure(shard: Shard, scores: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """Mean metrics by system over the queries of an encoded set."""
    result = {}
    for system, values in scores.items():
        found = [metrics.all_metrics(shard.pairs[at, 2][metrics.ranking(values[at])]) for at in by_query(shard)]
        result[system] = {k: float(np.mean([f[k] for f in found])) for k in found[0]}
    return result


def calibration_error(logits: np.ndarray, relevant: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error of sigmoid(logits): equal-width bins, weighted by size."""
    probability = 1 / (1 + np.exp(-logits))
    which = np.minimum((probability * bins).astype(int), bins - 1)
    gaps = [
        abs(probability[which == b].mean() - relevant[which == b].mean()) * (which == b).mean()
        for b in np.unique(which)
    ]
    return float(sum(gaps))


def group_means(by_set: dict[str, dict]) -> dict[str, dict[str, float]]:
    """nDCG@10 by group and system, and the mean over the groups."""
    groups = {}
    for group, names in devset.GROUPS.items():
        present = [by_set[name] for name in names if name in by_set]
        if present:
            groups[group] = {s: float(np.mean([p[s]["ndcg@10"] for p in present])) for s in present[0]}
    systems = next(iter(groups.values()))
    return groups | {"mean": {s: float(np.mean([g[s] for g in groups.values()])) for s in systems}}


def evaluate(sets: dict[str, Shard], model: Interaction | None, idf: np.ndarray) -> dict:
    """Metrics by set and system, and group means of nDCG@10."""
    by_set = {name: measure(shard, set_scores(shard, model, idf)) for name, shard in sets.items()}
    return {"groups": group_means(by_set), "sets": by_set}


def table(result: dict) -> str:
    """Group means of nDCG@10 as a Markdown table."""
    groups = result["groups"]
    lines = ["| | " + " | ".join(groups) + " |", "|---" * (len(groups) + 1) + "|"]
    for system in groups["mean"]:
        cells = " | ".join(f"{group[system]:.3f}" for group in groups.values())
        lines.append(f"| {system} | {cells} |")
    return "\n".join(lines)


def load_model(path: Path) -> Interaction:
    """A trained model file."""
    saved = torch.load(path, weights_only=True)
    model = Interaction(**saved["shape"])
    model.load_state_dict(saved["model"])
    return model.eval()


def open_sets(data: Path, work: Path, start: Path, sample: devset.Sample) -> dict[str, Shard]:
    """The development sets, encoded where they are not yet."""
    done = [sample.folder(work) / name for name in sample.names()]
    if all((folder / "shard.json").exists() for folder in done):
        return {folder.name: Shard(folder) for folder in done}
    config, weights = checkpoint.load_config(start), checkpoint.load_weights(start)
    frozen, tokenizer = FrozenEncoder(config, weights), checkpoint.load_tokenizer(start)
    return devset.encode_all_sets(data, work, sample, tokenizer, frozen, LAYERS)


def arguments(doc: str) -> argparse.ArgumentParser:
    """The options of every command that reads the development sets."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--start", type=Path, default=Path("models/default"))
    parser.add_argument("--work", type=Path, default=Path("build/train"))
    parser.add_argument("--model", type=Path, help="a file that train.run wrote")
    parser.add_argument("--skip-long", action="store_true", help="leave the 50k-character set out")
    return parser


def main() -> None:
    """Measure one model file, or BM25 and e5 alone."""
    parser = arguments(__doc__)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    sets = open_sets(args.data, args.work, args.start, devset.Sample(long=not args.skip_long))
    model = load_model(args.model) if args.model else None
    result = evaluate(sets, model, load_idf(args.work / "corpus"))
    print(table(result))
    for name, found in result["sets"].items():
        print(name, {system: round(values["ndcg@10"], 3) for system, values in found.items()})
    if args.json:
        args.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
