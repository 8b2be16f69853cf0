"""How the score moves with a document's length: python -m train.size_bias --model FILE.

Takes relevant passages of the short-document development sets and measures, by depth, (1) how
many of its pairwise wins over the same query's other documents a relevant passage keeps when it
is buried in unrelated text to 2, 4 and 8 times its length, in random place; (2) how often an
irrelevant document of 4 times the length outscores the relevant one, against one of its length.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from train import checkpoint, devset
from train.data import LONG_TOKENS
from train.encoder import FrozenEncoder, Packed
from train.evaluate import load_model
from train.shards import Shard

FACTORS = (1, 2, 4, 8)


def bury(ids: np.ndarray, filler: list[np.ndarray], factor: int, rng) -> np.ndarray:
    """Token ids of a document placed at random among fillers, `factor` times as long; cut to
    LONG_TOKENS. Opening (<s> passage :) and closing token stay where they are."""
    opening, body, closing = ids[:3], ids[3:-1], ids[-1:]
    want = min((factor - 1) * len(body), LONG_TOKENS - 4 - len(body))
    parts = [filler[i][3:-1] for i in rng.permutation(len(filler))]
    extra = np.concatenate(parts)[: max(0, want)]
    before = int(rng.integers(len(extra) + 1))
    return np.concatenate([opening, extra[:before], body, extra[before:], closing])


def score(joint, frozen: FrozenEncoder, query: np.ndarray, documents: list[np.ndarray]) -> dict:
    """Logits by depth of one query's token ids against some documents'."""
    join, middle = joint.shape.join, joint.shape.middle
    asked, query_vector = frozen.encode([query], (join,))
    read, vectors = frozen.encode(documents, (join, middle))
    document = read[join]
    if joint.shape.variant == "oneway":
        document = Packed(torch.cat([document.flat, read[middle].flat], 1), document.offsets)
    pairs = np.stack([np.zeros(len(documents), int), np.arange(len(documents))], axis=1)
    with torch.no_grad():
        return joint.score(asked[join], document, pairs, (vectors * query_vector).sum(1))


def measure(shard: Shard, joint, frozen: FrozenEncoder, queries: int, rng) -> list[dict]:
    """For some queries of an encoded set: by depth, wins kept by factor and the long rival."""
    found = []
    for query in np.unique(shard.pairs[:, 0])[:queries]:
        own = shard.pairs[shard.pairs[:, 0] == query]
        relevant, others = own[own[:, 2] > 0, 1], own[own[:, 2] == 0, 1][:6]
        firsts = shard.window_offsets
        texts = [shard.tokens("document", firsts[d]) for d in others]
        gold = shard.tokens("document", firsts[relevant[0]])
        rest = np.setdiff1d(np.unique(shard.pairs[:, 1]), own[:, 1])
        if len(texts) < 3 or len(rest) < 8 or len(gold) > LONG_TOKENS // 4:
            continue
        filler = [shard.tokens("document", firsts[d]) for d in rng.choice(rest, 8)]
        variants = [bury(gold, filler, factor, rng) for factor in FACTORS]
        long_rival = bury(texts[0], filler, 4, rng)
        logits = score(joint, frozen, shard.tokens("query", query), [*variants, *texts, long_rival])
        count = len(FACTORS)
        for depth, values in logits.items():
            values = values.numpy()
            wins = {f: float((values[i] > values[count:-1]).mean()) for i, f in enumerate(FACTORS)}
            rivals = values[[count, -1]] > values[0]
            found.append({"depth": depth, "wins": wins, "short": rivals[0], "long": rivals[1]})
    return found


def main() -> None:
    """Print, by depth, the share of wins kept and the rivals' rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--start", type=Path, default=Path("models/default"))
    parser.add_argument("--work", type=Path, default=Path("build/train"))
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--queries", type=int, default=8, help="of each set")
    args = parser.parse_args()
    torch.set_num_threads(2)
    config, weights = checkpoint.load_config(args.start), checkpoint.load_weights(args.start)
    frozen, (joint, _) = FrozenEncoder(config, weights), load_model(args.model, args.start)
    rng = np.random.default_rng(11)
    found = []
    for path in sorted(devset.Sample().folder(args.work).glob("*/shard.json")):
        found += measure(Shard(path.parent), joint, frozen, args.queries, rng)
    for depth in dict.fromkeys(entry["depth"] for entry in found):
        mine = [entry for entry in found if entry["depth"] == depth]
        wins = {f: np.mean([e["wins"][f] for e in mine]) for f in FACTORS}
        line = {f"wins kept x{f}": round(float(wins[f] / wins[1]), 3) for f in FACTORS[1:]}
        line |= {k: round(float(np.mean([e[k] for e in mine])), 3) for k in ("short", "long")}
        print(depth, f"{len(mine)} queries", json.dumps(line))


if __name__ == "__main__":
    main()
