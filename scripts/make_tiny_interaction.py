"""Write tests/data/tiny-interaction/, a random late-interaction model, and what PyTorch answers on it.

    python scripts/make_tiny_interaction.py [--out tests/data/tiny-interaction] [--check]

The answers go to tests/golden/tiny_interaction.json; --check recomputes them and writes nothing.
"""

import argparse
import json
import shutil
from pathlib import Path

import torch
from random_models import bert_config, random_tensors, write_checkpoint
from reference_interaction import DEPTHS, Interaction
from reference_models import read_json
from safetensors.torch import save_file
from sample_texts import GROUPS, LONG_TEXT

ROOT = Path(__file__).parents[1]
LENGTH, HIDDEN = 96, 32
LAYERS = {"tiny": 1, "turbo": 2, "base": 4}
SIZES = {"tiny": 16, "turbo": 24, "base": 32}  # of a projected state


def interaction_tensors(vocabulary, seed):
    """Random heads whose parts all move the logits."""
    generator = torch.Generator().manual_seed(seed)
    noise = lambda *shape: torch.randn(*shape, generator=generator)  # noqa: E731
    tensors = {"interaction.idf": (0.05 + torch.rand(vocabulary, generator=generator) * 9).half()}
    for count, depth in zip((3, 6, 9), DEPTHS, strict=True):
        size = SIZES[depth]
        shapes = {
            "document.weight": noise(size, HIDDEN).half() / HIDDEN**0.5,
            "document.bias": 0.1 * noise(size),
            "query.weight": noise(size, HIDDEN).half() / HIDDEN**0.5,
            "query.bias": 0.1 * noise(size),
            "document_weight.weight": noise(1, HIDDEN) / HIDDEN**0.5,
            "query_weight.weight": noise(1, HIDDEN) / HIDDEN**0.5,
            "linear.weight": 2 * noise(1, count),
            "linear.bias": noise(1),
        }
        if depth != "base":
            shapes |= {
                "ask.weight": noise(size, HIDDEN).half() / HIDDEN**0.5,
                "vector.weight": noise(HIDDEN, HIDDEN).half() / HIDDEN**0.5,
                "vector.bias": 0.1 * noise(HIDDEN),
            }
        tensors |= {f"interaction.{depth}.{name}": tensor for name, tensor in shapes.items()}
    return tensors


def write_model(out, tokenizer):
    """The model directory: a random BERT with the tokenizer of tiny-xlmr, and random heads."""
    vocabulary = len(read_json(tokenizer / "tokenizer.json")["model"]["vocab"])
    sizes = {"hidden": HIDDEN, "layers": 4, "heads": 4, "inner": 48}
    config = bert_config(vocabulary=vocabulary, positions=LENGTH, **sizes)
    depths = {
        depth: {
            "layer": layer,
            "size": SIZES[depth],
            "margin": 0.05,
            "calibration": {"scale": 0.8 + 0.1 * layer, "bias": -0.2 * layer},
        }
        for depth, layer in LAYERS.items()
    }
    config |= {
        "architectures": ["BertModel"],
        "tokenizer_class": "XLMRobertaTokenizer",
        "podium": {
            "name": "tiny-interaction",
            "head": "late-interaction",
            "pooling": "mean",
            "query_prefix": "query: ",
            "document_prefix": "passage: ",
            "interaction": {"opening": {"query": 7, "document": 10}, "depths": depths},
        },
    }
    write_checkpoint(out, config, random_tensors(config, 71), dtype=torch.float16)
    save_file(interaction_tensors(vocabulary, 72), out / "interaction.safetensors", {"format": "pt"})
    for name in ("tokenizer.json", "tokenizer_config.json"):  # the same bytes: they cost the repository nothing
        shutil.copy(tokenizer / name, out / name)


def answers(directory):
    """[{query, documents: [{text, document_ids, truncated, features, logits}]}]: multilingual, empty, cut."""
    model = Interaction(directory)
    words = LONG_TEXT.split(" ")
    cases = [
        (GROUPS[0][0], [*GROUPS[0][1][:4], LONG_TEXT]),
        (GROUPS[3][0], [*GROUPS[3][1][:3], "", "a"]),
        (" ".join(words[40:70]), [" ".join(words[50:90]), GROUPS[1][1][0], " ".join(words[40:70])]),
        ("", ["short", " ".join(words[:20])]),
    ]
    return [
        {
            "query": query,
            "query_ids": model.read("query", query)[0],
            "documents": [{"text": text, **model.score(query, text)} for text in documents],
        }
        for query, documents in cases
    ]


def flat_logits(cases):
    """Every logit of the answers, in order."""
    return torch.tensor([v for case in cases for d in case["documents"] for v in d["logits"].values()])


def main():
    """Write, or with --check only compare."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "tests" / "data" / "tiny-interaction")
    parser.add_argument("--golden", type=Path, default=ROOT / "tests" / "golden" / "tiny_interaction.json")
    parser.add_argument("--check", action="store_true", help="compare the golden with a fresh computation")
    args = parser.parse_args()
    if not args.check:
        write_model(args.out, ROOT / "tests" / "data" / "tiny-xlmr")
    cases = answers(args.out)
    logits = flat_logits(cases)
    if args.check:
        worst = (logits - flat_logits(read_json(args.golden)["cases"])).abs().max().item()
        print(f"{len(logits)} logits, largest change {worst:.1e}")
        if not worst < 1e-5:
            raise SystemExit(f"{args.golden} does not match")
        return
    lines = [json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in cases]
    args.golden.write_text('{"cases":[\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8")
    print(f"{args.golden}: {len(logits)} logits {logits.min():.2f}..{logits.max():.2f}, std {logits.std():.2f}")


if __name__ == "__main__":
    main()
