"""What a case did to the server: answers, time, memory, and whether another client noticed."""

import json
import platform
import re
import socket
import threading
import time
from collections import Counter
from pathlib import Path

QUERY = "What is the capital of France?"
PROBE = json.dumps({"query": QUERY, "documents": ["Paris is the capital of France.", "Bananas are yellow."]}).encode()
PROBE_TIMEOUT = 120


def request_bytes(path, body=b"", headers="", method="POST", length=True):
    """One HTTP request; `headers` are whole lines."""
    framing = f"Content-Length: {len(body)}\r\n" if length else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{framing}{headers}\r\n"
    return head.encode("latin-1") + body


def machine():
    """The processor's name and the number of cores."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    cores = Path("/proc/cpuinfo").read_text().count("processor\t")
    return f"{model[1] if model else platform.machine()}, {cores} cores, {platform.system()} {platform.release()}"


class Connection:
    """A socket to the server that sends anything and reads whole answers."""

    def __init__(self, port, timeout=120.0):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """Sends all of it, or what the server takes before it closes."""
        try:
            self.socket.sendall(data)
        except OSError:
            pass

    def receive(self):
        """(status, body) of the next answer; (0, b"") if the connection ends without one."""
        try:
            while True:
                while b"\r\n\r\n" not in self.buffer:
                    self._fill()
                head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
                status = int(head.split(b" ", 2)[1])
                if status != 100:
                    break
            lines = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
            size = next((int(value) for name, _, value in lines if name.lower() == b"content-length"), 0)
            while len(self.buffer) < size:
                self._fill()
            body, self.buffer = self.buffer[:size], self.buffer[size:]
            self.is_open = b"connection: close" not in head.lower()
            return status, body
        except OSError:
            self.is_open = False
            return 0, b""

    is_open = True

    def _fill(self):
        part = self.socket.recv(1 << 20)
        if not part:
            raise ConnectionResetError
        self.buffer += part


class Process:
    """Memory and descriptors of the server, from /proc."""

    def __init__(self, pid):
        self.folder = Path("/proc", str(pid))

    def resident(self):
        """Bytes in memory now."""
        return self._field("VmRSS:")

    def allocated(self):
        """Those of them that are not a file's, as the pages of a model are that were read."""
        return self._field("RssAnon:")

    def reset_peak(self):
        """Peak memory counts from here."""
        Path(self.folder, "clear_refs").write_text("5")

    def peak(self):
        """The most bytes in memory since reset_peak()."""
        return self._field("VmHWM:")

    def descriptors(self):
        """How many are open."""
        return len(list(Path(self.folder, "fd").iterdir()))

    def _field(self, name):
        for line in Path(self.folder, "status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) << 10
        return 0


class Probe(threading.Thread):
    """Another client: asks for two documents ten times a second, and remembers the slowest answer."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port = port
        self.over = threading.Event()
        self.times = []
        self.failures = 0

    def run(self):
        while not self.over.wait(0.1):
            started = time.monotonic()
            try:
                with Connection(self.port, PROBE_TIMEOUT) as connection:
                    connection.send(request_bytes("/v1/rerank", PROBE))
                    status, _ = connection.receive()
            except OSError:
                status = 0
            self.failures += status != 200
            self.times.append(time.monotonic() - started)

    def finish(self):
        """Ends it; the slowest answer in seconds."""
        self.over.set()
        self.join()
        return max(self.times, default=0.0)


class Tally:
    """The answers of one case."""

    def __init__(self):
        self.statuses = Counter()
        self.slowest = 0.0
        self.unclear = []  # errors without a sentence
        self.largest = 0  # bytes sent in one request

    def add(self, status, body, seconds, sent):
        """Counts one answer; an error without a JSON body that says something is remembered."""
        self.statuses[status] += 1
        self.slowest = max(self.slowest, seconds)
        self.largest = max(self.largest, sent)
        if status >= 400 and status != 401 and not says_something(body):
            self.unclear.append((status, body[:200]))


def says_something(body):
    """Whether the body is JSON with a sentence in it, or plain text."""
    try:
        return any(len(text) > 10 for text in strings_of(json.loads(body)))
    except ValueError:
        return len(body) > 10 and not body.startswith(b"{")


def strings_of(value):
    """Every string of a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from strings_of(member)
    elif isinstance(value, list):
        for element in value:
            yield from strings_of(element)
