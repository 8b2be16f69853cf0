"""Documents longer than any model reads: memory, passages, snippets. Usage: test_long_documents.py PROGRAM"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
from long_documents import rank, text, write_documents  # noqa: E402

PROGRAM = "podium"
TINY = ROOT / "tests/data/tiny-xlmr"  # 96 tokens a window
MOST = 64 << 20  # above the model, whatever is ranked
NEEDLE = "Marmots hibernate for seven months in burrows that they line with hay."


def podium(*arguments, stdin=b""):
    return subprocess.run([PROGRAM, *arguments], input=stdin, capture_output=True, cwd=ROOT, timeout=120, check=False)


def haystack(sentences):
    """English about nothing, the needle in its middle, with characters of two to four bytes."""
    filler = ["The committee met again on Tuesday – without a result. 🚀 Größe égale."] * sentences
    filler[sentences // 2] = NEEDLE
    return " ".join(filler)


class Memory(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def file(self, name, count, words):
        path = Path(self.folder.name, name)
        write_documents(path, count, words)
        return path

    def test_does_not_grow_with_the_documents(self):
        """A million tokens of a tiny model's; scripts/long_documents.py measures what ships, on 50 times as much."""
        _, model, _ = rank(PROGRAM, TINY, self.file("short", 1, 50))
        peaks = []
        for count, words in ((1, 40_000), (1, 320_000), (4, 80_000)):
            answer, peak, _ = rank(PROGRAM, TINY, self.file(f"{count} of {words}", count, words))
            self.assertIn(f"{count} documents", answer)
            self.assertLess(peak - model, MOST, (count, words))
            peaks.append(peak)
        # Eight times the length, and a line of JSON that is looked at as a whole.
        self.assertLess(peaks[1] - peaks[0], 24 << 20, peaks)

    def test_plain_lines_too(self):
        path = Path(self.folder.name, "lines")
        path.write_text("\n".join(text(40_000, seed).replace("\n", " ") for seed in range(3)), encoding="utf-8")
        _, model, _ = rank(PROGRAM, TINY, self.file("short", 1, 50))
        _, peak, _ = rank(PROGRAM, TINY, path)
        self.assertLess(peak - model, MOST)


class Passages(unittest.TestCase):
    query = ("--query", "How long do marmots sleep in winter?")

    def test_come_with_character_offsets(self):
        document = haystack(120)
        run = podium(
            "rank",
            *self.query,
            "--passages",
            "3",
            "-f",
            "json",
            "--input",
            "json",
            stdin=json.dumps([{"text": document}, "Nothing here.", {"text": "  "}]).encode(),
        )
        self.assertEqual(run.returncode, 0, run.stderr)
        first, *others = sorted(json.loads(run.stdout)["results"], key=lambda result: result["index"])
        self.assertEqual((first["index"], first["truncated"]), (0, False))
        self.assertGreater(first["windows"], 1)
        self.assertEqual(len(first["passages"]), 3)
        self.assertIn(NEEDLE, first["passages"][0]["text"])
        scores = [passage["relevance_score"] for passage in first["passages"]]
        self.assertEqual(scores, sorted(scores, reverse=True))
        for passage in first["passages"]:
            self.assertEqual(document[passage["start"] : passage["end"]], passage["text"])
        spans = sorted((p["start"], p["end"]) for p in first["passages"])
        self.assertTrue(all(a[1] <= b[0] for a, b in zip(spans, spans[1:], strict=False)))
        self.assertEqual([len(other["passages"]) for other in others if other["index"] == 1], [1])
        self.assertEqual([other["passages"] for other in others if other["index"] == 2], [[]])

    def test_the_document_scores_as_without_them(self):
        lines = f"{haystack(60)}\n{NEEDLE}\nTrains to Hamburg leave hourly.".encode()
        runs = [podium("rank", *self.query, "-f", "json", *more, stdin=lines) for more in ((), ("--passages", "2"))]
        plain, with_passages = (json.loads(run.stdout)["results"] for run in runs)
        for a, b in zip(plain, with_passages, strict=True):
            self.assertEqual((a["index"], a["relevance_score"]), (b["index"], b["relevance_score"]))

    def test_snippets_of_one_text(self):
        document = haystack(200)
        run = podium("snippets", *self.query, "-n", "2", "-f", "json", stdin=document.encode())
        self.assertEqual(run.returncode, 0, run.stderr)
        answer = json.loads(run.stdout)
        self.assertIn(NEEDLE, answer["passages"][0]["text"])
        self.assertEqual(len(answer["passages"]), 2)
        table = podium("snippets", *self.query, stdin=document.encode()).stdout.decode()
        self.assertIn("Marmots hibernate", table.splitlines()[1])
        for bad in (b"", b" \n", b"\xff"):
            self.assertEqual(podium("snippets", *self.query, "-", stdin=bad).returncode, 2)

    def test_search_results(self):
        found = [
            {"url": "https://a.example/trains", "title": "Trains", "snippet": "To Hamburg hourly."},
            {"url": "https://a.example/marmots", "title": "Winter sleep", "snippet": NEEDLE, "rank": 7},
        ]
        run = podium("rank", *self.query, "--urls", stdin=json.dumps(found).encode())
        self.assertIn("https://a.example/marmots", run.stdout.decode().splitlines()[1])
        run = podium("rank", *self.query, "--urls", "-f", "jsonl", stdin="\n".join(map(json.dumps, found)).encode())
        self.assertEqual(json.loads(run.stdout.splitlines()[0])["document"], found[1])
        run = podium("rank", *self.query, "--urls", stdin=b'[{"title": "no address"}]')
        self.assertEqual(run.returncode, 2)
        self.assertIn(b'has no "url"', run.stderr)

    def test_listwise_models_say_that_they_have_none(self):
        run = podium("rank", *self.query, "--model", "tests/data/tiny-jina-v3", "--passages", "1", stdin=b"a\nb")
        self.assertEqual(run.returncode, 2)
        self.assertIn(b"no passages", run.stderr)


if __name__ == "__main__":
    PROGRAM = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
