"""What long documents cost: memory above the model, and tokens a second against the same text as short pairs.

    python scripts/long_documents.py --podium build/podium [--model DIR] [--tokens 524288] [--documents 100]

The documents are written to a scratch folder as JSONL and streamed from there. Memory is the most that the process
ever held (VmHWM), less what it holds for one short document. With --memory or --speed only that half is measured.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORDS = (
    "the river rose after three days of rain and the bridge was closed to heavy traffic while engineers looked at its "
    "piers; Grüner Tee zieht drei Minuten, schwarzer vier; le conseil municipal a voté le budget de l'année prochaine; "
    "\"nobody knew\", she said, 'why' it had 42 rooms.\n"
).split(" ")
QUERY = "Which bridge was closed after the rain?"
TOKENS_A_WORD = 1.3  # about, in vocabularies of a quarter of a million pieces


def text(words, seed):
    generator = random.Random(seed)
    return " ".join(generator.choice(WORDS) for _ in range(words))


def write_documents(path, count, words):
    with path.open("w", encoding="utf-8") as file:
        for index in range(count):
            file.write(json.dumps({"id": index, "text": text(words, index)}, ensure_ascii=False) + "\n")


def peak_of(process):
    """The most memory a running process has held so far, in bytes; 0 once it is gone."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)


def rank(podium, model, path, *options):
    """(answer, peak memory in bytes, seconds) of a ranking whose documents are not printed."""
    command = [podium, "rank", *(["--model", model] if model else []), "--query", QUERY, "--top-n", "1"]
    start = time.monotonic()
    peak = 0
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen([*command, *options, path], stdout=out)
        while process.poll() is None:
            peak = max(peak, peak_of(process))
            time.sleep(0.002)
        if process.returncode != 0:
            sys.exit(f"podium rank ended with status {process.returncode}")
        out.seek(0)
        return out.read().decode(), peak, time.monotonic() - start


def measure_memory(args, scratch):
    short, one, many = (scratch / name for name in ("short.jsonl", "one.jsonl", "many.jsonl"))
    words = int(args.tokens / TOKENS_A_WORD)
    write_documents(short, 1, 50)
    write_documents(one, 1, words)
    write_documents(many, args.documents, words)
    _, model, _ = rank(args.podium, args.model, short)
    print(f"model and one short document   {model / 2**20:7.1f} MiB")
    for name, path in (("one long document", one), (f"{args.documents} of them", many)):
        _, peak, seconds = rank(args.podium, args.model, path)
        size = path.stat().st_size / 2**20
        print(
            f"{name:30} {peak / 2**20:7.1f} MiB, {(peak - model) / 2**20:5.1f} above; {size:.0f} MiB in {seconds:.0f} s"
        )


def speed(args, path):
    """Tokens a second through tokenizer and encoder, special tokens and queries included."""
    answer = json.loads(rank(args.podium, args.model, path, "--format", "json")[0])
    milliseconds = answer["timings"]["tokenize_ms"] + answer["timings"]["encode_ms"]
    return answer["usage"]["total_tokens"] / milliseconds * 1000


def measure_speed(args, scratch):
    """Interleaved, the best of three each."""
    words = text(args.words, 0).split(" ")
    cuts = {"long document": len(words), "pairs of a window": args.window_words, "pairs of 100 words": 100}
    best = dict.fromkeys(cuts, 0.0)
    for name, length in cuts.items():
        with (scratch / name).open("w", encoding="utf-8") as file:
            for at in range(0, len(words), length):
                file.write(json.dumps(" ".join(words[at : at + length])) + "\n")
    for _ in range(3):
        for name in cuts:
            best[name] = max(best[name], speed(args, scratch / name))
    for name, found in best.items():
        print(f"{name:20} {found:9.0f} tokens/s   {found / best['long document']:.2f} of the long document's")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--podium", default="build/podium")
    parser.add_argument("--model", help="model directory (default: the built-in model)")
    parser.add_argument("--tokens", type=int, default=524288, help="of a long document, about")
    parser.add_argument("--documents", type=int, default=100)
    parser.add_argument("--words", type=int, default=12000, help="of the text whose speed is measured")
    parser.add_argument("--window-words", type=int, default=300, help="that about fill a window of the model")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--speed", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if args.memory or not args.speed:
            measure_memory(args, Path(folder))
        if args.speed or not args.memory:
            measure_speed(args, Path(folder))


if __name__ == "__main__":
    main()
