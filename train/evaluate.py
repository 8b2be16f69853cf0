"""Development numbers: python -m train.evaluate --work DIR --data DIR [--model FILE]."""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from train import checkpoint, devset, metrics
from train.model import FrozenEncoder, Joint, Shape
from train.shards import Shard
from train.trainer import load_texts

WINDOWS_READ = 2  # windows of a long document that the joint layers read, best cosine first
KEPT_LAYERS = (4, 6, 8)


def score_pairs(joint: Joint, shard: Shard, pairs: np.ndarray, embed=None) -> dict[str, np.ndarray]:
    """Logits by depth for pairs [n, 2] of (query, window) numbers of an encoded set."""
    queries, query_at = np.unique(pairs[:, 0], return_inverse=True)
    documents, document_at = np.unique(pairs[:, 1], return_inverse=True)
    local = np.stack([query_at, document_at], axis=1)
    vectors = shard.query_vectors[pairs[:, 0]] * shard.document_vectors[pairs[:, 1]]
    texts = load_texts(joint, shard, queries, documents, embed)
    with torch.no_grad():
        scored = joint.score(*texts, local, torch.from_numpy(vectors.sum(1)), embed)
    return {depth: values.numpy() for depth, values in scored.items()}


def set_scores(
    shard: Shard, joint: Joint | None, embed=None, read: int | None = None
) -> dict[str, np.ndarray]:
    """Scores by system for every (query, document) pair of an encoded set.

    A document's score is the best of its windows'; the joint layers read only the
    WINDOWS_READ windows with the best cosine. With `read` they read only each query's `read`
    best documents by cosine, and the rest follow below in e5's order.
    """
    spans = [np.arange(*shard.window_offsets[d : d + 2]) for d in shard.pairs[:, 1]]
    scores = {"bm25": shard.bm25, "e5": np.zeros(len(spans))}
    windows = []
    for number, (query, span) in enumerate(zip(shard.pairs[:, 0], spans, strict=True)):
        cosine = shard.document_vectors[span] @ shard.query_vectors[query]
        scores["e5"][number] = cosine.max()
        windows.append(span[np.argsort(-cosine, kind="stable")[:WINDOWS_READ]])
    if joint is None:
        return scores
    chosen = first_documents(shard.pairs[:, 0], scores["e5"], read)
    owner = np.concatenate([np.full(len(windows[n]), n) for n in chosen])
    wanted = np.concatenate([windows[n] for n in chosen])
    pairs = np.stack([shard.pairs[owner, 0], wanted], axis=1)
    for depth, values in score_pairs(joint, shard, pairs, embed).items():
        scores[depth] = scores["e5"] - 1e4
        scores[depth][chosen] = -np.inf
        np.maximum.at(scores[depth], owner, values)
    return scores


def first_documents(queries: np.ndarray, scores: np.ndarray, count: int | None) -> np.ndarray:
    """Numbers of the pairs that are among their query's `count` best (all without a count)."""
    if count is None:
        return np.arange(len(queries))
    best = []
    for query in np.unique(queries):
        at = np.flatnonzero(queries == query)
        best.append(at[metrics.ranking(scores[at])[:count]])
    return np.sort(np.concatenate(best))


def measure(shard: Shard, scores: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """Mean metrics by system over the queries of an encoded set."""
    result = {}
    for system, values in scores.items():
        found = []
        for query in np.unique(shard.pairs[:, 0]):
            at = np.flatnonzero(shard.pairs[:, 0] == query)
            gains = shard.pairs[at, 2][metrics.ranking(values[at])]
            found.append(metrics.all_metrics(gains))
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


def evaluate(
    sets: dict[str, Shard], joint: Joint | None, embed=None, read: int | None = None
) -> dict:
    """Metrics by set and system, group means of nDCG@10 and, by depth, the calibration error
    (over the pairs that the joint layers read)."""
    by_set, pooled, relevant = {}, {}, {}
    for name, shard in sets.items():
        scores = set_scores(shard, joint, embed, read)
        by_set[name] = measure(shard, scores)
        for system, values in scores.items():
            scored = values > -1e3
            pooled.setdefault(system, []).append(values[scored])
            relevant.setdefault(system, []).append(shard.pairs[scored, 2] > 0)
    groups = {}
    for group, names in devset.GROUPS.items():
        present = [by_set[name] for name in names if name in by_set]
        if present:
            groups[group] = {
                s: float(np.mean([p[s]["ndcg@10"] for p in present])) for s in present[0]
            }
    systems = next(iter(groups.values()))
    groups["mean"] = {s: float(np.mean([g[s] for g in groups.values()])) for s in systems}
    errors = {
        system: calibration_error(np.concatenate(values), np.concatenate(relevant[system]))
        for system, values in pooled.items()
        if system not in ("bm25", "e5")
    }
    return {"groups": groups, "sets": by_set, "calibration_error": errors}


def table(result: dict) -> str:
    """Group means of nDCG@10 as a Markdown table."""
    groups = result["groups"]
    systems = list(groups["mean"])
    lines = ["| | " + " | ".join(groups) + " |", "|---" * (len(groups) + 1) + "|"]
    for system in systems:
        cells = " | ".join(f"{group[system]:.3f}" for group in groups.values())
        lines.append(f"| {system} | {cells} |")
    return "\n".join(lines)


def load_model(path: Path, start: Path) -> tuple[Joint, torch.nn.Module | None]:
    """A trained model file and, for the plain variant, the embeddings it reads."""
    saved = torch.load(path, weights_only=True)
    config, weights = checkpoint.load_config(start), checkpoint.load_weights(start)
    shape = Shape(**saved["shape"])
    joint = Joint(config, weights, shape)
    joint.load_state_dict(saved["model"])
    embed = FrozenEncoder(config, weights, 0).embeddings if shape.variant == "plain" else None
    return joint.eval(), embed


def report(
    data: Path,
    work: Path,
    start: Path,
    model: Path | None,
    sample: devset.Sample,
    read: int | None = None,
) -> dict:
    """Encode what is missing of the sample, measure `model` (or BM25 and e5 alone), print it."""
    config, weights = checkpoint.load_config(start), checkpoint.load_weights(start)
    frozen, tokenizer = FrozenEncoder(config, weights), checkpoint.load_tokenizer(start)
    sets = devset.encode_all_sets(data, work, sample, tokenizer, frozen, KEPT_LAYERS)
    joint, embed = load_model(model, start) if model else (None, None)
    result = evaluate(sets, joint, embed, read)
    print(table(result))
    print("expected calibration error:", result["calibration_error"], flush=True)
    return result


def main() -> None:
    """Measure one model file, or BM25 and e5 alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--start", type=Path, default=Path("models/default"))
    parser.add_argument("--work", type=Path, default=Path("build/train"))
    parser.add_argument("--model", type=Path, help="a file that train.run wrote")
    parser.add_argument("--queries", type=int, default=16)
    parser.add_argument("--depth", type=int, default=30, help="candidates of a query")
    parser.add_argument("--read", type=int, help="candidates the joint layers read, e5's best")
    parser.add_argument("--limit", type=int, default=192, help="tokens of a window")
    parser.add_argument("--windows", type=int, default=1, help="windows kept of a document")
    parser.add_argument("--skip-long", action="store_true", help="leave the 50k-character set out")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(2)
    sample = devset.Sample(args.queries, args.depth, args.limit, args.windows, not args.skip_long)
    result = report(args.data, args.work, args.start, args.model, sample, args.read)
    if args.json:
        args.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
