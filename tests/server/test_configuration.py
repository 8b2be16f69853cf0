"""Where options come from, what --check says of them, and the ways to listen: TLS, Unix sockets, the clouds' ports."""

import http.client
import json
import shutil
import socket
import ssl
import subprocess
import tempfile
import tomllib
import unittest
from pathlib import Path

import serving
from serving import BEST, DOCUMENTS, QUERY, Server

BODY = {"query": QUERY, "documents": DOCUMENTS}
TINY = serving.ROOT / "tests" / "data" / "tiny-bert"


def serve(*options, toml=None, **environment):
    """`podium serve` to its end, in a folder with that podium.toml: (exit status, standard output, standard error)."""
    with tempfile.TemporaryDirectory() as folder:
        if toml is not None:
            Path(folder, "podium.toml").write_text(toml)
        variables = serving.clean_environment() | environment
        run = subprocess.run([serving.PROGRAM, "serve", *options], cwd=folder, env=variables,
                             capture_output=True, text=True, timeout=60)
        return run.returncode, run.stdout, run.stderr


def check(*options, toml=None, **environment):
    """The configuration in force, as `--check` prints it."""
    status, out, error = serve("--check", *options, toml=toml, **environment)
    assert status == 0, error
    return tomllib.loads(out)


class Sources(unittest.TestCase):
    def test_the_command_line_goes_before_the_file_and_the_file_before_variables(self):
        variables = {"PODIUM_PORT": "1001", "PODIUM_MAX_QUEUE": "1", "PODIUM_TIMEOUT": "1"}
        found = check("--port", "3003", toml='port = 2002\nmax-queue = 2\n', **variables)
        self.assertEqual((found["port"], found["max-queue"], found["timeout"]), (3003, 2, 1))
        self.assertEqual(check(**variables)["port"], 1001)
        self.assertEqual(check()["port"], 8080)

    def test_lists_replace_each_other(self):
        toml = 'model = ["b=/b", "c=/c"]\nalias = ["x=b"]\nstrict-models = true\n'
        found = check(toml=toml, PODIUM_MODEL="a=/a", PODIUM_STRICT_MODELS="false")
        self.assertEqual((found["model"], found["alias"], found["strict-models"]), (["b=/b", "c=/c"], ["x=b"], True))
        found = check("--model", "d=/d", toml='model = ["b=/b"]\n')
        self.assertEqual(found["model"], ["d=/d"])
        self.assertEqual(check(PODIUM_MODEL="a=/a,b=/b")["model"], ["a=/a", "b=/b"])

    def test_what_check_prints_is_a_configuration(self):
        options = ("--max-body", "3MB", "--timeout", "1.5", "--model", "m=/m", "--alias", "n=m", "--cors-origin", "*")
        status, out, _ = serve("--check", *options)
        self.assertEqual(status, 0)
        self.assertEqual(check(toml=out), check(*options))

    def test_a_file_by_name(self):
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write("port = 4004\n")
            file.flush()
            self.assertEqual(check("--config", file.name)["port"], 4004)
        self.assertEqual(serve("--check", "--config", "/no/such.toml")[0], 2)

    def test_what_is_wrong_is_named(self):
        for options, toml, variables, word in [
            (("--port", "70000"), None, {}, "--port"),
            ((), "port = 70000\n", {}, "podium.toml: port"),
            ((), "prot = 1\n", {}, "prot"),
            ((), "port = \n", {}, "podium.toml"),
            ((), None, {"PODIUM_MAX_QUEUE": "none"}, "PODIUM_MAX_QUEUE"),
            (("--model", "a=/a", "--model", "a=/b"), None, {}, "--model"),
            (("--model", "a=/a", "--alias", "x=b"), None, {}, "alias x"),
            (("--tls-certificate", "x.pem"), None, {}, "TLS"),
            (("--otlp-endpoint", "collector:4318"), None, {}, "URL"),
        ]:
            status, out, error = serve("--check", *options, toml=toml, **variables)
            self.assertEqual((status, out), (2, ""), options)
            self.assertIn(word, error)

    def test_it_stays_on_this_machine_without_keys(self):
        status, _, error = serve("--host", "0.0.0.0", "--port", "0", "--model", str(TINY))
        self.assertEqual(status, 2)
        self.assertIn("--no-auth", error)


class Clouds(unittest.TestCase):
    def test_vertex(self):
        variables = {"AIP_HTTP_PORT": "7080", "AIP_MODE": "PREDICTION"}
        found = check(**variables)
        self.assertEqual((found["port"], found["host"], found["no-auth"]), (7080, "0.0.0.0", True))
        self.assertEqual(check("--port", "1", **variables)["port"], 1)
        routes = {"AIP_HEALTH_ROUTE": "/healthy", "AIP_PREDICT_ROUTE": "/v1/endpoints/7/deployedModels/8:predict"}
        with Server("--model", str(TINY), AIP_MODE="PREDICTION", **routes) as server:
            self.assertTrue(server.get("/healthy")["ready"])
            answer = server.post(routes["AIP_PREDICT_ROUTE"], {"instances": [BODY, {"query": "a", "texts": ["b"]}]})
            self.assertEqual(len(answer["predictions"]), 2)
            self.assertEqual(len(answer["predictions"][0]["results"]), 3)

    def test_sagemaker(self):
        found = check(SAGEMAKER_BIND_TO_PORT="7081")
        self.assertEqual((found["port"], found["host"], found["no-auth"]), (7081, "0.0.0.0", True))
        with Server("--model", str(TINY)) as server:
            self.assertEqual(server.request("GET", "/ping")[::2], (200, b""))
            headers = {"X-Amzn-SageMaker-Custom-Attributes": "trace=1", "Content-Type": "application/x-whatever+json"}
            status, _, _ = server.request("POST", "/invocations", {"data": BODY}, headers)
            self.assertEqual(status, 200)


class Listening(unittest.TestCase):
    def test_tls(self):
        if not shutil.which("openssl"):
            self.skipTest("openssl is not installed")
        with tempfile.TemporaryDirectory() as folder:
            certificate, key = Path(folder, "cert.pem"), Path(folder, "key.pem")
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                 "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                 "-keyout", key, "-out", certificate], check=True, capture_output=True)
            options = ("--tls-certificate", str(certificate), "--tls-key", str(key), "--model", str(TINY))
            with Server(*options) as server:
                self.assertIn("https://", server.log)
                trusting = ssl.create_default_context(cafile=str(certificate))
                connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=trusting, timeout=60)
                for _ in range(3):  # one connection, kept alive
                    connection.request("POST", "/v1/rerank", json.dumps(BODY), {"Content-Type": "application/json"})
                    self.assertEqual(len(json.loads(connection.getresponse().read())["results"]), 3)
                connection.close()
                greeting = subprocess.run(
                    ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-CAfile", certificate,
                     "-verify_return_error", "-brief"], input=b"", capture_output=True, timeout=60)
                self.assertIn(b"TLSv1.3", greeting.stdout + greeting.stderr)
                with self.assertRaises(ssl.SSLError):  # a client that does not trust it
                    with socket.create_connection(("127.0.0.1", server.port), 10) as raw:
                        ssl.create_default_context().wrap_socket(raw, server_hostname="localhost")
                with socket.create_connection(("127.0.0.1", server.port), 10) as raw:  # no TLS at all
                    raw.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
                    self.assertNotIn(b"200", raw.recv(100))
                connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=trusting, timeout=60)
                connection.request("GET", "/health")
                self.assertEqual(connection.getresponse().status, 200)
            for wrong in (("--tls-certificate", "/no/cert.pem", "--tls-key", str(key)),
                          ("--tls-certificate", str(certificate), "--tls-key", str(certificate))):
                status, _, error = serve("--port", "0", "--model", str(TINY), *wrong)
                self.assertNotEqual(status, 0)
                self.assertIn("cannot use the TLS", error)

    def test_unix_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder, "podium.sock"))
            with socket.socket(socket.AF_UNIX) as stale:
                stale.bind(path)  # left behind by a server that was killed
            with Server("--model", str(TINY), "--unix-socket", path) as server:
                self.assertIn(f"unix:{path}", server.log)
                connection = http.client.HTTPConnection("localhost", timeout=60)
                connection.sock = socket.socket(socket.AF_UNIX)
                connection.sock.connect(path)
                connection.request("POST", "/v1/rerank", json.dumps(BODY), {"Content-Type": "application/json"})
                self.assertEqual(len(json.loads(connection.getresponse().read())["results"]), 3)
                connection.close()
                status, _, error = serve("--unix-socket", path, "--model", str(TINY))
                self.assertNotEqual(status, 0, "two servers at one socket")
                self.assertIn("cannot listen", error)
            self.assertFalse(Path(path).exists(), "the socket is left behind")


class Models(unittest.TestCase):
    """Several models at once; loading, swapping and unloading while requests run."""

    def test_names_and_aliases(self):
        options = ("--model", f"tiny={TINY}", "--model", f"roberta={TINY.parent / 'tiny-roberta'}")
        with Server(*options, "--alias", "rerank-v3.5=roberta") as server:
            self.assertEqual([m["id"] for m in server.get("/v1/models")["data"]][:2], ["tiny", "roberta"])
            scores = {name: server.post("/v2/rerank", BODY | {"model": name})["results"]
                      for name in ("tiny", "roberta", "rerank-v3.5", "unknown")}
            self.assertNotEqual(scores["tiny"], scores["roberta"])
            self.assertEqual(scores["rerank-v3.5"], scores["roberta"])
            self.assertEqual(scores["unknown"], scores["tiny"])
        with Server(*options, "--strict-models") as server:
            self.assertIn("unknown", server.post("/v1/rerank", BODY | {"model": "unknown"}, 400)["detail"])
            self.assertEqual(len(server.post("/v1/rerank", BODY)["results"]), 3)
            self.assertEqual(server.post("/rerank", BODY | {"model": "unknown"}, 404)["error"]["code"], 404)

    def test_admin(self):
        with Server("--model", f"a={TINY}") as server:
            first = server.post("/v2/rerank", BODY | {"model": "b"})["results"]
            created = server.post("/admin/models", {"name": "b", "model": str(TINY.parent / "tiny-roberta")}, 201)
            self.assertEqual(created["name"], "b")
            other = server.post("/v2/rerank", BODY | {"model": "b"})["results"]
            self.assertNotEqual(first, other)
            server.post("/admin/models", {"name": "a", "model": str(TINY.parent / "tiny-roberta")}, 201)  # a swap
            self.assertEqual(server.post("/v2/rerank", BODY)["results"], other)
            self.assertEqual(server.request("DELETE", "/admin/models/b")[0], 204)
            self.assertEqual(server.request("DELETE", "/admin/models/b")[0], 404)
            self.assertEqual(server.request("DELETE", "/admin/models/a")[0], 409)  # the last one
            self.assertEqual(len(server.get("/v1/models")["data"]), 1)
            for body, status in [({}, 422), ({"name": "x", "model": "/no/such"}, 404), ({"name": 1, "model": 2}, 422),
                                 (b"{", 400), ({"name": "x", "model": "../../etc"}, 404)]:
                self.assertIn("detail", server.post("/admin/models", body, status))
            text = json.dumps({"name": "x", "model": str(TINY)}).encode()
            self.assertEqual(server.request("POST", "/admin/models", text, {"Content-Type": "text/plain"})[0], 415)

    def test_no_request_is_dropped_by_a_swap(self):
        import concurrent.futures

        with Server("--model", f"a={TINY}", "--cache", "0") as server:
            def rank(i):
                return len(server.post("/v2/rerank", BODY | {"query": f"{QUERY} {i}"})["results"])

            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                ranks = [pool.submit(rank, i) for i in range(200)]
                for _ in range(5):
                    server.post("/admin/models", {"name": "a", "model": str(TINY)}, 201)
                self.assertEqual({r.result() for r in ranks}, {3})


class Best(unittest.TestCase):
    def test_the_default_starts_and_ranks(self):
        with Server() as server:
            self.assertEqual(server.post("/v2/rerank", BODY)["results"][0]["index"], BEST)


if __name__ == "__main__":
    unittest.main()
