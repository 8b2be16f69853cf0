"""The podium program as people run it: exit status, messages, output. Usage: test_cli.py PROGRAM"""

import contextlib
import fcntl
import itertools
import json
import os
import pty
import re
import select
import shlex
import sqlite3
import struct
import subprocess
import sys
import tempfile
import termios
import unittest
from pathlib import Path

PROGRAM = "podium"
SCRATCH = tempfile.TemporaryDirectory()
KEYS = Path(SCRATCH.name, "keys.db")
ROOT = Path(__file__).resolve().parents[2]
COMMANDS = "rank tools schema pull snippets tokenize inspect eval serve bench keys mcp doctor".split()

CAST_IRON = "how to clean a cast iron pan"
PAN = "Eine gusseiserne Pfanne spült man mit heißem Wasser und reibt sie mit Öl ein."
TRAIN = "The train to Hamburg leaves from platform seven."
CATS = "Les chats dorment jusqu'à seize heures par jour."


def podium(*arguments, stdin=b"", **environment):
    if isinstance(stdin, str):
        stdin = stdin.encode()
    env = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR")}
    env["PODIUM_KEYS"] = str(KEYS)  # not the user's own
    return subprocess.run(
        [PROGRAM, *arguments],
        input=stdin,
        capture_output=True,
        cwd=ROOT,
        timeout=120,
        check=False,
        env=env | environment,
    )


def rank(documents, *arguments, query=CAST_IRON):
    return podium("rank", "--query", query, *arguments, stdin=documents)


def results(documents, *arguments, **options):
    run = rank(documents, "--format", "json", *arguments, **options)
    if run.returncode != 0:
        raise AssertionError(run.stderr.decode())
    return json.loads(run.stdout)["results"]


class Case(unittest.TestCase):
    def assert_refused(self, run, *in_message):
        """Exit 2, one line of message, at most one of hint, nothing on standard output."""
        message = run.stderr.decode()
        self.assertEqual(run.returncode, 2, message)
        self.assertEqual(run.stdout, b"")
        self.assertRegex(message, r"\Apodium: [^\n]+\n(hint: [^\n]+\n)?\Z")
        for part in in_message:
            self.assertIn(part, message)


class Usage(Case):
    def test_version(self):
        run = podium("--version")
        self.assertRegex(run.stdout.decode(), r"\Apodium \d+\.\d+\.\d+\n\Z")
        self.assertEqual(run.returncode, 0)

    def test_help_names_every_command(self):
        for spelling in ("--help", "-h", "help"):
            run = podium(spelling)
            self.assertEqual(run.returncode, 0)
            for command in COMMANDS:
                self.assertIn(f"\n  {command} ", run.stdout.decode())

    def test_no_command(self):
        run = podium()
        self.assertEqual(run.returncode, 2)
        self.assertIn(b"usage: podium <command>", run.stderr)

    def test_help_fits_eighty_columns(self):
        for command in [None, *COMMANDS]:
            run = podium(*([command] if command else []), "--help")
            for line in run.stdout.decode().splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_examples_in_the_help_work(self):
        for command in [None, *COMMANDS]:
            if command == "pull":  # wants the network
                continue
            help_text = podium(*([command] if command else []), "--help").stdout.decode()
            example = help_text.split("example:\n")[1].strip()
            self.assertTrue(example.startswith("podium "), example)
            message = '{"jsonrpc": "2.0", "id": 1, "method": "ping"}' if command == "mcp" else ""
            run = podium(*shlex.split(example)[1:], *(["--check"] if command == "serve" else []), stdin=message)
            self.assertEqual(run.returncode, 0, f"{example}\n{run.stderr.decode()}")
            self.assertTrue(run.stdout)

    def test_slips_are_answered_with_the_nearest_name(self):
        for arguments, message, hint in [
            (["rnak"], "unknown command rnak", "Did you mean rank?"),
            (["--hlep"], "unknown option --hlep", "Did you mean --help?"),
            (["rank", "--qurey", "x"], "unknown option --qurey", "Did you mean --query?"),
            (["rank", "--query", "x", "--topn=3"], "unknown option --topn", "Did you mean --top-n?"),
            (["frobnicate"], "unknown command frobnicate", "podium --help lists the commands."),
        ]:
            self.assert_refused(podium(*arguments), message, hint)

    def test_wrong_values(self):
        for arguments, message in [
            ([], "--query is required"),
            (["--query"], "--query needs a value"),
            (["--query", "a", "--query", "b"], "--query was given more than once"),
            (["--query", ""], "the query is empty"),
            (["--query", " \t\n"], "the query is empty"),
            (["--query", "x", "--top-n", "0"], "--top-n takes a whole number of 1 or more, not '0'"),
            (["--query", "x", "--top-n", "-1"], "not '-1'"),
            (["--query", "x", "--top-n", "2.5"], "not '2.5'"),
            (["--query", "x", "--top-n", "9" * 30], "--top-n takes a whole number"),
            (["--query", "x", "--threads", "none"], "--threads takes a whole number"),
            (["--query", "x", "--format", "xml"], "--format takes table|json|jsonl, not 'xml'"),
            (["--query", "x", "--score", "best"], "--score takes relevance|logit, not 'best'"),
            (["--query", "x", "--special-tokens", "no"], "--special-tokens takes text|match"),
            (["--query", "x", "a.txt", "b.txt"], "unexpected argument 'b.txt'"),
            (["--query", "x", "--max-length", "1"], "max_length 1"),
            (["--query", "x", "--max-length", "1000000"], "max_length 1000000"),
            (["--query", "x", "--model", "/no/such/model"], "/no/such/model"),
            (["--query", "x", "--model", "examples"], "examples"),
        ]:
            with self.subTest(arguments=arguments):
                self.assert_refused(podium("rank", *arguments, stdin="a\nb\n"), message)

    def test_query_that_is_not_utf8(self):
        self.assert_refused(podium("rank", "--query", b"a\xff", stdin="a"), "query", "byte 2")


class BadDocuments(Case):
    def test_files(self):
        self.assert_refused(podium("rank", "-q", "x", "/no/such/file"), "/no/such/file", "No such file")
        self.assert_refused(podium("rank", "-q", "x", "/tmp"), "/tmp is a directory")
        with tempfile.NamedTemporaryFile() as empty:
            self.assert_refused(podium("rank", "-q", "x", empty.name), empty.name, "no documents")

    def test_contents(self):
        for documents, message in [
            (b"", "standard input holds no documents"),
            (b"\n \r\n\t\n", "standard input holds no documents"),
            (b"[]", "standard input holds no documents"),
            (b"good\nb\xff", "line 2 is not valid UTF-8 at byte 2 (0xFF)"),
            (b"\xff\xfea\0", "UTF-16"),
            (b"\x7fELF\x02\x01\x01\0\0\xd0\xe0", "not valid UTF-8"),
            (b'"a"\n{"text": }', "line 2 is not valid JSON"),
            (b'"a"\n\n7', "line 3 is a number, not text"),
            (b'{"id": 1}', 'line 1 has no "text"'),
            (b'{"text": 5}', 'line 1 has a "text" that is a number'),
            (b'{"text": null}', 'line 1 has a "text" that is null'),
            (b'"\\ud800"', "\\ud800"),
            (b'["a", null]', "element 2 (line 1) is null, not text"),
            (b'["a", "b"', "never closed"),
            (b'["a"] ["b"]', "more text after the JSON array"),
            (b"[" * 100000 + b'"', "is not valid JSON"),
        ]:
            with self.subTest(documents=documents[:40]):
                if documents.startswith(b"[["):
                    run = rank(documents, "--input", "json")
                else:
                    run = rank(documents)
                self.assert_refused(run, message)


class Rank(Case):
    def test_json_output(self):
        documents = [TRAIN, {"id": 9, "text": PAN, "tags": ["a", {"b": 1.50}]}, CATS]
        run = rank(json.dumps(documents), "--format", "json")
        self.assertEqual(run.returncode, 0, run.stderr.decode())
        self.assertEqual(run.stderr, b"")
        answer = json.loads(run.stdout)
        self.assertEqual(list(answer), ["model", "results", "usage", "timings"])
        self.assertEqual(answer["results"][0]["document"], documents[1])
        self.assertEqual(answer["results"][0]["index"], 1)
        self.assertEqual(sorted(r["index"] for r in answer["results"]), [0, 1, 2])
        for result in answer["results"]:
            self.assertEqual(
                list(result), ["index", "relevance_score", "document", "tokens", "windows", "truncated", "depth"]
            )
            self.assertEqual(result["document"], documents[result["index"]])
            self.assertGreaterEqual(result["relevance_score"], 0)
            self.assertLessEqual(result["relevance_score"], 1)
            self.assertFalse(result["truncated"])
        scores = [r["relevance_score"] for r in answer["results"]]
        self.assertEqual(scores, sorted(scores, reverse=True))
        self.assertGreater(answer["usage"]["query_tokens"], 0)
        self.assertGreaterEqual(answer["usage"]["total_tokens"], sum(r["tokens"] for r in answer["results"]))
        timings = answer["timings"]
        self.assertEqual(list(timings), ["load_ms", "tokenize_ms", "encode_ms", "total_ms"])
        self.assertGreaterEqual(timings["total_ms"], timings["load_ms"] + timings["encode_ms"])

    def test_every_way_in_gives_the_same_scores(self):
        texts = [TRAIN, PAN, CATS]
        lines = "\n".join(texts)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "docs")
            path.write_text(lines)
            fifo = Path(folder, "pipe")
            os.mkfifo(fifo)
            with subprocess.Popen(["cp", path, fifo]):
                piped = results("", str(fifo))
            expected = results("", str(path))
            self.assertEqual(piped, expected)
        self.assertEqual([r["index"] for r in expected][0], 1)
        self.assertEqual(results(lines), expected)
        self.assertEqual(results(lines, "-"), expected)
        self.assertEqual(results(json.dumps(texts)), expected)
        self.assertEqual(results("\r\n\r\n".join(json.dumps(t) for t in texts)), expected)
        objects = results("\n".join(json.dumps({"text": t}) for t in texts))
        for one, other in itertools.zip_longest(objects, expected):
            self.assertEqual(one | {"document": one["document"]["text"]}, other)

    def test_jsonl_is_the_results_of_json(self):
        documents = f"{TRAIN}\n{PAN}\n{CATS}"
        lines = rank(documents, "--format", "jsonl").stdout.decode().splitlines()
        self.assertEqual([json.loads(line) for line in lines], results(documents))

    def test_top_n(self):
        documents = f"{TRAIN}\n{PAN}\n{CATS}"
        everything = results(documents)
        for n in (1, 2, 3, 100):
            self.assertEqual(results(documents, "--top-n", str(n)), everything[:n])

    def test_ties_keep_the_order_of_the_input(self):
        found = results(f"{TRAIN}\n{PAN}\n{TRAIN}\n{PAN}\n{TRAIN}")
        self.assertEqual([r["index"] for r in found], [1, 3, 0, 2, 4])
        self.assertEqual(found[0]["relevance_score"], found[1]["relevance_score"])

    def test_threads_do_not_change_scores(self):
        documents = Path(ROOT, "examples/kitchen.txt").read_text()
        self.assertEqual(results(documents, "--threads", "1"), results(documents, "--threads", "3"))

    def test_logits(self):
        documents = f"{TRAIN}\n{PAN}"
        relevance = results(documents)
        for spelling in ("--score", "--scores"):
            logits = results(documents, spelling, "logit")
            self.assertEqual([r["index"] for r in logits], [r["index"] for r in relevance])
            self.assertTrue(any(not 0 <= r["relevance_score"] <= 1 for r in logits))

    def test_odd_documents_rank(self):
        odd = ["", " ", "\0", "a\0b", "</s><mask>", "e\u0301" * 50, "👩‍💻🏳️‍🌈", "\u202e", "x" * 5000]
        found = sorted(results(json.dumps(odd)), key=lambda result: result["index"])
        self.assertEqual([result["document"] for result in found], odd)

    def test_nul_in_a_line_is_text(self):
        self.assertEqual(results(b"a\0b\r\n")[0]["document"], "a\0b")

    def test_long_documents_are_read_in_windows(self):
        needle = "filler words about nothing " * 400 + "Clean a cast iron pan with hot water, rub it with oil."
        first, *others = results(f"{TRAIN}\n{needle}\n{CATS}")
        self.assertEqual((first["index"], first["truncated"]), (1, False))
        self.assertGreater(first["windows"], 3)
        self.assertEqual([other["windows"] for other in others], [1, 1])
        (found,) = (r for r in results(f"{TRAIN}\n{needle}\n{CATS}", "--aggregation", "first") if r["index"] == 1)
        self.assertEqual((found["windows"], found["truncated"]), (1, True))
        self.assertLess(found["relevance_score"], first["relevance_score"])

    def test_what_is_cut_is_said(self):
        long = "word " * 3000
        run = rank(f"{PAN}\n{long}\n{CATS}\n{long}", "--format", "json", "--top-n", "1", "--max-windows", "2")
        self.assertEqual(run.returncode, 0)
        self.assertRegex(
            run.stderr.decode(),
            r"\Apodium: 2 of 4 documents, or the query beside them, were cut to fit \(index 1, 3\)\n\Z",
        )
        run = rank("\n".join([long] * 20), "--format", "jsonl", "--max-length", "16", "--aggregation", "first")
        self.assertTrue(all(json.loads(line)["truncated"] for line in run.stdout.splitlines()))
        self.assertIn("20 of 20 documents", run.stderr.decode())
        self.assertIn("(index 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …)", run.stderr.decode())

    def test_huge_line(self):
        (found,) = results(b"a" * 10_000_000, "--max-tokens-per-doc", "600")
        self.assertTrue(found["truncated"])
        self.assertEqual(len(found["document"]), 10_000_000)

    def test_examples_rank_as_their_readme_says(self):
        readme = Path(ROOT, "examples/README.md").read_text()
        commands = re.findall(r"^(podium (?:rank|tools|schema) .*)$\n^# first: (.*)$", readme, re.MULTILINE)
        self.assertGreaterEqual(len(commands), 5)
        for command, first in commands:
            with self.subTest(command=command):
                run = podium(*shlex.split(command)[1:], "--format", "jsonl", "--top-n", "1")
                best = json.loads(run.stdout.splitlines()[0])["document"]
                self.assertIn(first, json.dumps(best, ensure_ascii=False))


class Structured(Case):
    def read(self, command, request, name, content, *arguments):
        """The results of a command on a file of that name."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, name)
            path.write_text(content)
            option = "--query" if command == "rank" else "--for"
            run = podium(command, option, request, "--format", "json", *arguments, str(path))
        self.assertEqual(run.returncode, 0, run.stderr.decode())
        return json.loads(run.stdout)["results"]

    def test_rows_and_fields(self):
        rows = f'id,title,body\n7,travel,"{TRAIN}"\n8,kitchen,"{PAN}"\n'
        best, _ = self.read("rank", CAST_IRON, "x.csv", rows)
        self.assertEqual((best["index"], best["document"]), (1, {"id": "8", "title": "kitchen", "body": PAN}))
        best, _ = self.read("rank", CAST_IRON, "x.csv", rows, "--fields", "body")
        (plain,) = results(PAN)
        self.assertEqual(best["relevance_score"], plain["relevance_score"])
        objects = "\n".join(json.dumps({"id": i, "title": "t", "body": text}) for i, text in enumerate([TRAIN, PAN]))
        best, _ = results(objects, "--fields", "title,body", "--passages", "1")
        self.assertEqual(best["document"], {"id": 1, "title": "t", "body": PAN})
        (whole,) = results(json.dumps(f"title: t\nbody: {PAN}"))
        self.assertEqual(best["relevance_score"], whole["relevance_score"])
        self.assertEqual(best["passages"][0]["text"], f"title: t\nbody: {PAN}"[best["passages"][0]["start"] :])

    def test_functions_of_code(self):
        code = 'def wash(pan):\n    """Clean a cast iron pan."""\n\n\ndef leave(train):\n    """Platform seven."""\n'
        best, _ = self.read("rank", CAST_IRON, "x.py", code)
        self.assertEqual(best["document"]["id"], "x.py:1")

    def test_tables_of_sqlite(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "kitchen")
            with contextlib.closing(sqlite3.connect(path)) as database:
                database.execute("CREATE TABLE trains (id INTEGER, platform TEXT)")
                database.execute("CREATE TABLE pans (id INTEGER, cast_iron BOOLEAN, cleaning TEXT)")
                database.commit()
            before = path.read_bytes()
            run = podium("schema", "--for", CAST_IRON, "--format", "json", str(path))
            self.assertEqual(json.loads(run.stdout)["results"][0]["document"]["id"], "pans")
            self.assertEqual((path.read_bytes(), os.listdir(folder)), (before, ["kitchen"]))
            self.assert_refused(podium("rank", "-q", "x", "--fields", "a", str(path)), "has no fields")

    def test_tools(self):
        tools = [{"name": "find_train"}, {"name": "wash", "description": PAN, "inputSchema": {"type": "object"}}]
        best, _ = self.read("tools", CAST_IRON, "x", json.dumps({"tools": tools}))
        self.assertEqual(best["document"], tools[1])
        table = podium("tools", "--for", CAST_IRON, stdin=json.dumps(tools)).stdout.decode()
        self.assertRegex(table.splitlines()[1], r" wash +wash: Eine gusseiserne")

    def test_what_cannot_be_read(self):
        for command, content, message in [
            ("tools", TRAIN, "not valid JSON"),
            ("tools", "{}", "lists no tools"),
            ("schema", TRAIN, "creates no table"),
        ]:
            self.assert_refused(podium(command, "--for", "x", stdin=content), "standard input", message)
        self.assert_refused(rank("a,b\n1,2,3", "--input", "csv"), "line 2 has 3 cells")
        self.assert_refused(rank(PAN, "--input", "csw"), "--input takes auto|lines|jsonl")
        self.assert_refused(rank(PAN, "--fields", "title"), "read as lines, which has no fields")


class Table(Case):
    def table(self, documents, *arguments, **environment):
        return podium("rank", "-q", CAST_IRON, *arguments, stdin=documents, **environment)

    def test_shape(self):
        run = self.table(f'{{"text": "{PAN}", "id": "pan-1"}}\n"{TRAIN}"\n')
        lines = run.stdout.decode().splitlines()
        self.assertRegex(lines[0], r"^rank +score +document +text$")
        self.assertRegex(lines[1], r"^ +1  \d\.\d{4} .* pan-1 +Eine gusseiserne")
        self.assertRegex(lines[2], r"^ +2  \d\.\d{4} .* 1 +The train")
        self.assertRegex(lines[4], r"^2 documents, \d+ tokens in \d+ ms \(load \d+ ms\) with ")

    def test_width_follows_columns(self):
        for columns in (60, 100, 160):
            run = self.table("x" * 1000, COLUMNS=str(columns))
            self.assertEqual(len(run.stdout.decode().splitlines()[1]), columns)

    def test_no_control_characters_reach_the_terminal(self):
        run = self.table(json.dumps(["\x1b[2J\x07 danger", "line\nbreak"]))
        self.assertNotIn(b"\x1b", run.stdout)
        self.assertNotIn(b"\x07", run.stdout)
        self.assertIn(b"line break", run.stdout)


def on_a_terminal(arguments, **environment):
    """What the program writes where standard output and error are one terminal of 90 columns."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 90, 0, 0))
    env = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR")}
    env["PODIUM_KEYS"] = str(KEYS)  # not the user's own
    process = subprocess.Popen(
        [PROGRAM, *arguments],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        cwd=ROOT,
        env=env | {"TERM": "xterm"} | environment,
    )
    os.close(follower)
    written = b""
    with contextlib.suppress(OSError):  # the leader's read fails once the program is gone
        while select.select([leader], [], [], 60)[0]:
            chunk = os.read(leader, 65536)
            if not chunk:
                break
            written += chunk
    os.close(leader)
    return process.wait(timeout=60), written.decode()


class Terminal(Case):
    def test_colours_unless_no_color(self):
        arguments = ["rank", "-q", CAST_IRON, "-n", "2", "examples/kitchen.txt"]
        status, written = on_a_terminal(arguments)
        self.assertEqual(status, 0)
        self.assertIn("\x1b[36m", written)
        self.assertNotIn("\x1b[36m", on_a_terminal(arguments, NO_COLOR="1")[1])

    def test_no_file_on_a_terminal_is_an_error(self):
        status, written = on_a_terminal(["rank", "-q", "x"])
        self.assertEqual(status, 2)
        self.assertIn("standard input is a terminal", written)

    def test_progress_comes_and_goes(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("\n".join(f"{i} " + "long document " * 100 for i in range(60)))
            file.flush()
            _, written = on_a_terminal(["rank", "-q", "x", "-n", "1", "--effort", "full", "--threads", "1", file.name])
        self.assertRegex(written, r"\rranking [█░]+ +\d+ %, \d+ of 60 documents, \d+ s left")
        self.assertRegex(written, r"s left\x1b\[K\r\x1b\[K")


class Pipes(Case):
    def test_closed_pipe_ends_quietly(self):
        with tempfile.NamedTemporaryFile("w") as file:
            for i in range(40):
                print(f"{i} " + "y" * 100_000, file=file)
            file.flush()
            with subprocess.Popen(
                [PROGRAM, "rank", "-q", "x", "--max-length", "16", "--aggregation", "first", "-f", "jsonl", file.name],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=ROOT,
            ) as process:
                process.stdout.read(10)
                process.stdout.close()
                message = process.stderr.read().decode()
                self.assertRegex(message, r"\A(podium: \d+ of 40 documents[^\n]*\n)?\Z")
                self.assertEqual(process.wait(timeout=60), 0)

    def test_full_disk_is_an_error(self):
        with open("/dev/full", "wb") as full:
            run = subprocess.run(
                [PROGRAM, "rank", "-q", "x", "-f", "json"], input=b"a", stdout=full, stderr=subprocess.PIPE, check=False
            )
        self.assertEqual(run.returncode, 1)
        self.assertIn(b"cannot write to standard output: No space left", run.stderr)


class Tokenize(Case):
    def test_offsets_count_characters(self):
        text = "Grüner Tee 👩‍💻 敏感肌"
        run = podium("tokenize", "--text", text, "--no-template", "--format", "jsonl")
        tokens = json.loads(run.stdout)
        self.assertEqual(list(tokens), ["ids", "tokens", "offsets"])
        self.assertEqual(len(tokens["ids"]), len(tokens["tokens"]))
        self.assertEqual(len(tokens["ids"]), len(tokens["offsets"]))
        end = 0
        for (first, last), piece in zip(tokens["offsets"], tokens["tokens"], strict=True):
            self.assertLessEqual(first, last)
            self.assertGreaterEqual(last, end)
            end = last
            self.assertEqual(
                text[first:last].replace(" ", ""), piece.replace("▁", "") or text[first:last].replace(" ", "")
            )
        self.assertEqual(end, len(text))

    def test_template(self):
        with_template = json.loads(podium("tokenize", "-t", "tea", "-f", "jsonl").stdout)
        without = json.loads(podium("tokenize", "-t", "tea", "-f", "jsonl", "--no-template").stdout)
        self.assertEqual(with_template["tokens"][0], "<s>")
        self.assertEqual(with_template["tokens"][1:-1], without["tokens"])
        self.assertEqual(with_template["offsets"][-1], [0, 0])

    def test_special_tokens_are_text_unless_asked(self):
        as_text = json.loads(podium("tokenize", "-t", "a </s> b", "-f", "jsonl").stdout)
        matched = json.loads(podium("tokenize", "-t", "a </s> b", "-f", "jsonl", "--special-tokens", "match").stdout)
        self.assertEqual(as_text["tokens"].count("</s>"), 1)
        self.assertEqual(matched["tokens"].count("</s>"), 2)

    def test_one_list_a_document(self):
        documents = '["tea", {"text": "green tea"}, ""]'
        as_json = json.loads(podium("tokenize", "-f", "json", stdin=documents).stdout)
        lines = podium("tokenize", "-f", "jsonl", stdin=documents).stdout.splitlines()
        self.assertEqual(len(as_json), 3)
        self.assertEqual([json.loads(line) for line in lines], as_json)

    def test_table(self):
        run = podium("tokenize", "-t", "Grüner Tee")
        self.assertIn("4..6", run.stdout.decode())
        self.assertIn("tokens", run.stdout.decode().splitlines()[-1])

    def test_text_and_file(self):
        self.assert_refused(podium("tokenize", "-t", "x", "file"), "--text and FILE")


class Inspect(Case):
    def test_built_in_model_and_its_directory_are_the_same(self):
        built_in = json.loads(podium("inspect", "-f", "json").stdout)
        directory = json.loads(podium("inspect", "models/default", "-f", "json").stdout)
        for key in ("architecture", "head", "parameters", "tokenizer", "max_length", "precision"):
            self.assertTrue(built_in[key])
            self.assertEqual(built_in[key], directory[key])

    def test_table(self):
        written = podium("inspect").stdout.decode()
        for fact in ("architecture", "parameters", "tokenizer", "longest sequence", "memory", "kernels", "MiB"):
            self.assertIn(fact, written)

    def test_refusals(self):
        self.assert_refused(podium("inspect", "/no/such"), "/no/such")
        self.assert_refused(podium("inspect", "README.md"), "README.md")
        self.assert_refused(podium("inspect", "examples"), "config.json")


class Bench(Case):
    def test_figures(self):
        run = podium("bench", "-q", CAST_IRON, "-s", "1", "-c", "2", "-f", "json", stdin=f"{PAN}\n{TRAIN}\n")
        self.assertEqual(run.returncode, 0, run.stderr)
        figures = json.loads(run.stdout)
        self.assertEqual((figures["clients"], figures["documents"]), (2, 2))
        self.assertGreater(figures["requests_per_second"], 0)
        latency = figures["latency_ms"]
        self.assertTrue(0 < latency["min"] <= latency["p50"] <= latency["p99"], latency)

    def test_refusals(self):
        self.assert_refused(podium("bench", "-q", " ", "-s", "1", stdin="a\n"), "query")
        self.assert_refused(podium("bench", "-q", "a", "-c", "0", stdin="a\n"), "--clients")


class Doctor(Case):
    def test_healthy(self):
        run = podium("doctor", "-f", "json")
        report = json.loads(run.stdout)
        self.assertEqual(run.returncode, 0, report)
        self.assertTrue(report["healthy"])
        self.assertEqual(sum(kernel["chosen"] for kernel in report["kernels"]), 1)
        self.assertGreaterEqual(report["cpus_usable"], 1)
        self.assertEqual([precision["name"] for precision in report["precisions"]], ["fp32", "bf16", "int8"])
        self.assertTrue(all(precision["reason"] for precision in report["precisions"]))
        self.assertIn("simdjson", report["libraries"])
        self.assertEqual([check["name"] for check in report["checks"]], ["kernels", "built-in model", "ranking"])

    def test_table(self):
        run = podium("doctor")
        self.assertEqual(run.returncode, 0)
        self.assertEqual(run.stdout.decode().count("\nok   "), 3)

    def test_sick(self):
        run = podium("doctor", PODIUM_ISA="no-such-isa")
        self.assertEqual(run.returncode, 1, run.stdout.decode())
        self.assertIn(b"FAIL", run.stdout)


if __name__ == "__main__":
    PROGRAM = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
