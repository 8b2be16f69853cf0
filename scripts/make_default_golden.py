"""Write tests/golden/default_model.json: what PyTorch answers on the default model's dequantised weights.

python scripts/make_default_golden.py [--model models/default] [--out tests/golden/default_model.json]
"""

import argparse
import json
import math
from pathlib import Path

from reference_interaction import DEPTHS, Interaction
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


def group_case(model, query, documents):
    """Calibrated logits by depth, base's scores and its order (best first) of one query's documents."""
    found = model.scores(query, documents)
    logits = {depth: [one[depth] for one in found] for depth in DEPTHS}
    order = sorted(range(len(documents)), key=lambda index: -logits["base"][index])
    best = sorted(logits["base"], reverse=True)
    gap = min(a - b for a, b in zip(best, best[1:], strict=False))
    if gap < 1e-2:
        raise SystemExit(f"the order of {query!r} hangs on a difference of {gap:.1e}: change a document")
    return {
        "query": query,
        "documents": documents,
        "logits": logits,
        "relevance_score": [1 / (1 + math.exp(-logit)) for logit in logits["base"]],
        "order": order,
    }


def main():
    """Encode every sample text and group, one sequence at a time, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "default")
    parser.add_argument("--out", type=Path, default=ROOT / "tests" / "golden" / "default_model.json")
    args = parser.parse_args()
    model = Interaction(args.model)
    reference, prompts = model.encoder, model.section
    texts = [*TEXTS, ("long", "document", LONG_TEXT), ("long", "query", LONG_TEXT)]
    golden = {
        "max_length": reference.max_length,
        "texts": [text_case(reference, prompts, *text) for text in texts],
        "groups": [group_case(model, *group) for group in GROUPS],
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    # One case per line: small, and a change shows as the lines it changes.
    lines = [f'"max_length": {golden["max_length"]}']
    for key in ("texts", "groups"):
        cases = ",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in golden[key])
        lines.append(f'"{key}": [\n{cases}\n]')
    args.out.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(f"{args.out}: {len(golden['texts'])} texts, {len(golden['groups'])} groups, {args.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
