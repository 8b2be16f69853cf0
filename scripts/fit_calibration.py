"""Fit the logistic of a bi-encoder: relevance_score = sigmoid(scale * cosine + bias).

    python scripts/fit_calibration.py --data ../shared/data/dev [--model models/default] [--write]

Per development set a fixed-seed sample of queries; of each query all relevant candidates (at most 3) and 10 others.
The others count for all the irrelevant candidates they were drawn from, so that the share of relevant documents is
that of the candidate lists; every query weighs the same. Reports the expected calibration error (ECE, 15 bins of
equal width) of a start value and, on the half of the queries that was not fitted, of the fit.
"""

import argparse
import gzip
import json
import random
from pathlib import Path

import torch
from reference_models import Reference, read_json

QUERIES, POSITIVES, NEGATIVES, BINS, SEED = 60, 3, 10, 15, 7
START = (40.0, -34.0)


def read_jsonl(path):
    """The rows of a .jsonl.gz file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def sample_set(directory, generator):
    """[(query text, document text, is relevant, weight)] of one development set; a query's weights add up to 1."""
    documents = {
        row["id"]: f"{row.get('title', '')} {row['text']}".strip() for row in read_jsonl(directory / "corpus.jsonl.gz")
    }
    queries = {row["id"]: row["text"] for row in read_jsonl(directory / "queries.jsonl.gz")}
    relevant = {}
    for line in (directory / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        query, document, score = line.split("\t")
        if float(score) > 0:
            relevant.setdefault(query, set()).add(document)
    rows = []
    lists = read_jsonl(directory / "candidates.jsonl.gz")
    for entry in generator.sample(lists, min(QUERIES, len(lists))):
        candidates = entry["candidates"]
        for wanted, most in ((True, POSITIVES), (False, NEGATIVES)):
            pool = [d for d in candidates if (d in relevant.get(entry["id"], ())) == wanted]
            chosen = generator.sample(pool, min(most, len(pool)))
            weight = len(pool) / len(candidates) / max(len(chosen), 1)
            rows += [(queries[entry["id"]], documents[d], wanted, weight) for d in chosen]
    return rows


@torch.inference_mode()
def embed_all(reference, texts, batch_tokens=8192):
    """{text: embedding}; batches of similar length, padding masked out of attention and mean."""
    encodings = sorted(((reference.tokenizer.encode(t).ids, t) for t in set(texts)), key=lambda e: len(e[0]))
    result, batch = {}, []
    for position, item in enumerate(encodings):
        batch.append(item)
        following = len(encodings[min(position + 1, len(encodings) - 1)][0])
        if position + 1 < len(encodings) and (len(batch) + 1) * following <= batch_tokens:
            continue
        longest = max(len(ids) for ids, _ in batch)
        ids = torch.tensor([ids + [1] * (longest - len(ids)) for ids, _ in batch])
        mask = torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids, _ in batch])
        hidden = reference.model(ids, attention_mask=mask).last_hidden_state
        mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        for (_, text), row in zip(batch, torch.nn.functional.normalize(mean, dim=1), strict=True):
            result[text] = row
        batch = []
    return result


def log_loss(cosine, label, weight, scale, bias):
    """Weighted mean of the binary cross-entropy."""
    loss = torch.nn.functional.binary_cross_entropy_with_logits(scale * cosine + bias, label, reduction="none")
    return (loss * weight).sum() / weight.sum()


def fit(cosine, label, weight):
    """(scale, bias) of least weighted log loss, by L-BFGS from START."""
    # The cosines lie in a narrow band: centre and stretch them, or the two parameters are nearly one.
    centre, spread = cosine.mean(), cosine.std()
    unit = (cosine - centre) / spread
    parameters = torch.tensor([START[0] * spread, START[0] * centre + START[1]], dtype=torch.double, requires_grad=True)
    optimizer = torch.optim.LBFGS([parameters], max_iter=200, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = log_loss(unit, label, weight, parameters[0], parameters[1])
        loss.backward()
        return loss

    optimizer.step(closure)
    slope, offset = parameters.detach()
    return (slope / spread).item(), (offset - slope * centre / spread).item()


def calibration_error(cosine, label, weight, scale, bias):
    """Expected calibration error: weighted mean over bins of |share of relevant - mean score|."""
    score = torch.sigmoid(scale * cosine + bias)
    bins = (score * BINS).long().clamp(max=BINS - 1)
    gaps = [(((label - score) * weight)[bins == b]).sum().abs() for b in range(BINS)]
    return (sum(gaps) / weight.sum()).item()


def report(columns, fitted, groups):
    """Print what the start value and a fit on half the queries do on the other half, then fit on all, set by set."""
    _, label, weight = columns
    share = ((label * weight).sum() / weight.sum()).item()
    print(f"{len(label)} pairs, {int(label.sum())} relevant, weighted share {share:.4f}")
    rest = [column[~fitted] for column in columns]
    for name, pair in (("start value", START), ("fit on one half", fit(*(column[fitted] for column in columns)))):
        error, loss = calibration_error(*rest, *pair), log_loss(*rest, *pair).item()
        print(f"{name}: scale {pair[0]:.3f} bias {pair[1]:.3f}; on the other half ECE {error:.4f}, log loss {loss:.4f}")
    scale, bias = (round(value, 2) for value in fit(*columns))
    print(f"fit on all: scale {scale} bias {bias}, ECE {calibration_error(*columns, scale, bias):.4f}")
    for name in sorted(set(groups)):
        cosine, label, weight = (column[torch.tensor([group == name for group in groups])] for column in columns)
        means = f"mean cosine relevant {cosine[label > 0].mean():.3f} others {cosine[label == 0].mean():.3f}"
        print(f"  {name:26} {means} ECE {calibration_error(cosine, label, weight, scale, bias):.4f}")
    return {"scale": scale, "bias": bias}


def main():
    """Sample, encode, fit, report; with --write put the fit into config.json."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of development sets")
    parser.add_argument("--model", type=Path, default=Path(__file__).parents[1] / "models" / "default")
    parser.add_argument("--write", action="store_true", help="store scale and bias in the model's config.json")
    args = parser.parse_args()

    reference = Reference(args.model)
    prompts = reference.config["podium"]
    generator = random.Random(SEED)
    rows, groups = [], []
    for directory in sorted(path for path in args.data.iterdir() if path.is_dir()):
        sample = sample_set(directory, generator)
        rows += [(prompts["query_prefix"] + q, prompts["document_prefix"] + d, y, w) for q, d, y, w in sample]
        groups += [directory.name] * len(sample)
    vectors = embed_all(reference, [row[0] for row in rows] + [row[1] for row in rows])

    cosine = torch.stack([vectors[row[0]] @ vectors[row[1]] for row in rows]).double()
    label, weight = (torch.tensor([row[i] for row in rows], dtype=torch.double) for i in (2, 3))
    queries = sorted({row[0] for row in rows})
    generator.shuffle(queries)
    half = set(queries[::2])
    print(f"{len(queries)} queries of {len(set(groups))} sets")
    calibration = report([cosine, label, weight], torch.tensor([row[0] in half for row in rows]), groups)
    if args.write:
        config = read_json(args.model / "config.json")
        config["podium"]["calibration"] = calibration
        text = json.dumps(config, ensure_ascii=False, indent=2) + "\n"
        (args.model / "config.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
