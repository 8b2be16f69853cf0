"""How `podium serve` bears bad input, faults and load; the figures of docs/reliability.md.

    python3 scripts/reliability PROGRAM [--only bad-input|http|load|soak] [--minutes 30] [--report FILE]

Without --only everything runs (the soak alone takes --minutes) and --report is written anew; with it, only that
part of the report is. The server runs with the options that the table's title names, else with its defaults.
"""

import argparse
import re
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "server"))

import bodies  # noqa: E402
import load  # noqa: E402
import serving  # noqa: E402
import wire  # noqa: E402
from measure import Connection, Probe, Process, Tally, machine, request_bytes  # noqa: E402

COLUMNS = ("case", "requests", "answers", "slowest", "memory above idle", "of a body", "another client waited")
BODY_CASES = (
    bodies.json_collection, bodies.naughty_strings, bodies.deep_nesting, bodies.duplicate_keys, bodies.huge_numbers,
    bodies.truncated_bodies, bodies.invalid_utf8, bodies.empty_strings, bodies.greedy_shapes, bodies.long_names,
    bodies.gzip_bombs, bodies.body_of_100_mb, bodies.a_million_documents, bodies.document_of_50_mb,
)  # fmt: skip
WORST_RATIO = 100  # memory of a request to its body


def send_bodies(tally, port, cases, headers=""):
    """One request after another on a connection that lives as long as the server lets it."""
    connection = Connection(port)
    for route, body in cases:
        if not connection.is_open:
            connection.socket.close()
            connection = Connection(port)
        started = time.monotonic()
        connection.send(request_bytes(route, body, headers))
        tally.add(*connection.receive(), time.monotonic() - started, len(body))
    connection.socket.close()


def run_case(server, name, act, silent_is_fine=False):
    """A row of the table; what it says is wrong with it, a line each."""
    process = Process(server.process.pid)
    time.sleep(0.2)
    idle = process.resident()
    process.reset_peak()
    probe, tally = Probe(server.port), Tally()
    probe.start()
    act(tally)
    waited = probe.finish()
    above = max(0, process.peak() - idle)
    ratio = above / tally.largest if tally.largest >= bodies.MB else None
    row = (
        name,
        f"{sum(tally.statuses.values()):,}",
        load.status_text(tally.statuses),
        f"{tally.slowest:.2f} s",
        f"{above / 2**20:.1f} MiB",
        f"{ratio:.1f} x" if ratio is not None else "",
        f"{waited:.2f} s",
    )
    print("  " + " | ".join(row), flush=True)
    wrong = [f"{name}: no clear error: {answer}" for answer in tally.unclear[:3]]
    wrong += [f"{name}: {probe.failures} requests of another client failed"] if probe.failures else []
    wrong += [f"{name}: {tally.statuses[500]} answers of 500"] if tally.statuses[500] else []
    wrong += [f"{name}: {tally.statuses[0]} without an answer"] if tally.statuses[0] and not silent_is_fine else []
    wrong += [f"{name}: memory is {ratio:.0f} x the body"] if ratio and ratio > WORST_RATIO else []
    return row, wrong


def table(title, rows):
    """Markdown."""
    lines = [f"## {title}", "", "| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def spoken(function):
    """A function's name as words."""
    return function.__name__.replace("_", " ")


def bad_input():
    """Every bad body at every route."""
    rows, wrong = [], []
    print("\nbad bodies")
    with serving.Server() as server:
        for case in BODY_CASES:
            if case in (bodies.json_collection, bodies.naughty_strings) and not bodies.BAD_INPUT.is_dir():
                print(f"  {spoken(case)}: skipped, {bodies.BAD_INPUT} is not here")
                continue
            headers = "Content-Encoding: gzip\r\n" if case is bodies.gzip_bombs else ""
            row, bad = run_case(
                server, spoken(case), lambda tally, c=case, h=headers: send_bodies(tally, server.port, c(), h)
            )
            rows.append(row)
            wrong += bad
    with serving.Server("--max-documents", "2000000") as server:
        case = bodies.a_million_documents
        row, bad = run_case(
            server, "the same, --max-documents 2000000", lambda tally: send_bodies(tally, server.port, case())
        )
        rows.append(row)
        wrong += bad
    return table("Bad bodies", rows), wrong


def bad_http():
    """Bad HTTP of every kind."""
    rows, wrong = [], []
    print("\nbad HTTP")
    with serving.Server() as server:
        for case in wire.CASES:
            row, bad = run_case(
                server, spoken(case), lambda tally, c=case: c(tally, server.port), case in wire.MAY_BE_SILENT
            )
            rows.append(row)
            wrong += bad
    return table("Bad HTTP", rows), wrong


def under_load(seconds):
    """Crowds and overload."""
    started = time.monotonic()
    with serving.Server(*load.SERVER_OPTIONS) as server:
        ready = time.monotonic() - started
        process = Process(server.process.pid)
        facts = [("from the start of the program to its first line", f"{ready:.2f} s (bound: 1 s)")]
        text = load.dump(facts, "Start") + "\n" + load.dump(load.crowd(server, process, seconds / 3), "A crowd")
        text += "\n" + load.dump(load.overload(server, process, seconds), f"Overload ({' '.join(load.SERVER_OPTIONS)})")
    return text, []


def soaking(minutes):
    """A long time at low priority."""
    with serving.Server("--cache", "1000") as server:
        return load.dump(load.soak(server, Process(server.process.pid), minutes), "Soak"), []


def write_report(file, parts, command):
    """Replaces the parts of the report that were measured."""
    text = file.read_text() if file.is_file() else ""
    for name, part in parts.items():
        stamp = f"{time.strftime('%Y-%m-%d')}, {machine()}"
        block = f"<!-- {name} -->\n{part}\n`{command}` on {stamp}\n<!-- end of {name} -->"
        old = re.compile(f"<!-- {name} -->.*<!-- end of {name} -->", re.DOTALL)
        text = old.sub(lambda _, new=block: new, text) if old.search(text) else f"{text.rstrip()}\n\n{block}\n"
    file.write_text(text)


def main():
    """Runs what is asked for; fails if a promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--only", choices=("bad-input", "http", "load", "soak"))
    parser.add_argument("--minutes", type=float, default=30, help="of the soak (default: 30)")
    parser.add_argument("--seconds", type=float, default=60, help="of the overload (default: 60)")
    parser.add_argument("--report", type=Path, help="the Markdown file to write the tables into")
    given = parser.parse_args()
    serving.PROGRAM = str(Path(given.program).resolve())
    print(machine())
    parts, wrong = {}, []
    for name, run in {"bad-input": bad_input, "http": bad_http, "load": lambda: under_load(given.seconds),
                      "soak": lambda: soaking(given.minutes)}.items():  # fmt: skip
        if given.only in (None, name):
            parts[name], bad = run()
            wrong += bad
    if given.report:
        command = f"make reliability RELIABILITY='--only {given.only}'" if given.only else "make reliability"
        write_report(given.report, parts, command)
    print("\n".join(wrong) or "every promise was kept")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
