"""What HTTP and JSON cost: `podium serve` against the engine alone, and against the service most people write.

    python3 scripts/bench_server.py PROGRAM [--peer-python PYTHON] [--seconds 10] [--report FILE]

The engine alone is `podium bench` on the same documents. Both take turns and the best of each counts, because other
programs disturb a machine in one direction only. The peer is scripts/fastapi_reranker.py, run by PYTHON; without it
that part is skipped.
"""

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "server"), str(ROOT / "scripts" / "reliability")]

import serving  # noqa: E402
from measure import QUERY, Connection, machine, request_bytes  # noqa: E402

TINY = ROOT / "tests" / "data" / "tiny-bert"
WORDS = "capital city France Paris river tropics banana yellow market stock Tuesday population museum bread".split()
ROUNDS = 3
CLIENTS = 32
THREADS_OF_HTTP = "2"


def documents(count, words):
    """Different texts, the same in every run."""
    rng = random.Random(count)
    return [" ".join(rng.choices(WORDS, k=words)) + f" {i}" for i in range(count)]


def engine_alone(texts, clients, seconds, model=None):
    """The figures of `podium bench`."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(texts) + "\n")
        file.flush()
        command = [
            serving.PROGRAM,
            "bench",
            "-q",
            QUERY,
            "-c",
            str(clients),
            "-s",
            str(max(1, round(seconds))),
            "-f",
            "json",
        ]
        run = subprocess.run(
            [*command, *(["--model", str(model)] if model else []), file.name], capture_output=True, check=True
        )
        return json.loads(run.stdout)


def over_http(port, texts, clients, seconds):
    """The same figures, measured in the same way, of requests to a server."""
    data = request_bytes("/v1/rerank", json.dumps({"query": QUERY, "documents": texts}).encode())
    latencies, failures = [], []
    ready, begin = threading.Barrier(clients + 1), threading.Event()

    def ask(connection):
        asked = time.perf_counter()
        connection.send(data)
        status, _ = connection.receive()
        if status != 200:
            failures.append(status)
        return time.perf_counter() - asked

    def client():
        with Connection(port) as connection:
            ask(connection)
            ready.wait()
            begin.wait()
            own = []
            while time.perf_counter() < end and not failures:
                own.append(ask(connection))
            latencies.extend(own)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    ready.wait()
    start = time.perf_counter()
    end = start + seconds
    begin.set()
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit(f"a request was answered with {failures[0]}")
    taken = time.perf_counter() - start
    latencies.sort()
    return {
        "requests_per_second": len(latencies) / taken,
        "latency_ms": {"min": latencies[0] * 1e3, "p50": latencies[len(latencies) // 2] * 1e3},
    }


def in_turns(port, texts, clients, seconds, model=None):
    """(engine, server): the best of each over some rounds that take turns."""
    rounds = [
        (engine_alone(texts, clients, seconds, model), over_http(port, texts, clients, seconds)) for _ in range(ROUNDS)
    ]
    return [
        {
            "rate": max(figures["requests_per_second"] for figures in side),
            "p50": min(figures["latency_ms"]["p50"] for figures in side),
            "min": min(figures["latency_ms"]["min"] for figures in side),
        }
        for side in zip(*rounds, strict=True)
    ]


def health_rate(port, seconds):
    """/health a second over 16 connections; nothing without wrk."""
    if not shutil.which("wrk"):
        return None
    url = f"http://127.0.0.1:{port}/health"
    command = ["wrk", "-t1", "-c16", f"-d{max(1, round(seconds))}s", url]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(re.search(r"Requests/sec:\s*([\d.]+)", run.stdout)[1])


def against_the_engine(seconds):
    """Rows of what is measured, against what, and the bound."""
    cache = ("--cache", "0")
    with serving.Server(*cache, "--model", f"tiny={TINY}") as server:
        rate = health_rate(server.port, seconds)
        if rate:
            yield "/health, 16 connections, one I/O thread", "", f"{rate:,.0f} requests/s", "10,000"
        engine, http = in_turns(server.port, documents(1, 8), 1, seconds, TINY)
        yield (
            "p50 of an idle server, 1 document, a tiny model",
            f"{engine['p50']:.3f} ms",
            f"{http['p50']:.3f} ms: {http['p50'] - engine['p50']:.3f} ms added",
            "0.5 ms added",
        )
        engine, http = in_turns(server.port, documents(100, 8), 1, seconds, TINY)
        added = http["min"] - engine["min"]
        yield (
            "100 documents, a tiny model, shortest",
            f"{engine['min']:.3f} ms",
            f"{http['min']:.3f} ms: {added:.3f} ms added",
            "",
        )
    with serving.Server(*cache) as server:
        engine, http = in_turns(server.port, documents(100, 30), 1, seconds)
        yield (
            "100 documents, the default model, shortest",
            f"{engine['min']:.1f} ms",
            f"{http['min']:.1f} ms: {100 * (http['min'] / engine['min'] - 1):+.1f} %",
            "+3 %",
        )
        yield (
            "the same, from what a tiny model's request costs more over HTTP",
            f"{engine['min']:.1f} ms",
            f"{added:.3f} ms: {100 * added / engine['min']:+.2f} %",
            "+3 %",
        )
        engine, http = in_turns(server.port, documents(100, 8), CLIENTS, seconds)
        yield (f"{CLIENTS} clients, 100 documents, the default model", f"{engine['rate']:.2f} requests/s",
               f"{http['rate']:.2f} requests/s: {100 * http['rate'] / engine['rate']:.1f} %", "95 %")  # fmt: skip


@contextlib.contextmanager
def peer(python, folder):
    """The FastAPI service; its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = ROOT / "scripts" / "fastapi_reranker.py"
    process = subprocess.Popen([python, script, "serve", str(folder), str(port)])
    try:
        for _ in range(1200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


def against_the_peer(python, seconds):
    """Rows: the same random model, the same requests."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([python, ROOT / "scripts" / "fastapi_reranker.py", "make", folder, TINY], check=True)
        with peer(python, folder) as port, serving.Server("--cache", "0", "--model", f"m={folder}") as server:
            for clients in (1, CLIENTS):
                texts = documents(100, 30)
                theirs, ours = [], []
                for _ in range(ROUNDS):
                    theirs.append(over_http(port, texts, clients, seconds))
                    ours.append(over_http(server.port, texts, clients, seconds))
                best = [max(side, key=lambda figures: figures["requests_per_second"]) for side in (theirs, ours)]
                rates = [figures["requests_per_second"] for figures in best]
                p50 = [figures["latency_ms"]["p50"] for figures in best]
                yield (f"{clients} client{'s' if clients > 1 else ''}, 100 documents, MiniLM-L6 shape",
                       f"{rates[0]:.2f} requests/s, p50 {p50[0]:.0f} ms",
                       f"{rates[1]:.2f} requests/s, p50 {p50[1]:.0f} ms: {rates[1] / rates[0]:.1f} x", "")  # fmt: skip


def table(columns, rows):
    """Markdown, printed row by row."""
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    print("\n" + lines[0])
    for row in rows:
        lines.append("| " + " | ".join(row) + " |")
        print(lines[-1], flush=True)
    return "\n".join(lines) + "\n"


def main():
    """Measures and reports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--peer-python", help="an interpreter with fastapi, uvicorn and sentence-transformers")
    parser.add_argument("--seconds", type=float, default=10, help="of each measurement (default: 10)")
    parser.add_argument("--report", type=Path, help="the Markdown file to write")
    given = parser.parse_args()
    serving.PROGRAM = str(Path(given.program).resolve())
    text = f"# The server's own cost\n\n`make bench-server` on {time.strftime('%Y-%m-%d')}, {machine()}, "
    text += f"load average {os.getloadavg()[0]:.1f} before it began.\n"
    text += __doc__.split("\n\n")[2] + "\n"
    text += table(("what", "engine alone", "podium serve", "bound"), against_the_engine(given.seconds))
    if given.peer_python:
        columns = ("what", "FastAPI + sentence-transformers", "podium serve", "")
        text += "\n" + table(columns, against_the_peer(given.peer_python, given.seconds))
    if given.report:
        given.report.write_text(text)


if __name__ == "__main__":
    main()
