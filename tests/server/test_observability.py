"""What operators see: spans, trace headers, the access log, /status, /metrics. None of it holds a document's text."""

import http.server
import json
import threading
import time
import unittest

from serving import DOCUMENTS, QUERY, ROOT, Server
from test_keys import keys

BODY = {"query": QUERY, "documents": DOCUMENTS}
TINY = str(ROOT / "tests" / "data" / "tiny-bert")
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Collector:
    """An OpenTelemetry collector that keeps what it is sent; `status` is its answer."""

    def __init__(self, status=200):
        self.requests, self.status = [], status
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.requests.append((self.path, dict(self.headers), json.loads(body)))
                self.send_response(outer.status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def spans(self, count, seconds=20):
        """The spans received, once there are so many."""
        end = time.monotonic() + seconds
        while True:
            found = [span for _, _, body in list(self.requests) for resource in body["resourceSpans"]
                     for scope in resource["scopeSpans"] for span in scope["spans"]]
            if len(found) >= count or time.monotonic() > end:
                return found
            time.sleep(0.05)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()


def attributes(holder):
    return {a["key"]: next(iter(a["value"].values())) for a in holder["attributes"]}


class Spans(unittest.TestCase):
    def test_a_span_a_request(self):
        with Collector() as collector:
            variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_SERVICE_NAME": "search",
                         "OTEL_EXPORTER_OTLP_HEADERS": "x-token=a%20b,other=1"}
            before = time.time_ns()
            with Server("--model", TINY, **variables) as server:
                _, headers, _ = server.request("POST", "/v2/rerank", BODY, {"traceparent": PARENT})
                server.request("POST", "/v1/rerank", {})
                server.request("POST", "/v2/rerank", BODY, {"traceparent": PARENT[:-1] + "0"})  # not sampled
            spans = collector.spans(2)
        self.assertEqual(len(spans), 2)
        path, sent, body = collector.requests[0]
        self.assertEqual((path, sent["Content-Type"]), ("/v1/traces", "application/json"))
        self.assertEqual((sent["x-token"], sent["other"]), ("a b", "1"))
        self.assertEqual(attributes(body["resourceSpans"][0]["resource"])["service.name"], "search")
        span = spans[0]
        self.assertEqual([span["traceId"], span["parentSpanId"]], PARENT.split("-")[1:3])
        self.assertEqual(headers["traceparent"], f"00-{span['traceId']}-{span['spanId']}-01")
        self.assertEqual((span["name"], span["kind"]), ("POST /v2/rerank", 2))
        self.assertTrue(before <= int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"]) <= time.time_ns())
        facts = attributes(span)
        self.assertEqual((facts["podium.documents"], facts["podium.dialect"]), ("3", "cohere"))
        self.assertEqual(attributes(spans[1])["http.response.status_code"], "422")
        self.assertNotIn("parentSpanId", spans[1])
        for text in (QUERY, *DOCUMENTS):
            self.assertNotIn(text, json.dumps(collector.requests))

    def test_a_collector_that_is_away_holds_nothing_up(self):
        with Server("--model", TINY, "--otlp-endpoint", "http://127.0.0.1:9") as server:
            for _ in range(2700):
                server.request("GET", "/live")
            metrics = server.request("GET", "/metrics")[2].decode()
            values = dict(line.split() for line in metrics.splitlines() if line.startswith("podium_spans"))
            self.assertEqual(values["podium_spans_exported"], "0")
            self.assertGreater(float(values["podium_spans_dropped"]), 0)
            start = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - start, 8)

    def test_a_batch_is_sent_again_until_it_is_taken(self):
        with Collector(503) as collector, Server("--model", TINY, "--otlp-endpoint", collector.url) as server:
            server.request("GET", "/live")
            collector.spans(1)
            collector.status = 200
            ids = [span["spanId"] for span in collector.spans(2)]
            self.assertEqual(ids[0], ids[1])

    def test_it_is_off_by_default(self):
        with Server("--model", TINY) as server:
            self.assertNotIn(b"podium_spans", server.request("GET", "/metrics")[2])
            _, headers, _ = server.request("GET", "/health")
            self.assertRegex(headers["traceparent"], "^00-[0-9a-f]{32}-[0-9a-f]{16}-00$")


class Traces(unittest.TestCase):
    def test_the_callers_trace_goes_on_and_a_broken_one_does_not(self):
        with Server("--model", TINY) as server:
            for path in ("/health", "/v1/models", "/nowhere"):
                _, headers, _ = server.request("GET", path, headers={"traceparent": PARENT})
                self.assertEqual(headers["traceparent"][:36], PARENT[:36])
                self.assertNotEqual(headers["traceparent"][36:52], PARENT[36:52])
            zero = "00-" + "0" * 32 + PARENT[35:]
            for broken in ("", "x", PARENT.upper(), PARENT[:-1], PARENT + "-x", zero, "ff" + PARENT[2:]):
                _, headers, _ = server.request("GET", "/health", headers={"traceparent": broken})
                self.assertNotIn(PARENT[3:35], headers["traceparent"], broken)
            future = "cc" + PARENT[2:] + "-what-comes-later"
            _, headers, _ = server.request("GET", "/health", headers={"traceparent": future})
            self.assertIn(PARENT[3:35], headers["traceparent"])


class AccessLog(unittest.TestCase):
    def test_a_line_a_request_without_texts_or_keys(self):
        server = Server("--model", TINY, "--access-log")
        self.addCleanup(server.stop)
        key = keys(server, "add", "alice")["key"]
        auth = {"Authorization": f"Bearer {key}"}
        server.request("POST", "/v2/rerank", BODY, auth | {"traceparent": PARENT})
        server.request("POST", "/v2/rerank", BODY | {"documents": []}, auth)
        server.request("POST", "/v2/rerank", BODY, {"Authorization": "Bearer sk-wrong-secret"})
        server.request("GET", "/health?token=of-the-query")
        server.process.terminate()
        log = server.process.stdout.read()
        lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
        self.assertEqual([line["status"] for line in lines], [200, 400, 401, 200])
        first = lines[0]
        self.assertEqual((first["method"], first["path"], first["dialect"]), ("POST", "/v2/rerank", "cohere"))
        self.assertEqual((first["documents"], first["computed"]), (3, 3))
        self.assertEqual((first["trace_id"], first["parent_id"]), tuple(PARENT.split("-")[1:3]))
        for member in ("time", "request_id", "client", "tokens", "queue_ms", "bytes_out", "ms", "peer"):
            self.assertIn(member, first)
        for secret in (QUERY, *DOCUMENTS, key, "sk-wrong-secret", "of-the-query"):
            self.assertNotIn(secret, log)


class Status(unittest.TestCase):
    def test_what_it_says(self):
        with Server("--model", f"a={TINY}") as server:
            for _ in range(3):
                server.post("/v2/rerank", BODY)
            server.request("GET", "/no/such/path")
            status = server.get("/status")
            self.assertEqual((status["status"], status["requests_ranked"]), ("ok", 3))
            self.assertGreaterEqual(status["uptime_seconds"], 0)
            self.assertEqual(status["models"][0]["name"], "a")
            self.assertGreater(status["models"][0]["bytes"], 0)
            self.assertIn("queue", status["now"])
            latency = status["latency_ms"]
            self.assertTrue(0 < latency["p50"] <= latency["p90"] <= latency["p99"])
            self.assertEqual((status["recent_errors"][0]["status"], status["recent_errors"][0]["path"]),
                             (404, "/no/such/path"))
            _, headers, page = server.request("GET", "/status", headers={"Accept": "text/html,*/*"})
            self.assertIn("text/html", headers["Content-Type"])
            for word in ("uptime_seconds", "models", "queue", "p99", "recent_errors", "/no/such/path"):
                self.assertIn(word, page.decode())

    def test_a_path_is_no_markup(self):
        with Server("--model", TINY) as server:
            server.request("GET", "/%3Cscript%3Ealert(1)%3C/script%3E")
            _, _, page = server.request("GET", "/status", headers={"Accept": "text/html"})
            self.assertNotIn(b"<script>", page)


if __name__ == "__main__":
    unittest.main()
