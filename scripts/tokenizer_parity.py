#!/usr/bin/env python3
"""Compare Podium's tokens and offsets with those of Hugging Face `tokenizers` on real text.

Lines come from ../shared/data, query and passage text of all its languages, and from the package
descriptions that apt has on this machine. Every line goes through each tokenizer on both sides;
ids and character offsets must be equal. Prints a table by language and every difference; exits
with 1 if a difference is left that is not known and explained.
"""

import argparse
import collections
import gzip
import json
import pathlib
import random
import subprocess
import sys
import tempfile

from tokenizers import Tokenizer

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"
CHUNK = 20000
# What the charsmap of XLM-R deletes. Hugging Face gives what follows a deletion at the start of a
# text, or one behind a character that became several, the offsets of the character before it.
DELETED = {chr(c) for c in [*range(1, 9), 0xB, *range(0xE, 0x20), 0x7F, 0x8F, 0x9F]}


def texts_of(row):
    """Yields (language, text) for the texts of a row of train or dev data."""
    for key, language in (("query", "lang_q"), ("pos", "lang_d"), ("neg", "lang_d"),
                          ("text", "lang"), ("title", "lang")):
        texts = row.get(key) or []
        for text in [texts] if isinstance(texts, str) else texts:
            yield row.get(language) or "?", text


def data_rows():
    for path in sorted(DATA.glob("train/*.jsonl.gz")) + sorted(DATA.glob("dev/*/[qc]*.jsonl.gz")):
        if path.name.startswith("candidates"):
            continue
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)


def apt_descriptions():
    """Yields (language, line) of the translated package descriptions in apt's lists, if any."""
    for path in sorted(pathlib.Path("/var/lib/apt/lists").glob("*_i18n_Translation-*")):
        if path.suffix:  # compressed in some way
            continue
        language = path.name.rsplit("Translation-", 1)[1]
        for line in path.read_text("utf-8", errors="replace").splitlines():
            text = line.split(": ", 1)[-1] if line.startswith("Description") else line.strip()
            yield language, text


def collect(wanted, seed):
    """Distinct lines by language: all of the small languages, an even share of the large ones."""
    seen = collections.defaultdict(dict)
    for language, text in [p for row in data_rows() for p in texts_of(row)]:
        lines = seen[language]
        for line in text.splitlines():
            if line.strip() and len(lines) < wanted:
                lines[line] = None
    for language, line in apt_descriptions():
        if line and len(seen[language]) < wanted:
            seen[language][line] = None
    generator = random.Random(seed)
    left, out = wanted, {}
    by_size = sorted(seen.items(), key=lambda item: len(item[1]))
    for done, (language, lines) in enumerate(by_size):
        share = -(-left // (len(by_size) - done))
        out[language] = generator.sample(sorted(lines), min(share, len(lines)))
        left -= len(out[language])
    naughty = DATA / "bad-input" / "naughty-strings.json"
    if naughty.exists():
        out["naughty"] = [s for s in json.loads(naughty.read_text("utf-8")) if s]
    return out


def published_spelling(spec):
    """XLM-R as the original conversion writes it."""
    spec = json.loads(json.dumps(spec))
    parts = spec["normalizer"].get("normalizers", [spec["normalizer"]])
    spec["normalizer"] = next(part for part in parts if part["type"] == "Precompiled")
    metaspace = {"type": "Metaspace", "replacement": "▁", "str_rep": "▁", "add_prefix_space": True}
    spec["pre_tokenizer"] = {"type": "Sequence",
                             "pretokenizers": [{"type": "WhitespaceSplit"}, metaspace]}
    for token in spec["added_tokens"]:
        token["lstrip"] = token["content"] == "<mask>"
    return spec


def cased(spec):
    """A BERT tokenizer with the normalizer of the cased models."""
    spec = json.loads(json.dumps(spec))
    spec["normalizer"] |= {"lowercase": False, "strip_accents": None}
    return spec


def tokenizers(paths):
    """Yields (name, tokenizer.json as an object)."""
    for path in paths:
        spec = json.loads(pathlib.Path(path).read_text("utf-8"))
        name = pathlib.Path(path).parent.name
        yield name, spec
        if spec["model"].get("type") == "Unigram":
            yield f"{name}, published spelling", published_spelling(spec)
        else:
            yield f"{name}, cased", cased(spec)


def ours(driver, path, lines):
    text = "".join(json.dumps(line) + "\n" for line in lines)
    run = subprocess.run([driver, path, "match"], input=text, capture_output=True, text=True,
                         check=False)
    if run.returncode != 0:
        sys.exit(f"{driver} failed: {run.stderr}")
    return [json.loads(line) for line in run.stdout.splitlines()]


def explanation(line, ids_equal, has_charsmap):
    if ids_equal and has_charsmap and DELETED & set(line):
        return "offsets after a deleted character"
    return None


def compare(name, spec, corpus, driver):
    """Prints the table of one tokenizer; returns how many differences are not explained."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(spec, file, ensure_ascii=False)
        file.flush()
        theirs = Tokenizer.from_file(file.name)
        theirs.no_truncation()
        theirs.no_padding()
        has_charsmap = "Precompiled" in json.dumps(spec["normalizer"])[:200]
        print(f"\n{name}\n{'language':<12}{'lines':>9}{'tokens':>11}{'different':>11}{'explained':>11}")
        totals = collections.Counter()
        for language, lines in sorted(corpus.items()):
            row = collections.Counter(lines=len(lines))
            for start in range(0, len(lines), CHUNK):
                chunk = lines[start:start + CHUNK]
                pairs = zip(chunk, theirs.encode_batch(chunk, add_special_tokens=False),
                            ours(driver, file.name, chunk), strict=True)
                for line, their, our in pairs:
                    row["tokens"] += len(their.ids)
                    offsets = [list(pair) for pair in their.offsets]
                    if their.ids == our["ids"] and offsets == our["offsets"]:
                        continue
                    why = explanation(line, their.ids == our["ids"], has_charsmap)
                    row["different"] += 1
                    row["explained"] += why is not None
                    print(f"  {language}: {line!r}\n    {why or 'NOT EXPLAINED'}\n"
                          f"    theirs {their.ids} {offsets}\n"
                          f"    ours   {our['ids']} {our['offsets']}")
            totals.update(row)
            print(f"{language:<12}{row['lines']:>9}{row['tokens']:>11}{row['different']:>11}"
                  f"{row['explained']:>11}", flush=True)
    print(f"{len(corpus)} languages{'':<1}{totals['lines']:>8}{totals['tokens']:>11}"
          f"{totals['different']:>11}{totals['explained']:>11}")
    return totals["different"] - totals["explained"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--podium", default="build/podium",
                        help="the program; tokenize_lines is looked for beside it")
    parser.add_argument("--lines", type=int, default=200000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tokenizer", action="append", metavar="TOKENIZER_JSON",
                        help="may be repeated; default: that of the default model")
    arguments = parser.parse_args()
    if not DATA.exists():
        sys.exit(f"no data: {DATA} is missing")
    driver = str(pathlib.Path(arguments.podium).resolve().parent / "tokenize_lines")
    corpus = collect(arguments.lines, arguments.seed)
    paths = arguments.tokenizer or [ROOT / "models" / "default" / "tokenizer.json"]
    unexplained = sum(compare(name, spec, corpus, driver) for name, spec in tokenizers(paths))
    print(f"\n{unexplained} unexplained differences")
    sys.exit(1 if unexplained else 0)


if __name__ == "__main__":
    main()
