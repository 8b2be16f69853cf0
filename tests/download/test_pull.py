"""podium pull against a server of its own, and Hugging Face's client on the same cache. Usage: test_pull.py PROGRAM"""

import fcntl
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import hub_server

os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
try:
    import huggingface_hub
except ImportError:
    huggingface_hub = None

PROGRAM = "podium"
DATA = Path(__file__).resolve().parents[1] / "data"
NAME = "org/tiny"


def files_of(model):
    """{file: content} of a model of the tests, with what a repository has besides."""
    folder = DATA / model
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    del found["golden.json"]
    return found | {"README.md": b"# A model", "pytorch_model.bin": b"\x80\x02pickle", ".gitattributes": b""}


def downloads(hub):
    """How often large files were fetched."""
    return sum(method == "GET" for method, _, _ in hub.files)


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.cache = self.folder / "hub"

    def serve(self, model="tiny-xlmr", **options):
        """A hub with one model under main and under v1, where the configuration has one space more."""
        files = files_of(model)
        older = files | {"config.json": files["config.json"] + b" "}
        return self.enterContext(hub_server.Hub({NAME: {"main": files, "v1": older}}, **options))

    def enterContext(self, manager):
        value = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)
        return value

    def environment(self, hub, **more):
        kept = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("HF_", "XDG_", "PODIUM_")) and "proxy" not in k.lower()
        }
        return kept | {"HOME": str(self.folder), "HF_HUB_CACHE": str(self.cache), "HF_ENDPOINT": hub.address} | more

    def podium(self, hub, *arguments, preexec=None, **more):
        return subprocess.run(
            [PROGRAM, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=self.folder,
            env=self.environment(hub, **more),
            preexec_fn=preexec,
        )

    def pull(self, hub, *arguments, **more):
        run = self.podium(hub, "pull", NAME, *arguments, **more)
        self.assertEqual(run.returncode, 0, run.stderr)
        return Path(run.stdout.removesuffix("\n"))

    def refused(self, hub, *in_message, arguments=("pull", NAME), **more):
        run = self.podium(hub, *arguments, **more)
        self.assertEqual(run.returncode, 2, run.stderr)
        self.assertEqual(run.stdout, "")
        self.assertRegex(run.stderr, r"\Apodium: [^\n]+\n(hint: [^\n]+\n)?\Z")
        for words in in_message:
            self.assertIn(words, run.stderr)
        return run.stderr

    def blobs(self):
        return sorted(path.name for path in (self.cache / "models--org--tiny" / "blobs").iterdir())


class Pulling(Case):
    def test_what_podium_reads_and_nothing_else(self):
        hub = self.serve("tiny-bi-encoder-mean")
        snapshot = self.pull(hub)
        got = {str(path.relative_to(snapshot)) for path in snapshot.rglob("*") if path.is_file()}
        self.assertEqual(
            got, set(files_of("tiny-bi-encoder-mean")) - {"README.md", "pytorch_model.bin", ".gitattributes"}
        )
        for file in got:
            self.assertEqual((snapshot / file).read_bytes(), hub.repositories[NAME]["main"][file])
        self.assertFalse([name for name in self.blobs() if name.endswith((".incomplete", ".draft"))])
        self.assertFalse([path for _, path, _ in hub.requests if "pytorch_model" in path])

    def test_every_command_finds_it(self):
        hub = self.serve()
        missing = self.refused(hub, "podium pull org/tiny", arguments=("inspect", NAME))
        self.assertIn(str(self.cache), missing)
        self.pull(hub)
        run = self.podium(hub, "inspect", NAME, "--format", "json")
        self.assertEqual(json.loads(run.stdout)["model"], NAME)
        (self.folder / "documents").write_text("green tea\nblack tea\n")
        run = self.podium(hub, "rank", "--model", NAME, "-q", "tea", "-f", "jsonl", "documents")
        self.assertEqual(len(run.stdout.splitlines()), 2, run.stderr)

    def test_shards(self):
        snapshot = self.pull(self.serve("tiny-xlmr-bf16-sharded"))
        self.assertEqual(len(list(snapshot.glob("*.safetensors"))), 2)

    def test_revisions(self):
        hub = self.serve()
        snapshot = self.pull(hub, "--revision", "v1")
        self.assertEqual(snapshot.name, hub.commit(NAME, "v1"))
        self.assertEqual(self.podium(hub, "inspect", NAME).returncode, 2, "main was not asked for")
        self.assertEqual(self.podium(hub, "inspect", f"{NAME}@v1").returncode, 0)
        self.assertEqual(self.pull(hub, "--revision", hub.commit(NAME)).name, hub.commit(NAME))
        references = [path.name for path in (self.cache / "models--org--tiny" / "refs").iterdir()]
        self.assertEqual(references, ["v1"])

    def test_a_second_pull_fetches_nothing(self):
        hub = self.serve()
        self.pull(hub)
        before = downloads(hub)
        self.pull(hub)
        self.assertEqual(downloads(hub), before)
        self.pull(hub, "--revision", "v1")
        self.assertEqual(downloads(hub), before, "the weights are the same")

    def test_over_tls(self):
        certificate = self.folder / "certificate.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
             "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
             "-keyout", self.folder / "key.pem", "-out", certificate],
            check=True, capture_output=True,
        )  # fmt: skip
        both = self.folder / "both.pem"
        both.write_bytes((self.folder / "key.pem").read_bytes() + certificate.read_bytes())
        hub = self.serve(certificate=both)
        self.refused(hub, "no certificate that is trusted", "SSL_CERT_FILE")
        self.pull(hub, SSL_CERT_FILE=str(certificate))
        hub.storage = hub.storage.replace("https:", "http:")
        (self.cache / "models--org--tiny").rename(self.cache / "moved")
        self.refused(hub, "without encryption", SSL_CERT_FILE=str(certificate))

    def test_help(self):
        run = self.podium(self.serve(), "pull", "--help")
        self.assertIn("podium pull cross-encoder/ms-marco-MiniLM-L6-v2", run.stdout)


class Tokens(Case):
    def test_the_token_goes_to_the_hub_alone(self):
        hub = self.serve(token="hf_secret")
        self.refused(hub, "401", "Invalid username or password.", "HF_TOKEN")
        self.pull(hub, HF_TOKEN="hf_secret")
        self.assertTrue(hub.files)
        for _, path, headers in hub.files:
            self.assertNotIn("hf_secret", str(headers), path)

    def test_the_token_of_a_login(self):
        hub = self.serve(token="hf_secret")
        (self.folder / ".cache/huggingface").mkdir(parents=True)
        (self.folder / ".cache/huggingface/token").write_text("hf_secret\n")
        self.pull(hub)

    def test_the_token_is_in_no_message(self):
        hub = self.serve()
        hub.fail_times(99, 500, Retry_After="600")
        self.assertNotIn("hf_secret", self.refused(hub, "500", HF_TOKEN="hf_secret"))


class Failures(Case):
    def test_no_such_model_or_revision(self):
        hub = self.serve()
        self.refused(hub, "404", "no org/other", arguments=("pull", "org/other"))
        self.refused(hub, "no revision v9", "Invalid rev id: v9", arguments=("pull", NAME, "--revision", "v9"))
        for bad in ("../etc", "a/b/c", "/etc", "org/tiny@../x", ""):
            self.refused(hub, arguments=("pull", bad))
        self.refused(hub, "no name of a model", arguments=("pull", NAME, "--revision", "../../x"))

    def test_no_weights_but_pickles(self):
        for absent, words in (
            ("model.safetensors", "Pickles"),
            ("tokenizer.json", "tokenizer.json"),
            ("config.json", "config.json"),
        ):
            hub = self.serve()
            del hub.content[NAME][hub.commit(NAME)][absent]
            self.refused(hub, f"has no {absent}", words)

    def test_no_server(self):
        hub = self.serve()
        self.refused(hub, "cannot connect to http://127.0.0.1:1", HF_ENDPOINT="http://127.0.0.1:1")
        self.refused(hub, "cannot find", HF_ENDPOINT="http://no-such-host.invalid")
        for address in ("ftp://127.0.0.1", "file:///etc", "nonsense"):
            self.refused(hub, "HF_ENDPOINT", HF_ENDPOINT=address)
        self.refused(hub, "HF_HUB_OFFLINE", HF_HUB_OFFLINE="1")

    def test_a_busy_server(self):
        hub = self.serve()
        hub.fail_times(3, 503, "/resolve/", Retry_After="0")
        self.pull(hub)
        hub.fail_times(99, 503, Retry_After="120", X_Error_Message="over\x1b[31m capacity")
        self.assertNotIn("\x1b", self.refused(hub, "503", "capacity", "in 120 seconds"))
        hub.fail_times(99, 429, Retry_After="120")
        self.refused(hub, "429")

    def test_a_connection_that_breaks_goes_on_where_it_broke(self):
        hub = self.serve()
        hub.before_bytes = hub_server.break_after(20_000, times=2)
        weights = hashlib.sha256(hub.repositories[NAME]["main"]["model.safetensors"]).hexdigest()
        self.pull(hub)
        self.assertIn(weights, self.blobs())
        ranges = [headers.get("Range") for _, _, headers in hub.files + hub.requests]
        self.assertIn("bytes=20000-", ranges)
        self.assertIn("bytes=40000-", ranges)

    def test_an_interrupted_download_is_resumed(self):
        hub = self.serve()
        weights = hub.repositories[NAME]["main"]["model.safetensors"]
        etag = hashlib.sha256(weights).hexdigest()
        blobs = self.cache / "models--org--tiny" / "blobs"
        blobs.mkdir(parents=True)
        (blobs / f"{etag}.incomplete").write_bytes(weights[:1234])
        self.pull(hub)
        self.assertEqual([headers.get("Range") for _, _, headers in hub.files], ["bytes=1234-"])
        self.assertEqual((blobs / etag).read_bytes(), weights)

    def test_a_partial_file_of_something_else(self):
        hub = self.serve()
        weights = hub.repositories[NAME]["main"]["model.safetensors"]
        etag = hashlib.sha256(weights).hexdigest()
        blobs = self.cache / "models--org--tiny" / "blobs"
        for wrong in (b"wrong" * 20, bytes(len(weights)), bytes(len(weights) + 1)):
            blobs.mkdir(parents=True, exist_ok=True)
            (blobs / f"{etag}.incomplete").write_bytes(wrong)
            (blobs / etag).unlink(missing_ok=True)
            self.pull(hub)
            self.assertEqual((blobs / etag).read_bytes(), weights)

    def test_a_server_without_ranges(self):
        hub = self.serve()
        weights = hub.repositories[NAME]["main"]["model.safetensors"]

        def without_ranges(handler, content):
            del handler.headers["Range"]
            return False

        hub.before_bytes = without_ranges
        etag = hashlib.sha256(weights).hexdigest()
        blobs = self.cache / "models--org--tiny" / "blobs"
        blobs.mkdir(parents=True)
        (blobs / f"{etag}.incomplete").write_bytes(weights[:1234])
        self.pull(hub)
        self.assertEqual((blobs / etag).read_bytes(), weights)

    def test_altered_bytes(self):
        for file in ("model.safetensors", "config.json"):
            with self.subTest(file):
                shutil.rmtree(self.cache, ignore_errors=True)
                hub = self.serve()

                def alter(handler, content, file=file):
                    if not handler.path.endswith(file):
                        return False
                    handler.reply(200, bytes(len(content)), {"ETag": f'"{hub_server.git_sha1(content)}"'})
                    return True

                hub.before_bytes = alter
                self.refused(hub, file, "checksum")
                self.assertEqual(self.podium(hub, "inspect", NAME).returncode, 2)
                hub.before_bytes = lambda handler, content: False
                self.pull(hub)
                self.assertEqual(self.podium(hub, "inspect", NAME).returncode, 0)

    def test_more_bytes_than_said(self):
        hub = self.serve()

        def longer(handler, content):
            if handler.path.endswith("model.safetensors"):
                handler.reply(200, content + b"more")
                return True
            return False

        hub.before_bytes = longer
        self.refused(hub, "longer than the server said")

    def test_a_server_that_falls_silent(self):
        hub = self.serve()
        hub.before_bytes = lambda handler, content: handler.command == "GET" and hub_server.stall(handler, content)
        process = subprocess.Popen(
            [PROGRAM, "pull", NAME],
            env=self.environment(hub, HF_HUB_DOWNLOAD_TIMEOUT="1"),
            stderr=subprocess.PIPE,
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)

        def attempts():
            return sum("config.json" in path and method == "GET" for method, path, _ in hub.requests)

        end = time.monotonic() + 20
        while attempts() < 2 and time.monotonic() < end:
            time.sleep(0.1)
        self.assertGreater(attempts(), 1)

    def test_a_full_disk(self):
        hub = self.serve()

        def small_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

        self.refused(hub, "cannot write", "File too large", "HF_HUB_CACHE", preexec=small_files)
        self.pull(hub)

    def test_more_than_the_disk_holds(self):
        hub = self.serve()

        def huge(handler):
            if handler.command != "HEAD" or not handler.path.endswith("model.safetensors"):
                return False
            handler.reply(
                302,
                b"",
                {"X-Linked-Etag": f'"{64 * "a"}"', "X-Linked-Size": str(1 << 49), "Location": f"{hub.storage}/x"},
            )
            return True

        hub.before = huge
        self.refused(hub, "are needed", "Make room")

    def test_a_malicious_server(self):
        hub = self.serve("tiny-xlmr-bf16-sharded")
        files = hub.content[NAME][hub.commit(NAME)]
        outside = "../../../../outside.safetensors"
        files[outside] = b"x"
        files["../9_Pooling/config.json"] = b"{}"
        files["9_../../x/config.json"] = b"{}"
        index = json.loads(files["model.safetensors.index.json"])
        for shard in (outside, "/etc/passwd", "a\\b.safetensors", "absent.safetensors"):
            index["weight_map"]["x"] = shard
            files["model.safetensors.index.json"] = json.dumps(index).encode()
            self.refused(hub, "names weights")
        self.assertFalse(list(self.folder.rglob("outside*")))
        for etag in ("../../evil", "..", "/etc/evil", "", "x" * 500):

            def before(handler, etag=etag):
                if handler.command == "HEAD":
                    handler.reply(200, b"12345", {"ETag": f'"{etag}"'})
                return handler.command == "HEAD"

            hub.before = before
            self.refused(hub, "etag")
        self.assertFalse(list(self.folder.rglob("*evil*")))

    def test_answers_that_are_none(self):
        hub = self.serve()
        for body in (b"", b"<html>", b"{}", b'{"sha":"../../x","siblings":[]}', b'{"sha":7}', b"[" * 5000):
            hub.before = lambda handler, body=body: handler.reply(200, body) or True
            self.refused(hub)
        hub.before = lambda handler: handler.reply(302, b"", {"Location": handler.path}) or True
        self.refused(hub, "redirects without end")
        hub.before = lambda handler: handler.reply(302, b"", {"Location": "file:///etc/passwd"}) or True
        self.refused(hub)
        hub.before = lambda handler: handler.reply(200, b" " * (17 << 20)) or True
        self.refused(hub, "16 MiB")


class Sharing(Case):
    def test_pulls_at_the_same_time(self):
        hub = self.serve()
        processes = [
            subprocess.Popen(
                [PROGRAM, "pull", NAME], env=self.environment(hub), stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            for _ in range(6)
        ]
        for process in processes:
            _, message = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 0, message)
        self.assertEqual(downloads(hub), 1, "the weights were fetched once")
        self.assertEqual(self.podium(hub, "inspect", NAME).returncode, 0)

    def test_the_lock_of_others_is_respected(self):
        hub = self.serve()
        etag = hashlib.sha256(hub.repositories[NAME]["main"]["model.safetensors"]).hexdigest()
        locks = self.cache / ".locks" / "models--org--tiny"
        locks.mkdir(parents=True)
        with open(locks / f"{etag}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            process = subprocess.Popen(
                [PROGRAM, "pull", NAME], env=self.environment(hub), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            with self.assertRaises(subprocess.TimeoutExpired):
                process.wait(1)
        self.assertEqual(process.wait(30), 0)

    @unittest.skipUnless(huggingface_hub, "huggingface_hub is not installed")
    def test_hugging_face_finds_what_podium_pulled(self):
        hub = self.serve()
        snapshot = self.pull(hub)
        found = huggingface_hub.snapshot_download(NAME, cache_dir=self.cache, local_files_only=True)
        self.assertEqual(Path(found), snapshot)
        for file in ("config.json", "model.safetensors"):
            self.assertEqual(
                huggingface_hub.try_to_load_from_cache(NAME, file, cache_dir=self.cache), str(snapshot / file)
            )
        before = downloads(hub)
        huggingface_hub.hf_hub_download(NAME, "model.safetensors", cache_dir=self.cache, endpoint=hub.address)
        self.assertEqual(downloads(hub), before)
        scanned = huggingface_hub.scan_cache_dir(self.cache)
        self.assertEqual([repo.repo_id for repo in scanned.repos], [NAME])
        self.assertFalse(scanned.warnings)

    @unittest.skipUnless(huggingface_hub, "huggingface_hub is not installed")
    def test_podium_finds_what_hugging_face_downloaded(self):
        hub = self.serve()
        huggingface_hub.snapshot_download(NAME, cache_dir=self.cache, endpoint=hub.address)
        self.assertEqual(self.podium(hub, "inspect", NAME).returncode, 0)
        before = downloads(hub)
        self.pull(hub)
        self.assertEqual(downloads(hub), before)


if __name__ == "__main__":
    PROGRAM = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
