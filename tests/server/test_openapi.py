"""The OpenAPI document: every path in it is served, answers its method, and stands behind the key."""

import unittest

from serving import ROOT, Server
from test_keys import keys

OPEN = {"/health", "/live", "/ready", "/ping", "/metrics"}


class Document(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.stop)
        self.paths = self.server.get("/openapi.json")["paths"]

    def operations(self):
        for path, methods in self.paths.items():
            for method, operation in methods.items():
                yield path.replace("{name}", "x"), method.upper(), operation

    def test_it_is_of_version_3_1_with_schemas_that_are_objects(self):
        document = self.server.get("/openapi.json")
        self.assertEqual(document["openapi"], "3.1.0")
        self.assertGreater(len(self.paths), 40)
        for _, method, operation in self.operations():
            self.assertTrue(operation["summary"] and operation["tags"] and "200" in operation["responses"])
            self.assertEqual("requestBody" in operation, method == "POST")

    def test_every_path_takes_its_method(self):
        for path, method, _ in self.operations():
            status, _, text = self.server.request(method, path, {} if method == "POST" else None)
            self.assertNotIn(status, (405, 500), (path, method, text[:200]))
            if status == 404:  # an unknown model, never an unknown path
                self.assertIn("x", path.split("/"), (path, method))

    def test_the_fuzzer_has_a_seed_that_each_ranking_path_answers(self):
        seeds = [file.read_bytes() for file in (ROOT / "fuzz" / "corpus" / "fuzz_http_body").iterdir()]
        for path, method, operation in self.operations():
            if method == "POST" and operation["tags"] != ["Server"]:
                statuses = {self.server.request(method, path, seed)[0] for seed in seeds}
                self.assertIn(200, statuses, path)

    def test_every_path_but_health_is_behind_the_key(self):
        keys(self.server, "add", "alice")
        for path, method, operation in self.operations():
            status, _, _ = self.server.request(method, path, {} if method == "POST" else None)
            self.assertEqual(status in (401, 403), path not in OPEN, (path, status))
            self.assertEqual(operation.get("security") == [], path in OPEN, path)


class Pages(unittest.TestCase):
    def test_they_load_from_this_server_alone(self):
        with Server() as server:
            for path in ("/", "/docs"):
                status, headers, text = server.request("GET", path, headers={"Accept": "text/html"})
                self.assertEqual(status, 200)
                self.assertIn("text/html", headers["Content-Type"])
                self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
                self.assertNotIn(b'src="http', text)
                self.assertNotIn("unsafe", headers["Content-Security-Policy"])
            for name in ("page.js", "page.css", "docs.js", "documents.js", "snippets.js"):
                self.assertEqual(server.request("GET", f"/page/{name}")[0], 200)
            self.assertEqual(server.request("GET", "/page/../keys.db")[0], 404)
            status, _, text = server.request("GET", "/")  # a probe of text-embeddings-inference
            self.assertEqual((status, text), (200, b""))
            self.assertIn("results", server.post("/v1/rerank", {"query": "a", "documents": ["b"]}))


if __name__ == "__main__":
    unittest.main()
