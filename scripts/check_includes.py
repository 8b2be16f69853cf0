"""Fail on an #include against the order of the rooms, or on a library outside its door.

    python3 scripts/check_includes.py

The rules are those of ARCHITECTURE.md: a room includes only the rooms listed for it, and each
third-party library is named in one place.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)

# Room -> the rooms it may include besides itself; "podium" is include/podium.
ROOMS = {
    "base": {"podium"},
    "documents": {"base", "podium"},
    "hub": {"base", "podium"},
    "download": {"base", "hub", "podium"},
    "text": {"base", "hub", "podium"},
    "batch": {"base"},
    "kernels": {"base"},
    "model": {"base", "hub", "batch", "kernels"},
    "engine": {"base", "hub", "text", "batch", "kernels", "model", "podium"},
    "eval": {"base", "podium"},
    "server": {"base", "documents", "podium"},
    "cli": {"base", "documents", "download", "eval", "server", "podium"},
    "podium": set(),
}
# How a library's headers begin -> the only files or folders that may include them.
DOORS = {
    "simdjson": ["src/base/json.cc"],
    "utf8proc": ["src/text/unicode.cc"],
    "zlib": ["src/eval/gzip.cc", "tests/eval/", "src/server/http/gzip.cc"],
    "boost/": ["src/server/http/"],
    "sqlite3": ["src/server/auth/sqlite.cc", "src/documents/sqlite.cc", "tests/documents/"],
    "openssl/": ["src/server/http/", "src/server/auth/key_secret.cc", "src/download/checksum.cc"],
    "curl/": ["src/download/http_client.cc"],
    "toml++/": ["src/server/options_toml.cc"],
    "CLI/": ["src/cli/"],
    "tl/": ["include/podium/result.h"],
    "fmt/": ["src/", "tests/", "bench/"],
    "benchmark/": ["bench/kernels.cc"],
    "dnnl": ["bench/kernels.cc"],
    "oneapi/": ["bench/kernels.cc"],
    "gtest/": ["tests/"],
    "gmock/": ["tests/"],
}


def complaints(path):
    """What is wrong with the includes of one file, a line each."""
    name = path.relative_to(ROOT).as_posix()
    top, room = name.split("/")[:2]
    for quote, header in INCLUDE.findall(path.read_text(encoding="utf-8")):
        for library, doors in DOORS.items():
            if header.startswith(library) and not name.startswith(tuple(doors)):
                yield f"{name}: <{header}> belongs behind {doors[0]}"
        target = header.split("/")[0]
        if quote == '"' and top in {"src", "include"} and target not in ROOMS[room] | {room}:
            yield f'{name}: "{header}": {room} may not include {target}'


def main():
    """Check every source file and say what is wrong."""
    files = [path for top in ("include", "src", "tests", "fuzz", "bench") for path in ROOT.glob(f"{top}/**/*.*")]
    sources = [path for path in files if path.suffix in {".h", ".cc"}]
    wrong = [line for path in sorted(sources) for line in complaints(path)]
    print("\n".join(wrong) or f"{len(sources)} files include only what they may")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
