"""Property-based tests of every operation in /openapi.json, by schemathesis, with a bound on their number.

Usage: check_openapi.py PROGRAM [schemathesis options]
"""

import subprocess
import sys
from pathlib import Path

import serving
from test_keys import keys

MODEL = serving.ROOT / "tests" / "data" / "tiny-interaction"


def main():
    serving.PROGRAM = str(Path(sys.argv[1]).resolve())
    tool = Path(sys.executable).with_name("schemathesis")
    with serving.Server("--model", f"tiny={MODEL}", "--model", f"second={MODEL}") as server:
        key = keys(server, "add", "root", "--scopes", "admin,rerank")["key"]
        run = subprocess.run(
            [tool, "--config-file", Path(__file__).with_name("schemathesis.toml"), "run",
             f"http://127.0.0.1:{server.port}/openapi.json", "--header", f"Authorization: Bearer {key}",
             *sys.argv[2:]], check=False)
        alive = server.request("GET", "/health")[0] == 200
    failed = run.returncode != 0 or not alive
    print(f"{int(not failed)} passed, {int(failed)} failed")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
