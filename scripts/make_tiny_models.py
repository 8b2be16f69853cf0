"""Write the tiny checkpoints of the test suite, tests/data/tiny-*/, each with the answers of PyTorch in golden.json.

    python scripts/make_tiny_models.py [--out tests/data] [--check]

Every directory looks like a published model: one dtype, tensor naming, file layout and tokenizer pipeline each.
--check recomputes the goldens from the files as they are and writes nothing.
"""

import argparse
import json
from pathlib import Path

import torch
from random_models import (
    BERT_TOKENIZER_CONFIG,
    FROM_ZERO,
    XLMR_TOKENIZER_CONFIG,
    bert_config,
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
from reference_decoders import MXBAI_PREFIX, MXBAI_TASK, QWEN3_PREFIX
from reference_models import Reference, read_json
from sample_texts import GROUPS, LONG_TEXT, TEXTS
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from tokenizers.implementations import BertWordPieceTokenizer

ROOT = Path(__file__).parents[1]
MAX_LENGTH = 96

# Pipelines in which XLM-R tokenizers are published, around the same charsmap and pieces.
METASPACE = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
SHORTEN_SPACES = {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"}
STRIP_RIGHT = {"type": "Strip", "strip_left": False, "strip_right": True}
PIPELINES = {
    "e5": lambda charsmap, shipped: shipped,
    "legacy": lambda charsmap, shipped: {
        "normalizer": charsmap,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, METASPACE]},
    },
    "current": lambda charsmap, shipped: {
        "normalizer": {"type": "Sequence", "normalizers": [charsmap, STRIP_RIGHT, SHORTEN_SPACES]},
        "pre_tokenizer": METASPACE,
    },
}


def sample_lines():
    """Every sample text once."""
    lines = [text for _, _, text in TEXTS] + [query for query, _ in GROUPS]
    return [*lines, *(document for _, documents in GROUPS for document in documents)]


def cut_unigram(source, pipeline):
    """The default model's tokenizer.json with only the pieces and characters of a third of the sample texts.

    The others keep their characters only where these have them too, so unknown characters occur as well.
    """
    whole = Tokenizer.from_file(str(source))
    full = read_json(source)
    known = sample_lines()[::3]
    keep = {token for line in known for token in whole.encode(line).ids} | {0, 1, 2, 3, len(full["model"]["vocab"]) - 1}
    characters = set("".join(known))
    vocabulary = full["model"]["vocab"]
    keep |= {index for index, (piece, _) in enumerate(vocabulary) if len(piece) == 1 and piece in characters}
    pieces = [vocabulary[index] for index in sorted(keep)]
    for token in full["added_tokens"]:
        token["id"] = next(i for i, (piece, _) in enumerate(pieces) if piece == token["content"])
    charsmap = full["normalizer"]["normalizers"][0]
    shipped = {key: full[key] for key in ("normalizer", "pre_tokenizer")}
    return full | {"model": full["model"] | {"vocab": pieces}} | PIPELINES[pipeline](charsmap, shipped)


def train_wordpiece():
    """A lower-casing BERT tokenizer trained on the sample texts, with the pair template of published ones."""
    tokenizer = BertWordPieceTokenizer(lowercase=True)
    tokenizer.train_from_iterator(sample_lines()[::2] * 2, vocab_size=700, limit_alphabet=300, show_progress=False)
    trained = json.loads(tokenizer.to_str())
    ids = {token["content"]: token["id"] for token in trained["added_tokens"]}
    special = lambda name, type_id: {"SpecialToken": {"id": name, "type_id": type_id}}  # noqa: E731
    sequence = lambda name, type_id: {"Sequence": {"id": name, "type_id": type_id}}  # noqa: E731
    single = [special("[CLS]", 0), sequence("A", 0), special("[SEP]", 0)]
    trained["post_processor"] = {
        "type": "TemplateProcessing",
        "single": single,
        "pair": [*single, sequence("B", 1), special("[SEP]", 1)],
        "special_tokens": {name: {"id": name, "ids": [ids[name]], "tokens": [name]} for name in ("[CLS]", "[SEP]")},
    }
    return trained


def train_bpe(pre_tokenizer, normalizer=None, byte_level=True):
    """A small BPE with RoBERTa's special tokens and template."""
    tokenizer = Tokenizer(models.BPE(unk_token=None if byte_level else "<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet()) if byte_level else []
    trainer = trainers.BpeTrainer(
        vocab_size=600, special_tokens=special, initial_alphabet=alphabet, limit_alphabet=300, show_progress=False
    )
    tokenizer.train_from_iterator(sample_lines()[::2] * 2, trainer)
    return json.loads(tokenizer.to_str())


QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def train_qwen():
    """A small BPE with the pipeline and the control words of Qwen3."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN2), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=700, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False
    )
    prompts = [QWEN3_PREFIX, MXBAI_PREFIX, MXBAI_TASK, "yes", "no"] * 9
    tokenizer.train_from_iterator(sample_lines()[::2] * 2 + prompts, trainer)
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|embed_token|>", "<|rerank_token|>"])
    tokenizer.add_tokens([AddedToken(word, normalized=False) for word in ("<think>", "</think>")])
    return json.loads(tokenizer.to_str())


def family_tokenizers():
    """tokenizer.json by the kind that a family is published with."""
    lower = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    return {
        "wordpiece": train_wordpiece(),
        "bytes": train_bpe(pre_tokenizers.ByteLevel(add_prefix_space=False)),
        "bytes, NFC": train_bpe(pre_tokenizers.ByteLevel(add_prefix_space=False), normalizers.NFC()),
        "qwen": train_qwen(),
        "words": train_bpe(pre_tokenizers.Whitespace(), lower, byte_level=False),
    }


# name: config, tokenizer, sizes, further arguments of the config.
FAMILIES = {
    "roberta": (roberta_config, "bytes", {"hidden": 30, "layers": 2, "heads": 3, "inner": 44}, {}),
    "electra": (electra_config, "wordpiece", {"hidden": 28, "layers": 2, "heads": 2, "inner": 50}, {}),
    "distilbert": (distilbert_config, "wordpiece", {"hidden": 27, "layers": 2, "heads": 3, "inner": 40}, {}),
    "mpnet": (mpnet_config, "wordpiece", {"hidden": 32, "layers": 2, "heads": 4, "inner": 48}, {}),
    "deberta": (deberta_config, "wordpiece", {"hidden": 30, "layers": 3, "heads": 3, "inner": 44}, {"buckets": 16}),
    "deberta-unshared": (
        deberta_config,
        "wordpiece",
        {"hidden": 24, "layers": 2, "heads": 2, "inner": 36},
        {"buckets": -1, "share": False},
    ),
    "jina-v1": (jina_v1_config, "words", {"hidden": 36, "layers": 2, "heads": 6, "inner": 40}, {}),
    "gte": (gte_config, "bytes", {"hidden": 32, "layers": 2, "heads": 4, "inner": 40}, {}),
    "modernbert": (
        modernbert_config,
        "bytes, NFC",
        {"hidden": 32, "layers": 4, "heads": 2, "inner": 36},
        {"local": 24, "every": 3},
    ),
    "qwen3": (
        qwen3_config,
        "qwen",
        {"hidden": 32, "layers": 3, "heads": 4, "inner": 40},
        {"groups": 2, "head_dim": 10, "theta": 1e4},
    ),
    "qwen2": (qwen2_config, "qwen", {"hidden": 36, "layers": 2, "heads": 6, "inner": 44}, {"groups": 3}),
}
# Bi-encoders as sentence-transformers keeps them: class, pooling by the first token, prompts.
BI_ENCODERS = {
    "bi-encoder-cls": ("roberta", "RobertaModel", True, {"query": "", "document": ""}),
    "bi-encoder-mean": ("mpnet", "MPNetModel", False, {"query": "query: ", "document": "passage: "}),
}
FAMILIES["jina-v3"] = (
    jina_v3_config,
    "qwen",
    {"hidden": 32, "layers": 2, "heads": 4, "inner": 40},
    {"groups": 2, "head_dim": 8, "theta": 1e4, "projector": 12},
)
FAMILIES["electra-small"] = (
    electra_config,
    "wordpiece",
    {"hidden": 28, "layers": 2, "heads": 2, "inner": 50},
    {"embedding": 12},
)
FAMILIES["qwen3-yarn"] = (
    qwen3_config,
    "qwen",
    {"hidden": 32, "layers": 2, "heads": 4, "inner": 40},
    {
        "groups": 2,
        "head_dim": 10,
        "theta": 1e4,
        "scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 100},
    },
)
# Longer than one block of queries, so that windows cut keys off; a decoder's prompt alone fills MAX_LENGTH.
LENGTHS = {"modernbert": 230, "qwen3": 400, "qwen2": 400, "jina-v3": 8000, "qwen3-yarn": 400}


def few_cases():
    """The families after the first ones: short and long pairs, and one over the length of the model."""
    words = LONG_TEXT.split(" ")
    documents = [
        "",
        "a",
        "🚀",
        *GROUPS[3][1][:3],
        *words[30:33],
        " ".join(words[:60]),
        " ".join(words[60:75]),
        LONG_TEXT,
    ]
    return [(GROUPS[0][0], documents), (" ".join(words[:150]), [LONG_TEXT, "short"])]


def cases():
    """[(query, documents)]: multilingual, empty, odd, and both sides too long for the model."""
    documents = [text for _, role, text in TEXTS if role == "document"] + [LONG_TEXT]
    words = LONG_TEXT.split(" ")
    long_query, middle = " ".join(words[:200]), " ".join(words[40:80])
    return [
        ("Organic skincare products for sensitive skin", documents),
        ("南瓜的家常做法", [*GROUPS[3][1], "", " ", "a", "🚀", LONG_TEXT, *words[:12]]),
        # longest_first cuts the query alone, both, or hands the odd token to one side.
        (long_query, ["", "short", *GROUPS[0][1], middle, LONG_TEXT, " ".join(words[200:320])]),
        (middle, [*GROUPS[1][1], middle, LONG_TEXT, " ".join(words[60:75]), " ".join(words[60:90])]),
    ]


def golden(directory):
    """What PyTorch in float32 and the tokenizers package answer on a directory, one sequence at a time."""
    reference = Reference(directory)
    answers = []
    few = directory.name.removeprefix("tiny-") in FAMILIES | BI_ENCODERS
    chosen = few_cases() if few else cases()
    if directory.name == "tiny-jina-v3":  # short documents, of which one case fills a block and begins another
        words = LONG_TEXT.split(" ")
        chosen = [(GROUPS[0][0], few_cases()[0][1][:-1]), (GROUPS[1][0], words[:130])]
    for query, documents in chosen:
        if reference.config["architectures"] == ["JinaForRanking"]:
            encodings, logits = reference.listwise(query, documents)
        elif (directory / "modules.json").exists():
            encodings, logits = reference.cosines(query, documents)
        else:
            encodings = reference.encode_pairs(query, documents)
            logits = reference.logits(encodings)
        answers.append(
            {
                "query": query,
                "documents": documents,
                "pair_ids": [encoding.ids for encoding in encodings],
                "token_type_ids": [encoding.type_ids for encoding in encodings],
                "truncated": [bool(encoding.overflowing) for encoding in encodings],
                "logits": logits,
                "scores": torch.sigmoid(torch.tensor(logits)).tolist(),
                "order": sorted(range(len(logits)), key=lambda index: -logits[index]),
            }
        )
    return {"max_length": reference.max_length, "cases": answers}


def write_golden(path, answers):
    """golden.json, one field of a case per line."""
    blocks = []
    for case in answers["cases"]:
        fields = (f'"{key}":{json.dumps(case[key], ensure_ascii=False, separators=(",", ":"))}' for key in case)
        blocks.append("{\n" + ",\n".join(fields) + "\n}")
    text = f'{{"max_length":{answers["max_length"]},"cases":[\n' + ",\n".join(blocks) + "\n]}\n"
    path.write_text(text, encoding="utf-8")


def write_bi_encoder(directory, name, seed, tokenizers):
    """A checkpoint with the files of sentence-transformers beside it."""
    family, architecture, first, prompts = BI_ENCODERS[name]
    config, tokenizer, sizes, _ = FAMILIES[family]
    make = lambda **sizes: config(**sizes) | {"architectures": [architecture]}  # noqa: E731
    write_model(directory, seed, make, tokenizers[tokenizer], sizes, dtype=torch.float16)
    types = ["Transformer", "Pooling", "Normalize"]
    modules = [{"idx": i, "type": f"sentence_transformers.models.{name}"} for i, name in enumerate(types)]
    (directory / "1_Pooling").mkdir(exist_ok=True)
    write_json(directory / "modules.json", modules)
    write_json(
        directory / "1_Pooling" / "config.json",
        {"pooling_mode_cls_token": first, "pooling_mode_mean_tokens": not first, "include_prompt": True},
    )
    write_json(directory / "config_sentence_transformers.json", {"prompts": prompts})
    write_json(directory / "sentence_bert_config.json", {"max_seq_length": MAX_LENGTH, "do_lower_case": False})


def tokenizer_ids(tokenizer):
    """The ids of a tokenizer.json's own vocabulary, a list in Unigram and a map elsewhere."""
    vocabulary = tokenizer["model"]["vocab"]
    return vocabulary.values() if isinstance(vocabulary, dict) else range(len(vocabulary))


def write_model(directory, seed, make_config, tokenizer, sizes, length=MAX_LENGTH, **layout):
    """One checkpoint directory without its golden."""
    bert = "[CLS]" in tokenizer["model"]["vocab"]
    shift = 0 if make_config in FROM_ZERO else 2  # XLM-R counts positions from pad_token_id + 1
    vocabulary = max([*tokenizer_ids(tokenizer), *(token["id"] for token in tokenizer["added_tokens"])]) + 1
    config = make_config(vocabulary=vocabulary, positions=length + shift, **sizes)
    write_checkpoint(directory, config, random_tensors(config, seed), **layout)
    text = json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":"))
    (directory / "tokenizer.json").write_text(text + "\n", encoding="utf-8")
    names = BERT_TOKENIZER_CONFIG if bert else XLMR_TOKENIZER_CONFIG
    write_json(directory / "tokenizer_config.json", names | {"model_max_length": length})


def write_all(out, source):
    """The checkpoints. Head dimensions of 9, 20, 16, 11 and 13 leave no kernel a comfortable multiple."""
    unigram = {name: cut_unigram(source, name) for name in PIPELINES}
    small = {"hidden": 36, "layers": 3, "heads": 4, "inner": 70}
    half = {"hidden": 40, "layers": 2, "heads": 2, "inner": 96}
    split = {"hidden": 48, "layers": 2, "heads": 3, "inner": 64}
    flash = {"hidden": 44, "layers": 3, "heads": 4, "inner": 88}
    bert = {"hidden": 39, "layers": 3, "heads": 3, "inner": 78}
    write_model(out / "tiny-xlmr", 1, xlmr_config, unigram["e5"], small, position_ids=True)
    write_model(out / "tiny-xlmr-f16", 2, xlmr_config, unigram["e5"], half, dtype=torch.float16)
    write_model(
        out / "tiny-xlmr-bf16-sharded", 3, xlmr_config, unigram["current"], split, dtype=torch.bfloat16, shards=2
    )
    write_model(out / "tiny-jina-flash", 4, flash_config, unigram["legacy"], flash, dtype=torch.bfloat16, flash=True)
    write_model(out / "tiny-bert", 5, bert_config, train_wordpiece(), bert)
    write_families(out)


def write_families(out):
    """The families of the table, in half the precision: their files are small."""
    tokenizers = family_tokenizers()
    for seed, (name, (config, tokenizer, sizes, more)) in enumerate(FAMILIES.items(), 20):
        length = LENGTHS.get(name, MAX_LENGTH)
        write_model(
            out / f"tiny-{name}", seed, config, tokenizers[tokenizer], sizes | more, length, dtype=torch.float16
        )
    for seed, name in enumerate(BI_ENCODERS, 50):
        write_bi_encoder(out / f"tiny-{name}", name, seed, tokenizers)


def main():
    """Write, or with --check only compare."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "tests" / "data")
    parser.add_argument("--tokenizer", type=Path, default=ROOT / "models" / "default" / "tokenizer.json")
    parser.add_argument("--families", action="store_true", help="write only those of FAMILIES")
    parser.add_argument("--check", action="store_true", help="compare the goldens with a fresh computation")
    args = parser.parse_args()
    if not args.check:
        write_families(args.out) if args.families else write_all(args.out, args.tokenizer)
    for directory in sorted(set(args.out.glob("tiny-*")) - {args.out / "tiny-interaction"}):
        if args.families and directory.name.removeprefix("tiny-") not in FAMILIES | BI_ENCODERS:
            continue
        answers = golden(directory)
        logits = torch.tensor([logit for case in answers["cases"] for logit in case["logits"]])
        worst = float("nan")
        if (directory / "golden.json").exists():
            stored = read_json(directory / "golden.json")["cases"]
            before = torch.tensor([logit for case in stored for logit in case["logits"]])
            worst = (logits - before).abs().max().item() if len(before) == len(logits) else float("inf")
        if not args.check:
            write_golden(directory / "golden.json", answers)
        size = sum(file.stat().st_size for file in directory.rglob("*"))
        print(
            f"{directory.name:24} {len(logits)} pairs, logits {logits.min():.2f}..{logits.max():.2f} "
            f"std {logits.std():.2f}, {size} bytes, largest change {worst:.1e}"
        )
        if args.check and not worst < 1e-5:
            raise SystemExit(f"{directory}: golden.json does not match")


if __name__ == "__main__":
    main()
