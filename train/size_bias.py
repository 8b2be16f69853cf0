"""How the score moves with a document's length: python -m train.size_bias --model FILE.

Takes relevant passages of the short-document development sets and measures, by depth, (1) how
many of its pairwise wins over the same query's other documents a relevant passage keeps when it
is buried in unrelated text to 2, 4 and 8 times its length, in random place; (2) how often an
irrelevant document of 4 times the length outscores the relevant one, against one of its length.
The numbers go into FILE, beside the weights.
"""

import json
from pathlib import Path

import numpy as np
import torch

from train import checkpoint, devset
from train.data import LONG_TOKENS, load_idf
from train.encoder import FrozenEncoder
from train.evaluate import arguments, load_model, open_sets, score_pairs
from train.interaction import LAYERS, Interaction
from train.shards import Shard, encode_all
from train.trainer import save_atomically

FACTORS = (1, 2, 4, 8)
OTHERS = 6  # irrelevant documents that a query's relevant one is compared with


def bury(ids: np.ndarray, filler: list[np.ndarray], factor: int, rng: np.random.Generator) -> np.ndarray:
    """Token ids of a document placed at random among fillers, `factor` times as long; cut to
    LONG_TOKENS. Opening (<s> passage :) and closing token stay where they are."""
    opening, body, closing = ids[:3], ids[3:-1], ids[-1:]
    want = min((factor - 1) * len(body), LONG_TOKENS - 4 - len(body))
    parts = [filler[i][3:-1] for i in rng.permutation(len(filler))]
    extra = np.concatenate(parts)[: max(0, want)]
    before = int(rng.integers(len(extra) + 1))
    return np.concatenate([opening, extra[:before], body, extra[before:], closing])


def draw(shard: Shard, queries: int, rng: np.random.Generator) -> list[tuple[np.ndarray, list[np.ndarray]]]:
    """Some queries of an encoded set as (query ids, documents' ids): the relevant one by FACTORS,
    OTHERS irrelevant ones (fewer where there are not as many), the first of them buried to 4 times."""
    drawn = []
    for query in np.unique(shard.pairs[:, 0]):
        own = shard.pairs[shard.pairs[:, 0] == query]
        relevant, others = own[own[:, 2] > 0, 1], own[own[:, 2] == 0, 1][:OTHERS]
        rest = np.setdiff1d(np.unique(shard.pairs[:, 1]), own[:, 1])
        gold = shard.tokens("document", shard.window_offsets[relevant[0]])
        if len(others) < 3 or len(rest) < 8 or len(gold) > LONG_TOKENS // 4:
            continue
        filler = [shard.tokens("document", shard.window_offsets[d]) for d in rng.choice(rest, 8)]
        texts = [shard.tokens("document", shard.window_offsets[d]) for d in others]
        variants = [bury(gold, filler, factor, rng) for factor in FACTORS]
        drawn.append((shard.tokens("query", query), [*variants, *texts, bury(texts[0], filler, 4, rng)]))
        if len(drawn) == queries:
            break
    return drawn


def build(sets: dict[str, Shard], queries: int, start: Path, out: Path) -> Shard:
    """Encode the drawn texts of every set into `out`, once."""
    if not (out / "shard.json").exists():
        out.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(11)
        drawn = [entry for shard in sets.values() for entry in draw(shard, queries, rng)]
        frozen = FrozenEncoder(checkpoint.load_config(start), checkpoint.load_weights(start))
        arrays = encode_all(frozen, [query for query, _ in drawn], LAYERS, out, "query")
        arrays |= encode_all(frozen, [d for _, documents in drawn for d in documents], LAYERS, out, "document")
        owner = np.repeat(np.arange(len(drawn)), [len(documents) for _, documents in drawn])
        arrays["pairs"] = np.stack([owner, np.arange(len(owner))], axis=1)
        np.savez(out / "shard.npz", **arrays)
        (out / "shard.json").write_text(json.dumps({"queries": len(drawn)}))
    return Shard(out)


def measure(shard: Shard, model: Interaction, idf: np.ndarray) -> dict[str, dict[str, float]]:
    """By depth: "wins alone", "wins kept xF" of them, and how often the irrelevant document
    beats the relevant one alone ("short") and four times as long ("long")."""
    scores = score_pairs(model, shard, shard.pairs, idf)
    queries = [np.flatnonzero(shard.pairs[:, 0] == q) for q in np.unique(shard.pairs[:, 0])]
    count = len(FACTORS)
    result = {}
    for depth, all_values in scores.items():
        groups = [all_values[at] for at in queries]
        wins = [float(np.mean([(g[i] > g[count:-1]).mean() for g in groups])) for i in range(count)]
        result[depth] = {"wins alone": wins[0]}
        result[depth] |= {f"wins kept x{f}": w / wins[0] for f, w in zip(FACTORS[1:], wins[1:], strict=True)}
        result[depth]["short"] = float(np.mean([g[count] > g[0] for g in groups]))
        result[depth]["long"] = float(np.mean([g[-1] > g[0] for g in groups]))
    return result


def main() -> None:
    """Print, by depth, the share of wins kept and the rivals' rates."""
    parser = arguments(__doc__)
    parser.add_argument("--queries", type=int, default=4, help="of each set")
    args = parser.parse_args()
    torch.set_num_threads(1)
    sets = open_sets(args.data, args.work, args.start, devset.Sample(long=False))
    shard = build(sets, args.queries, args.start, args.work / "size-bias")
    print(shard.info["queries"], "queries")
    found = measure(shard, load_model(args.model), load_idf(args.work / "corpus"))
    for depth, line in found.items():
        print(depth, json.dumps({k: round(v, 3) for k, v in line.items()}))
    save_atomically(torch.load(args.model, weights_only=True) | {"size_bias": found}, args.model)


if __name__ == "__main__":
    main()
