"""Kill a process again and again while it writes the history; then look whether anything is damaged or lost.

    python -m tools.benchmark.history_kills --kills 1000

Each process writes events of three messages and near misses, and says so after each; it is killed with
SIGKILL at a moment that differs from kill to kill. Lost is what was said to be written and is not found.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from random import Random

import msgspec

from monitor.storage.history import Asked, find, open_database
from tools.benchmark.made_records import made_event, made_near_miss

ROOT = Path(__file__).parents[2]
_LONGEST_S = 0.05
"""After its first record a process may write for up to so long."""


class Outcome(msgspec.Struct, frozen=True):
    """What the kills did."""

    kills: int
    written: int
    """Events that were told to be written."""
    lost: int
    """Of these, those that are not found whole."""
    integrity: str
    """What SQLite says of the file; ``ok``."""


def write_until_killed(path: Path, number: int) -> None:
    """Write records and tell the number of each event that is written."""
    from monitor.storage.history import HistoryWriter

    writer = HistoryWriter(path, keep_days=36_500.0, max_mb=10_000.0)
    for count in range(10**9):
        for type_ in ("onset", "update", "offset"):
            writer.add(made_event(type_, f"{number}-{count}"))
        print(count, flush=True)
        writer.add(made_near_miss(count))


def kill_writers(path: Path, kills: int, seed: int = 0) -> Outcome:
    """Start a writer and kill it, `kills` times, and return what is left of it."""
    rng, told = Random(seed), set()
    for kill in range(kills):
        command = [sys.executable, "-m", "tools.benchmark.history_kills", "--write", str(path), str(kill)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True)
        assert child.stdout is not None  # noqa: S101 - it is a pipe
        first = child.stdout.readline()
        time.sleep(rng.uniform(0.0, _LONGEST_S))
        child.kill()
        told |= {f"{kill}-{count}" for count in (first + child.stdout.read()).split("\n")[:-1]}
        child.stdout.close()
        child.wait()
    with closing(open_database(path)) as database:
        integrity = "; ".join(row[0] for row in database.execute("PRAGMA integrity_check"))
    whole = {event.id for event in find(path, Asked()).events if event.type == "offset"}
    return Outcome(kills, len(told), len(told - whole), integrity)


def main() -> None:
    """Kill, and print what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--write", nargs=2, metavar=("FILE", "NUMBER"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.write:
        write_until_killed(Path(args.write[0]), int(args.write[1]))
    with tempfile.TemporaryDirectory() as folder:
        outcome = kill_writers(Path(folder, "history.db"), args.kills)
    print(json.dumps(msgspec.to_builtins(outcome)))


if __name__ == "__main__":
    main()
