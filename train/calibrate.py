"""What is fitted on the development sets after training: python -m train.calibrate --model FILE.

Calibration (Platt scaling): sigmoid(scale * logit + bias) is the probability of relevance.
Margins: how far, in calibrated logits, a document may trail the TOP-th best of its query at a
depth and still be read on, fitted on lists filled up to WIDE candidates with others of their set,
as long as those of a first stage. Both go into FILE, beside the weights; train.export passes them on.
The expected calibration error is reported on queries that the fit did not see, before and after.
"""

import copy
import itertools

import numpy as np
import torch
import torch.nn.functional as F

from train import devset, metrics
from train.data import load_idf
from train.evaluate import arguments, by_query, calibration_error, load_model, open_sets, set_scores
from train.interaction import DEPTHS
from train.shards import Shard
from train.trainer import save_atomically

TOP = 10  # documents whose order stopping early must keep
WIDE = 100  # candidates of a query that the margins are fitted on
ALLOWED = 0.002  # nDCG@10 that a group may lose by stopping early
MARGINS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 12.0)


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


def calibrate(sets: dict, scores: dict) -> tuple[dict, dict]:
    """Per depth: ({"scale", "bias"} fitted on all queries, {"before", "after"} errors on the
    half of the queries that a fit on the other half did not see). Each set weighs the same."""
    relevant = np.concatenate([shard.pairs[:, 2] > 0 for shard in sets.values()])
    test = np.concatenate([shard.pairs[:, 0] % 2 == 1 for shard in sets.values()])
    settings, errors = {}, {}
    for depth in DEPTHS:
        x = np.concatenate([scores[name][depth] for name in sets])
        slope, offset = fit(x[~test], relevant[~test])
        errors[depth] = {
            "before": calibration_error(x[test], relevant[test]),
            "after": calibration_error(slope * x[test] + offset, relevant[test]),
        }
        slope, offset = fit(x, relevant)
        settings[depth] = {"scale": slope, "bias": offset}
    return settings, errors


def replaced(shard: Shard, pairs: np.ndarray) -> Shard:
    """The set with other candidates."""
    other = copy.copy(shard)
    other.arrays = shard.arrays | {"pairs": pairs, "bm25": np.zeros(len(pairs), np.float32)}
    return other


def widen(shard: Shard, rng: np.random.Generator) -> Shard:
    """The set with every query's candidates filled up to WIDE with random other documents of it,
    which follow all the set's own pairs."""
    documents = len(shard.window_offsets) - 1
    pairs = [shard.pairs]
    for at in by_query(shard):
        own = shard.pairs[at]
        others = rng.permutation(np.setdiff1d(np.arange(documents), own[:, 1]))[: max(0, WIDE - len(own))]
        pairs.append(np.stack([np.full_like(others, own[0, 0]), others, np.zeros_like(others)], 1))
    return replaced(shard, np.concatenate(pairs))


def stop_early(calibrated: dict[str, np.ndarray], margins: dict[str, float]) -> tuple[np.ndarray, list[int]]:
    """One query's documents read from depth to depth, those that trail settled where they are.

    Returns the scores [documents] to rank by (those read further come before the settled ones)
    and how many documents were read at each depth.
    """
    alive = np.arange(len(calibrated["base"]))
    scores = np.zeros(len(alive))
    read = []
    for number, depth in enumerate(DEPTHS):
        values = calibrated[depth][alive]
        scores[alive] = values + 1e4 * number
        read.append(len(alive))
        if depth in margins and len(alive) > TOP:
            alive = alive[values >= np.sort(values)[-TOP] - margins[depth]]
    return scores, read


def try_margins(sets: dict, scores: dict, settings: dict, margins: dict[str, float]) -> tuple[float, np.ndarray]:
    """(the largest loss of nDCG@10 of a group, share of documents read at each depth)."""
    losses, read = {}, []
    for name, shard in sets.items():
        scaled = {d: settings[d]["scale"] * scores[name][d] + settings[d]["bias"] for d in DEPTHS}
        found = []
        for at in by_query(shard):
            early, counts = stop_early({d: scaled[d][at] for d in DEPTHS}, margins)
            gains = [shard.pairs[at, 2][metrics.ranking(s)] for s in (scaled["base"][at], early)]
            found.append(metrics.ndcg(gains[0]) - metrics.ndcg(gains[1]))
            read.append([count / len(at) for count in counts])
        losses[name] = float(np.mean(found))
    groups = [[losses[n] for n in names if n in losses] for names in devset.GROUPS.values()]
    return max(float(np.mean(group)) for group in groups if group), np.mean(read, axis=0)


def fit_margins(sets: dict, scores: dict, settings: dict) -> tuple[dict[str, float], dict]:
    """The margins of tiny and turbo that read the fewest layers at no more than ALLOWED loss in
    any group, and what they cost: {"loss", "read"}."""
    best = None
    for tiny, turbo in itertools.product(MARGINS, MARGINS):
        margins = {"tiny": tiny, "turbo": turbo}
        loss, read = try_margins(sets, scores, settings, margins)
        if loss <= ALLOWED and (best is None or read.sum() < best[0]):
            best = (read.sum(), margins, {"loss": loss, "read": read.round(3).tolist()})
    if best is None:
        margins = dict.fromkeys(("tiny", "turbo"), MARGINS[-1])
        return margins, dict(zip(("loss", "read"), try_margins(sets, scores, settings, margins), strict=True))
    return best[1], best[2]


def main() -> None:
    """Fit one model file in place."""
    args = arguments(__doc__).parse_args()
    torch.set_num_threads(1)
    sets = open_sets(args.data, args.work, args.start, devset.Sample(long=not args.skip_long))
    model, idf = load_model(args.model), load_idf(args.work / "corpus")
    rng, long = np.random.default_rng(3), devset.GROUPS["long"]
    wide = {name: shard if name in long else widen(shard, rng) for name, shard in sets.items()}
    scores = {name: set_scores(shard, model, idf) for name, shard in wide.items()}
    own = {name: {d: scores[name][d][: len(shard.pairs)] for d in DEPTHS} for name, shard in sets.items()}
    settings, errors = calibrate(sets, own)
    for depth, error in errors.items():
        print(depth, settings[depth], f"error {error['before']:.3f} -> {error['after']:.3f}")
    margins, cost = fit_margins(wide, scores, settings)
    print("margins", margins, cost)
    saved = torch.load(args.model, weights_only=True)
    fitted = {"calibration": settings, "margins": margins, "errors": errors, "stopping": cost}
    save_atomically(saved | {"fitted": fitted}, args.model)


if __name__ == "__main__":
    main()
