"""Podium beside other engines, interleaved in one run: same weights, same token ids; writes docs/benchmarks.md.

    python bench/run.py --build build [--rounds 5] [--threads N] [--shapes base small]

Every engine is a process that waits for work, so that only one computes at a time. In each round every engine encodes
every load once, peers in the batch size that was fastest for them. Reported is the fastest round; an engine that cannot
run here is listed with its reason. `make bench` prepares the environment.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
from report import write

ROOT = Path(__file__).parents[1]
PEERS = ("openvino-int8", "openvino-bf16", "openvino-fp32", "onnx-int8", "onnx-fp32", "torch-bf16", "torch-fp32")
BATCHES = (1, 4, 8, 16, 32)


def loads():
    """{name: lengths in tokens}; the mixed lengths are log-normal."""
    mixed = np.random.default_rng(1).lognormal(np.log(140), 0.75, 64)
    return {"32x128": [128] * 32, "mixed": np.clip(mixed, 16, 512).astype(int).tolist(), "4x512": [512] * 4}


def write_ids(path, lengths):
    """Random token ids between <s> and </s>, as bench/encode.cc reads them."""
    random = np.random.default_rng(2)
    numbers = [len(lengths)]
    for length in lengths:
        numbers += [length, 0, *random.integers(5, 30000, length - 2).tolist(), 2]
    np.array(numbers, dtype=np.int32).tofile(path)


class Engine:
    """A process that encodes on demand."""

    def __init__(self, name, build, shape, threads):
        self.name, self.batch, self.rounds, self.reason = name, {}, {}, ""
        directory = build / "bench" / "models" / shape
        library, precision = name.split("-")
        command = [sys.executable, ROOT / "bench" / "peers.py", name, directory, str(threads)]
        if library == "podium":
            command = [build / "bench_encode", directory, precision, str(threads)]
        start = time.perf_counter()
        self.errors = (build / "bench" / f"{shape}-{name}.log").open("w+")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True
        )
        ready = self.process.stdout.readline().startswith("ready")
        self.start_seconds = time.perf_counter() - start
        if not ready:
            self.errors.seek(0)
            self.reason = (self.errors.read().strip().splitlines() or ["it did not start"])[-1]

    def encode(self, path, batch=0):
        """(seconds, processor seconds, first logit)."""
        line = str(path) if self.name.startswith("podium") else f"{path} {batch}"
        print(line, file=self.process.stdin, flush=True)
        return [float(number) for number in self.process.stdout.readline().split()]

    def tune(self, load, path):
        """Finds the batch size for a load; Podium chooses its own."""
        sizes = (0,) if self.name.startswith("podium") else BATCHES
        self.encode(path, sizes[-1])
        self.batch[load] = min(sizes, key=lambda size: self.encode(path, size)[0])

    def measure(self, load, path):
        """One more round."""
        self.rounds.setdefault(load, []).append(self.encode(path, self.batch[load]))

    def peak_megabytes(self):
        """The most memory it held so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(status.split("VmHWM:")[1].split()[0]) / 1024

    def close(self):
        """Ends the process."""
        self.process.stdin.close()
        self.process.wait()


def measure_shape(build, shape, threads, rounds):
    """[{engine, loads, memory, start}] of one shape."""
    engines = [Engine(f"podium-{precision}", build, shape, threads) for precision in ("int8", "bf16", "fp32")]
    engines += [Engine(peer, build, shape, threads) for peer in PEERS]
    running = [engine for engine in engines if not engine.reason]
    lengths, paths = loads(), {}
    for load, of_load in lengths.items():
        paths[load] = build / "bench" / f"{load}.ids"
        write_ids(paths[load], of_load)
        for engine in running:
            engine.tune(load, paths[load])
    for number in range(rounds):
        for load, path in paths.items():
            for engine in running[number % len(running) :] + running[: number % len(running)]:
                engine.measure(load, path)
    rows = []
    for engine in engines:
        row = {"engine": engine.name, "reason": engine.reason, "loads": {}}
        if not engine.reason:
            row |= {"megabytes": engine.peak_megabytes(), "start": engine.start_seconds}
            for load, results in engine.rounds.items():
                seconds = [result[0] for result in results]
                tokens = sum(lengths[load])
                row["loads"][load] = {
                    "tokens_per_second": tokens / min(seconds),
                    "median": tokens / statistics.median(seconds),
                    "per_processor_second": tokens / min(result[1] for result in results),
                    "pairs_per_second": len(lengths[load]) / min(seconds),
                    "batch": engine.batch[load],
                    "logit": results[0][2],
                }
            engine.close()
        rows.append(row)
    return rows


def passages():
    """A query and 100 passages of about 60 words."""
    words = (ROOT / "README.md").read_text(encoding="utf-8").split()
    texts = [" ".join(words[at % (len(words) - 60) :][:60]) for at in range(0, 1700, 17)]
    return "how fast is a reranker without a GPU", texts


def quantiles(seconds):
    """p50 and p99 in milliseconds."""
    return [1000 * float(np.quantile(seconds, q)) for q in (0.5, 0.99)]


def request_body(number, new, **members):
    """The number-th request: 100 passages, of which `new` were in none before."""
    query, texts = passages()
    documents = [f"{number} {text}" if i < new else text for i, text in enumerate(texts)]
    return json.dumps({"query": query, "documents": documents, **members}).encode()


def measure_server(podium, threads, rounds, *options, new=100, **members):
    """Latency of /rerank with 100 passages, `new` of them in every request, and the server's peak memory."""
    port = 20000 + os.getpid() % 20000
    url = f"http://127.0.0.1:{port}/v1/rerank"
    command = [podium, "serve", "--port", str(port), "--cache", "0", "--threads", str(threads), *options]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        start, seconds = time.perf_counter(), []
        while len(seconds) < rounds + 1:
            body = request_body(len(seconds), new, **members)
            at = time.perf_counter()
            request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
            try:
                with urllib.request.urlopen(request, timeout=120) as response:
                    response.read()
            except OSError:
                if time.perf_counter() - start > 60:
                    raise
                time.sleep(0.01)
                continue
            seconds.append(time.perf_counter() - at)
        status = Path(f"/proc/{server.pid}/status").read_text(encoding="ascii")
        megabytes = int(status.split("VmHWM:")[1].split()[0]) / 1024
    finally:
        server.terminate()
        server.wait()
    return {"latency": quantiles(seconds[1:]), "megabytes": megabytes}


def measure_command(podium, arguments, text=""):
    """Seconds and peak memory of one `podium` run; the fastest of three."""
    best = None
    for _ in range(3):
        start = time.perf_counter()
        process = subprocess.Popen([podium, *arguments], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)  # fmt: skip
        process.stdin.write(text.encode())
        process.stdin.close()
        _, _, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        if best is None or seconds < best["seconds"]:
            best = {"seconds": seconds, "megabytes": usage.ru_maxrss / 1024}
    return best


def measure_cross_encoder(directory, threads, rounds):
    """sentence-transformers' CrossEncoder on the query and passages of measure_server, in its own process."""
    code = """
import json, sys, time, torch
from sentence_transformers import CrossEncoder
torch.set_num_threads(int(sys.argv[2]))
query, texts = json.load(sys.stdin)
model = CrossEncoder(sys.argv[1], device="cpu", max_length=512)
pairs = [(query, text) for text in texts]
seconds = []
for _ in range(int(sys.argv[3]) + 1):
    start = time.perf_counter()
    model.predict(pairs, show_progress_bar=False)
    seconds.append(time.perf_counter() - start)
print(json.dumps(seconds[1:]))
"""
    finished = subprocess.run([sys.executable, "-c", code, directory, str(threads), str(rounds)], text=True,
                              input=json.dumps(passages()), capture_output=True, check=False)  # fmt: skip
    if finished.returncode != 0:
        return {"reason": finished.stderr.strip().splitlines()[-1]}
    return {"latency": quantiles(json.loads(finished.stdout.strip().splitlines()[-1]))}


def measure_requests(build, threads, rounds):
    """What a user waits for: queries, a long document, the start."""
    podium, small = build / "podium", build / "bench" / "models" / "small"
    long_text = " ".join(passages()[1]) * 12
    long_text = (long_text * (500000 // len(long_text) + 1))[:430000].replace("\n", " ")  # about 100,000 tokens
    return {
        "default": measure_server(podium, threads, rounds, effort="full"),
        "top": measure_server(podium, threads, rounds, top_n=10),
        "seen": measure_server(podium, threads, rounds, new=10, effort="full"),
        "top_seen": measure_server(podium, threads, rounds, new=10, top_n=10),
        "small": measure_server(podium, threads, rounds, "--model", str(small)),
        "cross_encoder": measure_cross_encoder(small, threads, max(3, rounds // 4)),
        "start": measure_command(podium, ["rank", "--query", "basil", "-"], "Basil wants water.\n"),
        "long": measure_command(podium, ["rank", "--query", "basil", "-"], long_text + "\n"),
    }


def machine(build):
    """What `podium doctor` says of this machine."""
    finished = subprocess.run([build / "podium", "doctor", "--format", "json"], capture_output=True, check=False)
    return json.loads(finished.stdout)


def main():
    """Measure, keep the numbers, draw and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--queries", type=int, default=40)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--shapes", nargs="+", default=["base", "small"])
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "benchmarks.md")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    result = {"machine": machine(build), "threads": arguments.threads, "rounds": arguments.rounds}
    result["shapes"] = {
        shape: measure_shape(build, shape, arguments.threads, arguments.rounds) for shape in arguments.shapes
    }
    result["requests"] = measure_requests(build, arguments.threads, arguments.queries)
    (build / "bench" / "results.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    write(result, arguments.page)


if __name__ == "__main__":
    main()
