"""Many clients at once: idle and busy ones, ten times too many, and for a long time."""

import heapq
import random
import selectors
import socket
import time
from collections import Counter

from bodies import ROUTES, body_of
from measure import QUERY, Connection, request_bytes

WORDS = "capital city France Paris river tropics banana yellow market stock Tuesday population museum bread".split()
DOCUMENTS = 4  # of a request
QUEUE = 64  # --max-queue of the server that is overloaded
THREADS = 64  # requests that a server ranks at once
SERVER_OPTIONS = ("--max-queue", str(QUEUE), "--cache", "0")


def texts(seed, count=DOCUMENTS):
    """Documents of thirty words."""
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=30)) for _ in range(count)]


class Clients:
    """Many connections in one thread. `rate`: requests a second whether or not answers come; else each waits."""

    def __init__(self, port, count):
        self.port = port
        self.selector = selectors.DefaultSelector()
        self.requests = [request_bytes(ROUTES[0], body_of(ROUTES[0], QUERY, texts(i))) for i in range(400)]
        self.free = [self._connect() for _ in range(count)]
        self.statuses = Counter()
        self.latencies = []  # of answers with 200
        self.sent = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for key in list(self.selector.get_map().values()):
            key.data.socket.close()
        self.selector.close()

    def run(self, seconds, rate=None):
        """Answers (200) a second."""
        begin = due = time.monotonic()
        answered, resting = 0, []  # who was refused and minds Retry-After
        while (now := time.monotonic()) < begin + seconds:
            while resting and resting[0][0] <= now:
                self.free.append(heapq.heappop(resting)[2])
            while self.free and (rate is None or due <= now):
                due += 1 / rate if rate else 0
                self._send(self.free.pop())
            for key, _ in self.selector.select(0.005):
                status, connection = self._receive(key.data)
                answered += status == 200
                if status == 200 or rate:
                    self.free.append(connection)
                else:
                    heapq.heappush(resting, (now + 1, id(connection), connection))
        return answered / (time.monotonic() - begin)

    def settle(self):
        """Waits for the answers that are still due, a minute at most."""
        end = time.monotonic() + 60
        while sum(self.statuses.values()) < self.sent and time.monotonic() < end:
            for key, _ in self.selector.select(0.1):
                self._receive(key.data)

    def percentile(self, share):
        """Seconds that this share of the accepted requests took at most."""
        ordered = sorted(self.latencies)
        return ordered[int(share * (len(ordered) - 1))] if ordered else float("nan")

    def _connect(self):
        connection = Connection(self.port)
        self.selector.register(connection.socket, selectors.EVENT_READ, connection)
        return connection

    def _send(self, connection):
        connection.started = time.monotonic()
        connection.send(self.requests[self.sent % len(self.requests)])
        self.sent += 1

    def _receive(self, connection):
        status, _ = connection.receive()
        self.statuses[status] += 1
        if status == 200:
            self.latencies.append(time.monotonic() - connection.started)
        if not connection.is_open:
            self.selector.unregister(connection.socket)
            connection.socket.close()
            connection = self._connect()
        return status, connection


def status_text(statuses):
    """ "200: 9, 503: 1"; 0 stands for connections that ended without an answer."""
    return ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))


def crowd(server, process, seconds):
    """1,000 idle connections beside 200 that work."""
    before = process.resident()
    idle = [Connection(server.port) for _ in range(1000)]
    with_idle = process.resident()
    with Clients(server.port, 200) as clients:
        rate = clients.run(seconds)
        clients.settle()
        yield "1,000 idle connections, memory", f"{(with_idle - before) / 1000 / 1024:.1f} KiB each"
        yield "200 busy connections beside them", f"{rate:.1f} answers/s, p99 {clients.percentile(0.99):.1f} s"
        yield "their answers", status_text(clients.statuses)
    answered = 0
    for connection in idle:
        connection.send(request_bytes("/health", method="GET"))
        answered += connection.receive()[0] == 200
        connection.socket.close()
    yield "idle connections that still answer", f"{answered} of 1,000"


def overload(server, process, seconds):
    """Ten times what the server can do, for a minute."""
    with Clients(server.port, 2 * THREADS) as clients:
        clients.run(5)
        peak = clients.run(max(seconds / 3, 10))
        clients.settle()
    yield f"peak, {2 * THREADS} connections that wait for their answers", f"{peak:.1f} answers/s"
    before = process.resident()
    process.reset_peak()
    with Clients(server.port, 1000) as clients:
        accepted = clients.run(seconds, rate=10 * peak)
        clients.settle()
        p99 = clients.percentile(0.99)
        bound = (QUEUE + THREADS) / peak
        yield (
            f"offered in {seconds} s",
            f"{clients.sent / seconds:.1f} requests/s ({clients.sent / seconds / peak:.1f} x peak)",
        )
        yield "accepted", f"{accepted:.1f} answers/s: {100 * accepted / peak:.0f} % of peak (bound: 90 %)"
        yield "p99 of the accepted", f"{p99:.1f} s (queue and threads full: {QUEUE + THREADS} / peak = {bound:.1f} s)"
        yield "their answers", status_text(clients.statuses)
    yield "memory above that before, at most", f"{(process.peak() - before) / 2**20:.1f} MiB"
    with Clients(server.port, 2 * THREADS) as clients:
        after = clients.run(max(seconds / 3, 10))
        clients.settle()
    yield "peak afterwards", f"{after:.1f} answers/s: {100 * after / peak:.0f} % of the one before"


def soak(server, process, minutes):
    """Everything that clients do, good and bad, for long; what the server holds at the end of each tenth."""
    samples = []
    number = 0
    for tenth in range(1, 11):
        end = time.monotonic() + minutes * 6
        while time.monotonic() < end:
            number += 1
            one_of_each(server, number)
        held = f"{process.allocated() / 2**20:.1f} MiB and {process.descriptors()} descriptors"
        held += f", {process.resident() / 2**20:.1f} MiB with the model's file"
        samples.append((f"after {tenth * minutes / 10:g} min, {number} rounds", held))
        print(f"  {samples[-1][0]}: {held}", flush=True)
    yield "rounds (9 requests each, 2 of them broken)", f"{number} in {minutes:g} min"
    yield from samples


def one_of_each(server, number):
    """Good requests of several APIs, bad ones, clients that vanish, pages."""
    with Connection(server.port) as connection:
        for route in (ROUTES[number % len(ROUTES)], "/jina/v1/rerank", "/tei/rerank"):
            connection.send(request_bytes(route, body_of(route, f"{QUERY} {number}", texts(number, 3))))
            connection.receive()
        connection.send(request_bytes(ROUTES[0], b'{"query":' + b"[" * (number % 1000)))
        connection.receive()
        for page in ("/metrics", "/status", "/health", "/v1/models"):
            connection.send(request_bytes(page, method="GET"))
            connection.receive()
        connection.send(request_bytes(ROUTES[0], body_of(ROUTES[0], QUERY, texts(-number, 20))))
        if number % 2:
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        # and hangs up


def dump(facts, title):
    """Prints facts as they come, and returns them as a table of the report."""
    print(f"\n{title}")
    lines = [f"## {title}", "", "| what | measured |", "| --- | --- |"]
    for what, measured in facts:
        print(f"  {what}: {measured}", flush=True)
        lines.append(f"| {what} | {measured} |")
    return "\n".join(lines) + "\n"
