"""What a server meets in the open: broken bodies, broken HTTP, slow and vanishing clients, overload."""

import concurrent.futures
import gzip
import http.client
import json
import os
import select
import socket
import threading
import time
import unittest

from serving import BEST, DOCUMENTS, QUERY, ROOT, Server

BODY = {"query": QUERY, "documents": DOCUMENTS}
BAD_INPUT = ROOT.parent / "shared" / "data" / "bad-input"
PATHS = ("/v1/rerank", "/v2/rerank", "/rerank", "/score", "/v1/reranking", "/invocations", "/predict", "/vertex")


def setUpModule():
    global server
    server = Server("--head-timeout", "2", "--body-timeout", "2", "--max-body", "1MB", "--timeout", "600")


def tearDownModule():
    server.stop()


def exchange(data, wait=10):
    """All that comes back for raw bytes until the server closes or `wait` seconds pass."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=wait) as connection:
        connection.sendall(data)
        received = b""
        try:
            while part := connection.recv(65536):
                received += part
        except (TimeoutError, ConnectionResetError):
            pass
        return received


def post_bytes(body, extra="", path="/v1/rerank"):
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n{extra}"
    return head.encode() + b"\r\n" + body


def status_of(received):
    return int(received.split(b" ", 2)[1]) if received.startswith(b"HTTP/1.1 ") else 0


class Alive(unittest.TestCase):
    def tearDown(self):
        results = server.post("/v1/rerank", BODY)["results"]
        self.assertEqual(results[0]["index"], BEST)


class Bodies(Alive):
    def answered(self, path, body):
        status, headers, text = server.request("POST", path, body)
        self.assertTrue(200 <= status < 500, (path, status, text[:200], body[:80]))
        self.assertIn("application/json", headers["Content-Type"])
        json.loads(text)
        return status

    def test_broken_json(self):
        for body in (b"", b"{", b"[]", b"null", b'"x"', b"1e999", b"\xff\xfe", b'{"query":"\\ud800","documents":["a"]}',
                     b"[" * 20000, b'{"a":' * 20000, b"\x00" * 100, b'{"query":1}', b'{"query":{},"documents":{}}'):
            for path in PATHS:
                self.assertGreaterEqual(self.answered(path, body), 400)

    def test_the_collection_of_broken_json(self):
        files = sorted((BAD_INPUT / "json").glob("*.json")) if BAD_INPUT.is_dir() else []
        if not files:
            self.skipTest("shared/data/bad-input is not here")
        for file in files:
            for path in ("/v1/rerank", "/rerank"):
                self.assertGreaterEqual(self.answered(path, file.read_bytes()), 400, file.name)

    def test_naughty_strings(self):
        file = BAD_INPUT / "naughty-strings.json"
        if not file.is_file():
            self.skipTest("shared/data/bad-input is not here")
        strings = json.loads(file.read_text())
        body = server.post("/v1/rerank", {"query": QUERY, "documents": strings})
        self.assertEqual(len(body["results"]), len(strings))
        for result in body["results"]:
            self.assertEqual(result["document"]["text"], strings[result["index"]])
        for string in strings[::10]:
            self.answered("/v1/rerank", json.dumps({"query": string, "documents": ["a"]}).encode())

    def test_members_twice(self):
        self.assertLess(self.answered("/v1/rerank", b'{"query":"a","query":"b","documents":["x"]}'), 500)

    def test_too_large(self):
        status, _, text = server.request("POST", "/v1/rerank", b" " * (2 << 20))
        self.assertEqual(status, 413)
        self.assertIn(b"detail", text)

    def test_many_and_empty_documents(self):
        body = server.post("/v1/rerank", {"query": "a", "documents": [""] * 20000, "top_n": 3})
        self.assertEqual([r["index"] for r in body["results"]], [0, 1, 2])

    def test_content_types(self):
        for kind in ("application/json; charset=utf-8", "application/vnd.api+json", "text/plain", ""):
            status, _, _ = server.request("POST", "/v1/rerank", json.dumps(BODY).encode(), {"Content-Type": kind})
            self.assertIn(status, (200, 415), kind)

    def test_gzip(self):
        packed = gzip.compress(json.dumps(BODY).encode())
        status, headers, text = server.request(
            "POST", "/v1/rerank", packed, {"Content-Encoding": "gzip", "Accept-Encoding": "gzip"}
        )
        self.assertEqual(status, 200, text)
        if headers["Content-Encoding"] == "gzip":
            text = gzip.decompress(text)
        self.assertEqual(json.loads(text)["results"][0]["index"], BEST)
        for broken in (packed[:-9], b"\x1f\x8b" + b"x" * 40, gzip.compress(b" " * (50 << 20))):
            status, _, _ = server.request("POST", "/v1/rerank", broken, {"Content-Encoding": "gzip"})
            self.assertIn(status, (400, 413), broken[:10])


class Http(Alive):
    def test_shapes_of_smuggling_are_refused(self):
        body = json.dumps(BODY).encode()
        length = f"Content-Length: {len(body)}\r\n"
        for extra in (
            length + "Transfer-Encoding: chunked\r\n",
            length + f"Content-Length: {len(body) + 1}\r\n",
            "Transfer-Encoding: chunked, identity\r\n",
            "Transfer-Encoding: xchunked\r\n",
            "Content-Length: -1\r\n",
            "Content-Length: +5\r\n",
            "Content-Length: 99999999999999999999999\r\n",
            length + "X: a\r\n b\r\n",
            length + "X y: 1\r\n",
            length + "X\x00: 1\r\n",
        ):
            self.assertIn(status_of(exchange(post_bytes(body, extra))), (0, 400, 413, 501), extra)

    def test_chunked(self):
        body = json.dumps(BODY).encode()
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[i : i + 7]), body[i : i + 7]) for i in range(0, len(body), 7))
        received = exchange(post_bytes(chunks + b"0\r\n\r\n", "Transfer-Encoding: chunked\r\n"))
        self.assertEqual(status_of(received), 200, received[:300])
        received = exchange(post_bytes(b"zz\r\nabc\r\n0\r\n\r\n", "Transfer-Encoding: chunked\r\n"))
        self.assertEqual(status_of(received), 400)

    def test_garbage(self):
        for data in (b"\r\n\r\n", b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"A" * 100000):
            self.assertIn(status_of(exchange(data)), (0, 400, 404, 414, 431, 505), data[:20])

    def test_header_flood(self):
        flood = "".join(f"X-{i}: {'y' * 50}\r\n" for i in range(5000))
        self.assertIn(status_of(exchange(post_bytes(b"", flood))), (0, 400, 431))

    def test_pipelining_and_keep_alive(self):
        one = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
        received = exchange(one * 9 + b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        self.assertEqual(received.count(b"HTTP/1.1 200"), 10)
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        for _ in range(5):
            connection.request("POST", "/v1/rerank", json.dumps(BODY), {"Content-Type": "application/json"})
            self.assertEqual(json.load(connection.getresponse())["results"][0]["index"], BEST)
        connection.close()

    def test_slow_heads_and_bodies_end(self):
        started = time.monotonic()
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as slow:
            slow.sendall(b"POST /v1/rerank HTTP/1.1\r\nHost: x\r\n")
            self.assertLess(len(slow.recv(65536)), 2000)
        exchange(post_bytes(b"{", "Content-Length: 1000\r\n"), wait=20)
        self.assertLess(time.monotonic() - started, 15)

    def test_vanishing_clients(self):
        body = json.dumps({"query": QUERY, "documents": DOCUMENTS * 30}).encode()
        for _ in range(20):
            connection = socket.create_connection(("127.0.0.1", server.port))
            connection.sendall(post_bytes(body, f"Content-Length: {len(body)}\r\n")[: len(body)])
            connection.close()

    def test_expect_continue(self):
        body = json.dumps(BODY).encode()
        received = exchange(post_bytes(body, f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n"))
        self.assertIn(b"HTTP/1.1 200", received)

    def test_idle_connections_do_not_block(self):
        idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(300)]
        self.assertEqual(server.get("/health")["status"], "ok")
        for connection in idle:
            connection.close()


class Together(Alive):
    def test_many_clients_get_the_scores_of_one(self):
        alone = server.post("/v1/rerank", BODY)["results"]
        bodies = [{"query": f"{QUERY} {i % 7}", "documents": [*DOCUMENTS, str(i)]} for i in range(60)]
        with concurrent.futures.ThreadPoolExecutor(30) as pool:
            answers = list(pool.map(lambda body: server.post("/v1/rerank", body), [BODY, *bodies, BODY]))
        self.assertEqual(answers[0]["results"], alone)
        self.assertEqual(answers[-1]["results"], alone)
        again = server.post("/v1/rerank", bodies[3])
        self.assertEqual(again["results"], answers[4]["results"])


    def test_a_long_request_does_not_hold_up_a_short_one(self):
        documents = [f"{i} words of a long request" for i in range(10_000)]
        many = json.dumps({"query": QUERY, "documents": documents}).encode()
        with socket.create_connection(("127.0.0.1", server.port)) as greedy:
            greedy.sendall(post_bytes(many, f"Content-Length: {len(many)}\r\n"))
            while json.loads(server.request("GET", "/status")[2])["now"]["in_flight"] == 0:
                time.sleep(0.01)
            time.sleep(0.2)
            server.post("/v1/rerank", {"query": QUERY, "documents": ["a short one", *DOCUMENTS]})
            self.assertEqual(select.select([greedy], [], [], 0)[0], [], "the long request was answered first")

    def test_a_model_is_swapped_under_requests(self):
        tiny = [str(ROOT / "tests" / "data" / name) for name in ("tiny-bert", "tiny-roberta")]
        over = threading.Event()
        with Server("-m", f"m={tiny[0]}", "--cache", "0") as other, concurrent.futures.ThreadPoolExecutor(4) as pool:

            def ask():
                asked = 0
                while not over.is_set():
                    other.post("/v1/rerank", BODY)
                    asked += 1
                return asked

            running = [pool.submit(ask) for _ in range(4)]
            try:
                for i in range(6):
                    other.post("/admin/models", {"name": "m", "model": tiny[(i + 1) % 2]}, 201)
            finally:
                over.set()  # or the clients would never end
            self.assertTrue(all(client.result() > 0 for client in running))


class Nowhere(Alive):
    def test_names_of_models_are_no_paths(self):
        for name in ("../../../../etc/passwd", "/etc/passwd", "..%2f..%2fetc%2fpasswd", "file:///etc/passwd", "\u0000"):
            for path in ("/v1/rerank", "/v2/rerank", "/rerank", "/score"):
                _, _, text = server.request("POST", path, {"model": name, "query": "a", "documents": ["b"]})
                self.assertNotIn(b"root:", text)
            self.assertGreaterEqual(server.request("POST", "/admin/models", {"name": "x", "model": name})[0], 400)
        for path in ("/v1/models/", "/v2/models/", "/page/", "/admin/models/"):
            for name in ("..%2f..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "../../etc/passwd"):
                status, _, text = server.request("GET", path + name)
                # An unknown name is the default model for KServe's probes, as it is for ranking.
                self.assertTrue(status < 500 and b"root:" not in text, (path, name, status))

    def test_nothing_is_fetched(self):
        with socket.create_server(("127.0.0.1", 0)) as elsewhere:
            url = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/x"
            for document in (url, {"text": url}, {"image": url}, {"image_url": {"url": url}}, {"text": "a", "url": url},
                             {"content": [{"type": "image_url", "image_url": {"url": url}}]}):
                for path in PATHS:
                    body = {"query": url, "model": url, "documents": [document], "texts": [url], "inputs": [[url, url]]}
                    body["instances"] = [{"query": url, "texts": [url], "callback": url}]
                    server.request("POST", path, body)
            server.request("POST", "/admin/models", {"name": "x", "model": url})
            self.assertEqual(select.select([elsewhere], [], [], 0.1)[0], [], "somebody came for the URL")

    def test_what_clients_name_is_not_repeated_at_length(self):
        long = "n" * 50_000
        wrong = {"query": "a", "documents": [{"x": 1}], "rank_fields": [long]}
        for body in (wrong, {"query": "a", "documents": ["b"], "aggregation": long}, {"query": long, "documents": []}):
            for path in ("/cohere/v1/rerank", "/v1/rerank"):
                status, _, text = server.request("POST", path, body)
                self.assertLess(len(text), 10_000, status)


class Memory(unittest.TestCase):
    @unittest.skipIf(os.environ.get("PODIUM_SANITIZED"), "a sanitizer keeps what is freed")
    def test_what_large_bodies_took_is_given_back(self):
        with Server("--max-documents", "10") as other:
            before = other.memory()
            for path in ("/v1/rerank", "/v2/rerank", "/vllm/v1/rerank", "/mixedbread/v1/reranking") * 6:
                key = "input" if "mixedbread" in path else "documents"
                other.request("POST", path, {"query": "q", key: ["a"] * 1_000_000})
            end = time.monotonic() + 10  # the last one is let go after its answer
            while other.memory() - before > 20e6 and time.monotonic() < end:
                time.sleep(0.1)
            self.assertLess(other.memory() - before, 20e6)


class Life(unittest.TestCase):
    def test_deadlines(self):
        with Server("--cache", "0") as other:
            long = {"query": QUERY, "documents": [f"{i} word " * 300 for i in range(60)], "timeout_ms": 1}
            self.assertIn("time", other.post("/v1/rerank", long, 504)["detail"])
            other.post("/v1/rerank", BODY, 422, X_Request_Timeout="soon")

    def test_a_full_queue_says_when_to_come_back(self):
        with Server("--max-queue", "1", "--cache", "0") as other:
            # Each of the ranking threads has one while the rest arrive.
            bodies = [{"query": QUERY, "documents": [f"{i} word " * 120]} for i in range(100)]
            with concurrent.futures.ThreadPoolExecutor(100) as pool:
                got = list(pool.map(lambda body: other.request("POST", "/v1/rerank", body), bodies))
            statuses = {status for status, _, _ in got}
            self.assertTrue(statuses <= {200, 429, 503} and 200 in statuses and len(statuses) > 1, statuses)
            for status, headers, _ in got:
                if status != 200:
                    self.assertGreaterEqual(int(headers["Retry-After"]), 1)

    def test_termination_finishes_what_is_in_flight(self):
        other = Server("--cache", "0")
        body = {"query": QUERY, "documents": [f"{n} word " * 100 for n in range(24)]}
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            running = pool.submit(other.request, "POST", "/v1/rerank", body)
            time.sleep(0.3)
            self.assertEqual(other.stop(), 0)
            self.assertEqual(running.result()[0], 200)


if __name__ == "__main__":
    unittest.main()
