"""Training speed of each variant and precision on this machine: python -m train.speed.

Steps of made-up pairs (a query of 24, a document of 104 tokens), forward, backward and
optimizer; prints pairs and pair tokens a second, best of the steps.
"""

import argparse
import itertools
import time
from pathlib import Path

import numpy as np
import torch

from train import checkpoint
from train.model import Joint, Packed, Shape
from train.trainer import Plan, Working, make_optimizer

QUERY, DOCUMENT = 24, 104


def made_up(texts: int, length: int, size: int) -> Packed:
    """Random states."""
    return Packed(torch.randn(texts * length, size), np.arange(texts + 1) * length)


def step_seconds(joint: Joint, precision: str, pairs: int, steps: int) -> float:
    """The fastest of some optimizer steps on `pairs` pairs."""
    working = Working(joint, precision)
    optimizer = make_optimizer(joint, Plan("speed", 1))
    hidden = joint.layers[0].up.in_features
    size = hidden * (2 if joint.shape.variant == "oneway" else 1)
    query, document = made_up(1, QUERY, hidden), made_up(pairs, DOCUMENT, size)
    which = np.stack([np.zeros(pairs, int), np.arange(pairs)], axis=1)
    best = float("inf")
    for _ in range(steps):
        started = time.perf_counter()
        logits = working.copy.score(query, document, which, torch.rand(pairs))
        sum(value.square().mean() for value in logits.values()).backward()
        working.gather_gradients()
        optimizer.step()
        working.refresh()
        best = min(best, time.perf_counter() - started)
    return best


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--start", type=Path, default=Path("models/default"))
    parser.add_argument("--pairs", type=int, default=32)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    config, weights = checkpoint.load_config(args.start), checkpoint.load_weights(args.start)
    shapes = [
        Shape("residual", 4, 8),
        Shape("residual", 6, 9),
        Shape("residual", 8, 10),
        Shape("oneway", 6, 9),
        Shape("late", 6, 9),
        Shape("late", 0, 6),
    ]
    print("variant, join, precision: pairs/s, pair tokens/s")
    for shape, precision in itertools.product(shapes, ("fp32", "bf16")):
        joint = Joint(config, weights, shape)
        seconds = step_seconds(joint, precision, args.pairs, args.steps)
        rate = args.pairs / seconds
        tokens = rate * (QUERY + DOCUMENT)
        print(f"{shape.variant}, {shape.join}, {precision}: {rate:.1f}, {tokens:.0f}", flush=True)


if __name__ == "__main__":
    main()
