"""Requests and what each API answers to them, from pairs/DIALECT.jsonl (one pair a line), replayed against a server.

A pair has a path, a body (or `raw` text), the status, and the shape of the answer: an object has exactly those
members in that order; [SHAPE] and [SHAPE, COUNT] are arrays; "string", "number", "integer", "boolean", "null" and
"any" are types; "=text", numbers, true and false stand for themselves. `best` names the list that is ordered and the
index of its first result. LONG in a request is a text beyond every model's length.
"""

import json
import re
import unittest
from pathlib import Path

from serving import Server

FOLDER = Path(__file__).with_name("pairs")
LONG = "a long text without an end " * 3000
TYPES = {"string": str, "number": (int, float), "integer": int, "boolean": bool, "null": type(None), "any": object}


def mismatch(value, shape, where="answer"):
    """Why a value has not that shape; None if it has."""
    if isinstance(shape, str) and shape.startswith("="):
        return None if value == shape[1:] else f"{where} is {value!r}, not {shape[1:]!r}"
    if isinstance(shape, str):
        fits = isinstance(value, TYPES[shape]) and (shape in ("boolean", "any") or not isinstance(value, bool))
        return None if fits else f"{where} is {value!r}, not {shape}"
    if isinstance(shape, dict):
        if not isinstance(value, dict) or list(value) != list(shape):
            return f"{where} has {list(value) if isinstance(value, dict) else value!r}, not {list(shape)}"
        return next(filter(None, (mismatch(value[key], shape[key], f"{where}.{key}") for key in shape)), None)
    if isinstance(shape, list):
        if not isinstance(value, list) or len(shape) > 1 and len(value) != shape[1]:
            return f"{where} is {value!r}, not {shape}"
        if len(shape) == 1 and isinstance(shape[0], int):
            return None if value == shape else f"{where} is {value!r}, not {shape}"
        return next(filter(None, (mismatch(v, shape[0], f"{where}[{i}]") for i, v in enumerate(value))), None)
    return None if value == shape and type(value) is type(shape) else f"{where} is {value!r}, not {shape!r}"


class Pairs(unittest.TestCase):
    def replay(self, server, file):
        for line in file.read_text().splitlines():
            pair = json.loads(line.replace('"LONG', f'"{LONG}'))
            body = pair["raw"].encode() if "raw" in pair else pair.get("body")
            status, headers, text = server.request(pair.get("method", "POST"), pair["path"], body, pair.get("headers"))
            with self.subTest(dialect=file.stem, name=pair["name"]):
                self.assertEqual(status, pair["status"], text[:300])
                for name, value in pair.get("response_headers", {}).items():
                    self.assertEqual(headers[name], value, name)
                if pair.get("empty"):
                    self.assertEqual(text, b"")
                    continue
                answer = json.loads(text)
                self.assertIsNone(mismatch(answer, pair["shape"]))
                if "best" in pair:
                    results = answer[pair["best"][0]] if pair["best"][0] else answer
                    scores = [next(r[key] for key in r if key.lower().endswith("score")) for r in results]
                    self.assertEqual(scores, sorted(scores, reverse=True))
                    self.assertEqual(results[0]["index"], pair["best"][1])

    def test_every_dialect(self):
        with Server() as server:
            for file in sorted(FOLDER.glob("*.jsonl")):
                if file.stem != "jina-strict":
                    self.replay(server, file)

    def test_strict_jina(self):
        with Server("--strict-jina") as server:
            self.replay(server, FOLDER / "jina-strict.jsonl")

    def test_every_dialect_has_pairs(self):
        folder = FOLDER.parents[2] / "src" / "server" / "api"
        sources = "".join(file.read_text() for file in folder.glob("*.cc"))
        names = set(re.findall(r'^const Dialect k\w+\{\s*"(\w+)"', sources, re.MULTILINE))
        self.assertGreater(len(names), 15)
        self.assertLessEqual(names - {"mcp"}, {file.stem for file in FOLDER.glob("*.jsonl")})


if __name__ == "__main__":
    unittest.main()
