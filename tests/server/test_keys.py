"""API keys of a running server: who is let in, in which shape the others are told, limits that change."""

import concurrent.futures
import contextlib
import http.client
import json
import subprocess
import time
import unittest
from pathlib import Path

import serving
from serving import DOCUMENTS, QUERY, Server

BODY = {"query": QUERY, "documents": DOCUMENTS}


def keys(server, *arguments):
    """Runs `podium keys` on the server's file; its JSON."""
    file = str(Path(server.folder.name, "keys.db"))
    run = subprocess.run(
        [serving.PROGRAM, "keys", *arguments, "--file", file, "--format", "json"],
        capture_output=True, text=True, check=True,
    )
    return json.loads(run.stdout)


class Keys(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.stop)
        self.assertEqual(len(self.server.post("/v1/rerank", BODY)["results"]), 3)  # open without keys
        self.key = keys(self.server, "add", "alice")["key"]

    def test_every_header_is_a_key_and_no_key_is_refused_in_each_shape(self):
        for header, value in [("Authorization", f"Bearer {self.key}"), ("Api-Key", self.key), ("api-key", self.key),
                              ("X-Api-Key", self.key)]:
            status, headers, text = self.server.request("POST", "/v2/rerank", BODY, {header: value})
            self.assertEqual(status, 200, (header, text))
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Api-Key": self.key[:-1]}):
            status, _, text = self.server.request("POST", "/v1/rerank", BODY, headers)
            self.assertEqual(status, 401)
            self.assertIsInstance(json.loads(text)["detail"], str)
            self.assertNotIn(self.key[:12].encode(), text)
        status, _, text = self.server.request("POST", "/tei/rerank", {"query": QUERY, "texts": DOCUMENTS})
        self.assertEqual((status, text), (401, b""))

    def test_health_stays_open_and_the_rest_does_not(self):
        for path in ("/health", "/live", "/ready", "/ping", "/metrics"):
            self.assertEqual(self.server.request("GET", path)[0], 200, path)
        for path in ("/v1/models", "/info", "/status", "/version", "/v2", "/v2/health/x"):
            self.assertIn(self.server.request("GET", path)[0], (401, 404), path)
        self.assertEqual(self.server.request("GET", "/status", headers={"X-Api-Key": self.key})[0], 403)

    def test_an_administrator_sees_the_keys_but_no_secret(self):
        admin = keys(self.server, "add", "root", "--scopes", "admin")["key"]
        self.assertEqual(self.server.request("GET", "/admin/keys", headers={"X-Api-Key": self.key})[0], 403)
        status, _, text = self.server.request("GET", "/admin/keys", headers={"X-Api-Key": admin})
        self.assertEqual(status, 200)
        self.assertEqual([key["name"] for key in json.loads(text)["keys"]], ["alice", "root"])
        for secret in (self.key, admin):
            self.assertNotIn(secret[-40:].encode(), text)

    def test_limits_and_revocation_hold_at_once(self):
        auth = {"Authorization": f"Bearer {self.key}"}
        keys(self.server, "limits", "alice", "--requests-per-minute", "2")
        statuses = []
        for _ in range(4):
            status, headers, text = self.server.request("POST", "/v1/rerank", BODY, auth)
            statuses.append(status)
        self.assertEqual(statuses[-1], 429)
        self.assertGreaterEqual(int(headers["Retry-After"]), 1)
        self.assertIn("X-RateLimit-Limit-Requests", headers)
        self.assertIsInstance(json.loads(text)["detail"], str)
        keys(self.server, "limits", "alice", "--requests-per-minute", "0")
        self.assertEqual(self.server.request("POST", "/v1/rerank", BODY, auth)[0], 200)
        used = keys(self.server, "usage")
        self.assertIn("alice", json.dumps(used))
        keys(self.server, "add", "bob")
        keys(self.server, "revoke", "alice")
        self.assertEqual(self.server.request("POST", "/v1/rerank", BODY, auth)[0], 401)

    def test_a_killed_server_has_lost_no_usage(self):
        auth = {"Authorization": f"Bearer {self.key}"}
        answered = []

        def ask():
            with contextlib.suppress(OSError, http.client.HTTPException):
                while self.server.request("POST", "/v1/rerank", BODY, auth)[0] == 200:
                    answered.append(1)

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for _ in range(4):
                pool.submit(ask)
            deadline = time.monotonic() + 60
            while len(answered) < 20 and time.monotonic() < deadline:
                time.sleep(0.01)
            self.server.process.kill()
        self.assertGreaterEqual(len(answered), 20)
        used = sum(row["requests"] for row in keys(self.server, "usage")["usage"])
        self.assertGreaterEqual(used, len(answered))
        self.assertLessEqual(used, len(answered) + 4)
        self.assertEqual([key["name"] for key in keys(self.server, "list")["keys"]], ["alice"])


if __name__ == "__main__":
    unittest.main()
