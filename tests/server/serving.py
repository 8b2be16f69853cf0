"""A started `podium serve` and what tests need to talk to it; standard library alone."""

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import tempfile
from pathlib import Path

PROGRAM = "podium"
ROOT = Path(__file__).resolve().parents[2]
QUERY = "What is the capital of France?"
DOCUMENTS = [
    "Bananas are yellow and grow in bunches in the tropics.",
    "Paris is the capital and most populous city of France.",
    "The stock market fell sharply on Tuesday.",
]
BEST = 1


def clean_environment():
    """This process's, without what would configure a server."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("PODIUM_", "AIP_", "SAGEMAKER_", "OTEL_"))}


class Server:
    """`podium serve` on a free port, in a folder of its own, for as long as the `with` lasts."""

    def __init__(self, *options, **variables):
        self.folder = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--port", "0", *options], cwd=self.folder.name,
            env=clean_environment() | {"PODIUM_KEYS": str(Path(self.folder.name, "keys.db"))} | variables,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        self.log = self.process.stdout.readline()
        found = re.search(r"https?://[\d.]+:(\d+)|unix:", self.log)
        if not found:
            raise AssertionError(self.log + self.process.stdout.read())
        self.port = int(found[1] or 0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """SIGTERM; returns the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(30)
        self.process.stdout.close()
        self.folder.cleanup()
        return status

    def memory(self):
        """Bytes of its own that the server holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+) kB", status)[1]) * 1024

    def request(self, method, path, body=None, headers=None):
        """(status, headers, body bytes); a body that is not bytes is sent as JSON."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        with contextlib.closing(connection):
            sent = {"Content-Type": "application/json"} if data is not None else {}
            connection.request(method, path, data, sent | (headers or {}))
            response = connection.getresponse()
            return response.status, response.headers, response.read()

    def post(self, path, body, status=200, **headers):
        """The answer as JSON; `_` in a header's name stands for `-`."""
        code, _, text = self.request("POST", path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        if code != status:
            raise AssertionError(f"{path}: {code} instead of {status}: {text[:500]}")
        return json.loads(text)

    def get(self, path, status=200):
        """The answer as JSON."""
        code, _, text = self.request("GET", path)
        if code != status:
            raise AssertionError(f"{path}: {code} instead of {status}: {text[:500]}")
        return json.loads(text)
