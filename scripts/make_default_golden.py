"""Write tests/golden/default_model.json: what PyTorch answers on the default model's dequantised weights.

python scripts/make_default_golden.py [--model models/default] [--out tests/golden/default_model.json]
"""

import argparse
import json
from pathlib import Path

import torch
from reference_models import Reference
from sample_texts import GROUPS, LONG_TEXT, TEXTS

ROOT = Path(__file__).parents[1]


def text_case(reference, prompts, language, role, text):
    """Token ids and embedding of one prefixed text."""
    prefixed = prompts[f"{role}_prefix"] + text
    encoding = reference.tokenizer.encode(prefixed)
    return {
        "language": language,
        "role": role,
        "text": text,
        "token_ids": encoding.ids,
        "truncated": bool(encoding.overflowing),
        "embedding": [round(value, 8) for value in reference.embed([prefixed])[0].tolist()],
    }


def group_case(reference, prompts, query, documents):
    """Cosines, calibrated scores and order (best first) of one query's documents."""
    vectors = reference.embed(
        [prompts["query_prefix"] + query] + [prompts["document_prefix"] + document for document in documents]
    )
    cosine = vectors[1:] @ vectors[0]
    score = torch.sigmoid(prompts["calibration"]["scale"] * cosine + prompts["calibration"]["bias"])
    order = cosine.argsort(descending=True)
    gap = (cosine[order][:-1] - cosine[order][1:]).min().item()
    if gap < 1e-3:
        raise SystemExit(f"the order of {query!r} hangs on a difference of {gap:.1e}: change a document")
    return {
        "query": query,
        "documents": documents,
        "cosine": cosine.tolist(),
        "relevance_score": score.tolist(),
        "order": order.tolist(),
    }


def main():
    """Encode every sample text and group, one sequence at a time, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "default")
    parser.add_argument("--out", type=Path, default=ROOT / "tests" / "golden" / "default_model.json")
    args = parser.parse_args()
    reference = Reference(args.model)
    prompts = reference.config["podium"]
    texts = [*TEXTS, ("long", "document", LONG_TEXT), ("long", "query", LONG_TEXT)]
    golden = {
        "max_length": reference.max_length,
        "calibration": prompts["calibration"],
        "texts": [text_case(reference, prompts, *text) for text in texts],
        "groups": [group_case(reference, prompts, *group) for group in GROUPS],
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    # One case per line: small, and a change shows as the lines it changes.
    lines = [f'"{key}": {json.dumps(golden[key])}' for key in ("max_length", "calibration")]
    for key in ("texts", "groups"):
        cases = ",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in golden[key])
        lines.append(f'"{key}": [\n{cases}\n]')
    args.out.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(f"{args.out}: {len(golden['texts'])} texts, {len(golden['groups'])} groups, {args.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
