"""Bad HTTP: each function talks to the server on a port and counts what comes back."""

import socket
import time

from bodies import DOCUMENT, MB, ROUTES, body_of
from measure import QUERY, Connection, request_bytes


def say(tally, port, data, timeout=60.0, half_close=False, quiet=False):
    """Sends bytes on a connection of their own and counts the answer."""
    started = time.monotonic()
    with Connection(port, timeout) as connection:
        connection.send(data)
        if half_close:
            connection.socket.shutdown(socket.SHUT_WR)
        status, body = connection.receive()
        if not quiet:
            tally.add(status, body, time.monotonic() - started, len(data))
        return status


def content_types(tally, port):
    """Types that JSON may have, and types that it cannot have."""
    for kind in (
        "application/json; charset=utf-8",
        "application/vnd.api+json",
        "text/plain",
        "",
        "text/html",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/json" * 100,
        "\xff\xfe",
    ):
        for route in ROUTES:
            body = body_of(route)
            head = f"POST {route} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nContent-Type: {kind}\r\n\r\n"
            say(tally, port, head.encode("latin-1") + body)


def paths_and_methods(tally, port):
    """What is served nowhere, and methods that nothing has."""
    for path in (
        "/nothing",
        "/v1",
        "/v1/rerank/",
        "//v1/rerank",
        "/v1/../v1/rerank",
        "/%2e%2e/etc/passwd",
        "/page/../../x",
        "/v1/models/..%2f..%2fetc%2fpasswd",
        "/v1/rerank?" + "x" * 20000,
        "/" + "x" * 20000,
        "/%00",
        "/\xff",
        "*",
    ):
        for method in (
            "GET",
            "POST",
            "PUT",
            "DELETE",
            "PATCH",
            "OPTIONS",
            "HEAD",
            "TRACE",
            "CONNECT",
            "BREW",
            "x" * 5000,
        ):
            say(tally, port, request_bytes(path, b"", method=method), half_close=True)


def chunked_bodies(tally, port):
    """Chunks of a byte, of a megabyte, with extensions and trailers; sizes that are none; no end."""
    body = body_of(ROUTES[0])
    head = request_bytes(ROUTES[0], headers="Transfer-Encoding: chunked\r\n", length=False)
    small = b"".join(b"1;a=b\r\n%c\r\n" % byte for byte in body)
    for chunks in (
        small + b"0\r\n\r\n",
        small + b"0\r\nX: y\r\n\r\n",
        b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body),
        b"zz\r\nabc\r\n",
        b"-1\r\nabc\r\n",
        b"ffffffffffffffffff\r\nabc\r\n",
        b"3\r\nabcd\r\n0\r\n\r\n",
        b"3\nabc\n0\n\n",
        b"1;" + b"x" * MB + b"\r\na\r\n0\r\n\r\n",
        b"".join(b"100000\r\n%s\r\n" % (b" " * MB) for _ in range(100)) + b"0\r\n\r\n",
    ):
        say(tally, port, head + chunks, half_close=True)
    say(tally, port, head + small, timeout=100)  # and nothing more


def smuggling(tally, port):
    """What two programs in a row could read in two ways; none of it may hide a second request."""
    body = body_of(ROUTES[0])
    length = f"Content-Length: {len(body)}\r\n"
    hidden = b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
    for lines in (
        "Transfer-Encoding: chunked\r\n" + length,
        length + f"Content-Length: {len(body) + 40}\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: xchunked\r\n" + length,
        "Transfer-Encoding : chunked\r\n" + length,
        "Transfer-Encoding:\x0bchunked\r\n" + length,
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 99999999999999999999999\r\n",
        length + "X: a\r\n b\r\n",
        length + "X y: 1\r\n",
        length + "X\x00: 1\r\n",
        "Content-Length: 1,1\r\n",
        "Content-Length: 0x10\r\n",
        "X: 1\nContent-Length: 5\r\n",
    ):
        with Connection(port, 20) as connection:
            started = time.monotonic()
            data = request_bytes(ROUTES[0], body + hidden, headers=lines, length=False)
            connection.send(data)
            connection.socket.shutdown(socket.SHUT_WR)
            answers = []
            while connection.is_open:
                answers.append(connection.receive())
            tally.add(*answers[0], time.monotonic() - started, len(data))
            if any(b"/hidden" in answer for _, answer in answers):
                tally.unclear.append((0, f"a second request got through: {lines!r}"))


def header_floods(tally, port):
    """Many headers, long ones, without end, of every byte."""
    many = "".join(f"X-{i}: {'y' * 50}\r\n" for i in range(100000))
    for lines in (
        many,
        "X: " + "y" * (10 * MB) + "\r\n",
        "x" * (10 * MB) + ": y\r\n",
        "Cookie: a\r\n" * 101,
        "\r\n" * 5000,
        "".join(f"X{chr(c)}: {chr(c)}\r\n" for c in range(256)),
    ):
        for _ in range(10):
            say(tally, port, request_bytes("/health", headers=lines, method="GET"), timeout=30, half_close=True)


def half_closed(tally, port):
    """Clients that say they send no more, and wait for their answer; before it is due, too."""
    for route in ROUTES:
        data = request_bytes(route, body_of(route))
        say(tally, port, data, half_close=True)
        say(tally, port, data[:-10], timeout=30, half_close=True)


def reset(tally, port):
    """Clients that break off at any byte, hard: nobody is there to be answered."""
    data = request_bytes(ROUTES[0], body_of(ROUTES[0], QUERY, [DOCUMENT] * 50))
    for end in range(0, len(data), 3):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        connection.sendall(data[: end + 1])
        connection.close()
    say(tally, port, data)


def slow_loris(tally, port):
    """500 clients that send a byte of their head, and 500 one of their body, every second."""
    data = request_bytes(ROUTES[0], body_of(ROUTES[0]))
    body_at = data.index(b"\r\n\r\n") + 4
    started = time.monotonic()
    clients = [(Connection(port), 1 if i % 2 else body_at) for i in range(1000)]
    for client, at in clients:
        client.send(data[:at])
    deadline = started + 120
    while clients and time.monotonic() < deadline:
        time.sleep(1)
        still = []
        for client, at in clients:
            client.socket.settimeout(0)
            try:
                client.buffer += client.socket.recv(65536)
            except BlockingIOError:
                client.send(data[at : at + 1])
                still.append((client, at + 1))
                continue
            except OSError:
                pass
            client.socket.settimeout(1)
            status, body = client.receive() if client.buffer else (0, b"")
            tally.add(status, body, time.monotonic() - started, len(data))
            client.socket.close()
        clients = still
    for client, _ in clients:
        client.socket.close()
        tally.unclear.append((0, "a slow client was never told off"))


def garbage(tally, port):
    """Bytes that are no HTTP at all."""
    for data in (
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"A" * MB,
        bytes(range(256)) * 100,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x00" * MB,
        b" GET / HTTP/1.1\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"GET /health HTTP/1.1\nHost: x\n\n",
    ):
        say(tally, port, data, timeout=30, half_close=True)


# Cases whose requests need not be answered: broken off, or no HTTP.
MAY_BE_SILENT = {garbage, smuggling, header_floods, half_closed, paths_and_methods, chunked_bodies}
CASES = (
    content_types,
    paths_and_methods,
    chunked_bodies,
    smuggling,
    header_floods,
    half_closed,
    reset,
    slow_loris,
    garbage,
)
