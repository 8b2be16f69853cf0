"""podium keys as people run it. Usage: test_keys.py PROGRAM"""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM = "podium"
KEY = re.compile(r"\Apodium_[0-9A-Za-z]{8}_[0-9A-Za-z]{40}\n\Z")


class Keys(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.file = Path(self.folder.name) / "new" / "keys.db"

    def keys(self, *arguments, stdin=""):
        return subprocess.run(
            [PROGRAM, "keys", *arguments], input=stdin, capture_output=True, text=True, timeout=60, check=False,
            env={**os.environ, "PODIUM_KEYS": str(self.file)},
        )

    def ok(self, *arguments, **options):
        run = self.keys(*arguments, **options)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout

    def refused(self, *arguments, **options):
        run = self.keys(*arguments, **options)
        self.assertEqual(run.returncode, 2)
        self.assertRegex(run.stderr, r"\Apodium: [^\n]+\n(hint: [^\n]+\n)?\Z")
        return run.stderr

    def test_the_key_alone_is_on_standard_output(self):
        self.assertRegex(self.ok("add", "web"), KEY)
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.file.parent.stat().st_mode & 0o777, 0o700)

    def test_list(self):
        self.assertIn("no keys", self.ok("list"))
        secret = self.ok("add", "web", "--requests-per-minute", "600", "--scopes", "rerank,admin").strip()
        table = self.ok("list")
        self.assertRegex(table, r"web +rerank,admin +600 +– +– .* never +active")
        self.assertNotIn(secret[-40:], table)
        (key,) = json.loads(self.ok("list", "--format", "json"))["keys"]
        self.assertEqual(key["name"], "web")
        self.assertEqual(key["scopes"], ["rerank", "admin"])
        self.assertEqual(key["limits"], {"requests_per_minute": 600, "tokens_per_minute": None, "concurrency": None})
        self.assertIsNone(key["last_used_at"])
        self.assertNotIn("key", key)

    def test_json_of_a_new_key(self):
        made = json.loads(self.ok("add", "web", "-f", "json"))
        self.assertRegex(made["key"] + "\n", KEY)
        self.assertIn(made["id"], made["key"])

    def test_limits_keep_what_is_not_given(self):
        self.ok("add", "web", "--tokens-per-minute", "5000")
        limits = json.loads(self.ok("limits", "web", "--concurrency", "4", "-f", "json"))["keys"][0]["limits"]
        self.assertEqual(limits, {"requests_per_minute": None, "tokens_per_minute": 5000, "concurrency": 4})
        limits = json.loads(self.ok("limits", "web", "--tokens-per-minute", "0", "-f", "json"))["keys"][0]["limits"]
        self.assertIsNone(limits["tokens_per_minute"])

    def test_revoke_by_name_or_id(self):
        self.ok("add", "web")
        key = json.loads(self.ok("add", "app", "-f", "json"))["id"]
        self.assertIn("revoked", self.ok("revoke", "web"))
        self.assertIn("revoked", self.ok("revoke", key))
        self.assertIn("revoked", self.refused("revoke", key))

    def test_a_key_from_elsewhere(self):
        brought = "sk-from-another-server-123456"
        self.assertEqual(self.ok("add", "web", "--stdin", stdin=brought + "\n"), brought + "\n")
        self.assertIn("already", self.refused("add", "app", "--stdin", stdin=brought + "\n"))
        self.assertIn("at least", self.refused("add", "app", "--stdin", stdin="short\n"))

    def test_usage_without_any(self):
        self.assertIn("no usage", self.ok("usage"))
        self.assertEqual(json.loads(self.ok("usage", "-f", "json")), {"usage": []})

    def test_what_is_refused(self):
        self.assertIn("action", self.refused())
        self.assertIn("Did you mean add?", self.refused("ad"))
        self.assertIn("which key", self.refused("add"))
        self.assertIn("no key nobody", self.refused("revoke", "nobody"))
        self.assertIn("no key nobody", self.refused("usage", "nobody"))
        self.assertIn("'root' is no scope", self.refused("add", "web", "--scopes", "root"))
        self.assertIn("whole number", self.refused("add", "web", "--concurrency", "-1"))
        self.ok("add", "web")
        self.assertIn("already", self.refused("add", "web"))
        self.file.write_bytes(b"not a database at all, just some text in a file")
        self.assertIn("is not a key file", self.refused("list"))
        self.assertIn("cannot open", self.refused("list", "--file", "/proc/none/keys.db"))

    def test_help(self):
        for action in ("add", "list", "revoke", "limits", "usage"):
            self.assertIn(f"\n  {action} ", self.ok("--help"))
            text = self.ok(action, "--help")
            self.assertIn(f"usage: podium keys {action}", text)
            self.assertLessEqual(max(map(len, text.splitlines())), 88)


if __name__ == "__main__":
    PROGRAM = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
