"""Fit each depth's score so that its sigmoid is the probability of relevance (Platt scaling).

python -m train.calibrate --model FILE writes FILE's calibration beside the weights, in the same
file; train.export puts it into config.json. Fitted on every second query of each development
set, the expected calibration error is reported on the others, before and after.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from train import checkpoint, devset
from train.evaluate import KEPT_LAYERS, calibration_error, load_model, set_scores
from train.model import FrozenEncoder
from train.trainer import save_atomically


def fit(logits: np.ndarray, relevant: np.ndarray) -> tuple[float, float]:
    """(slope, offset) that minimise the cross entropy of sigmoid(slope * logit + offset)."""
    x = torch.from_numpy(logits).double()
    y = torch.from_numpy(relevant).double()
    values = torch.tensor([1.0, 0.0], dtype=torch.double, requires_grad=True)
    optimizer = torch.optim.LBFGS([values], max_iter=100, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = F.binary_cross_entropy_with_logits(values[0] * x + values[1], y)
        loss.backward()
        return loss

    optimizer.step(closure)
    return values[0].item(), values[1].item()


def calibrate(sets: dict, joint, embed=None) -> tuple[dict, dict]:
    """Per depth: ({"scale", "bias"} fitted on all queries, {"before", "after"} errors on the
    half of the queries that a fit on the other half did not see)."""
    pooled: dict[str, list] = {}
    relevant, held_out = [], []
    for shard in sets.values():
        for depth, values in set_scores(shard, joint, embed).items():
            pooled.setdefault(depth, []).append(values)
        relevant.append(shard.pairs[:, 2] > 0)
        held_out.append(shard.pairs[:, 0] % 2 == 1)
    y, test = np.concatenate(relevant), np.concatenate(held_out)
    settings, errors = {}, {}
    for depth in sorted(pooled.keys() - {"bm25", "e5"}):
        x = np.concatenate(pooled[depth])
        slope, offset = fit(x[~test], y[~test])
        errors[depth] = {
            "before": calibration_error(x[test], y[test]),
            "after": calibration_error(slope * x[test] + offset, y[test]),
        }
        slope, offset = fit(x, y)
        settings[depth] = {"scale": slope, "bias": offset}
    return settings, errors


def main() -> None:
    """Calibrate one model file in place."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--start", type=Path, default=Path("models/default"))
    parser.add_argument("--work", type=Path, default=Path("build/train"))
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--queries", type=int, default=16)
    parser.add_argument("--depth", type=int, default=30)
    args = parser.parse_args()
    torch.set_num_threads(2)
    config, weights = checkpoint.load_config(args.start), checkpoint.load_weights(args.start)
    frozen, tokenizer = FrozenEncoder(config, weights), checkpoint.load_tokenizer(args.start)
    sample = devset.Sample(args.queries, args.depth, long=False)
    sets = devset.encode_all_sets(args.data, args.work, sample, tokenizer, frozen, KEPT_LAYERS)
    settings, errors = calibrate(sets, *load_model(args.model, args.start))
    for depth, error in errors.items():
        print(depth, settings[depth], f"error {error['before']:.3f} -> {error['after']:.3f}")
    saved = torch.load(args.model, weights_only=True)
    save_atomically(saved | {"calibration": settings}, args.model)


if __name__ == "__main__":
    main()
