"""The command: tries the faults one after another and prints the table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.benchmark.faults import __doc__ as about
from tools.benchmark.faults.records import Outcome
from tools.benchmark.faults.report import table
from tools.benchmark.faults.table import FAULTS
from tools.benchmark.faults.trial import tried
from tools.benchmark.faults.worlds import WORLDS


def main() -> int:
    """Print the table; return 1 where something is not as it should be."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="only faults whose name holds one of these")
    parser.add_argument("--list", action="store_true", help="print the names and end")
    parser.add_argument("--out", type=Path, help="write the table there too")
    chosen = parser.parse_args()
    wanted = [one for one in FAULTS if not chosen.names or any(name in one.name for name in chosen.names)]
    if chosen.list:
        print(*(one.name for one in wanted), sep="\n")
        return 0
    if not wanted:
        parser.error(f"no fault is called {' or '.join(chosen.names)}; --list names them")
    outcomes: list[Outcome] = []
    for number, fault in enumerate(wanted, 1):
        print(f"{number}/{len(wanted)} {fault.name} ...", end=" ", file=sys.stderr, flush=True)
        if reason := WORLDS[fault.world][1]():
            print(f"left out: {reason}", file=sys.stderr)
            continue
        outcome = tried(fault)
        outcomes.append(outcome)
        print("; ".join(outcome.wrong) or "as it should be", file=sys.stderr, flush=True)
    print(table(outcomes))
    if chosen.out is not None:
        chosen.out.write_text(table(outcomes), "utf-8")
    return int(any(one.wrong for one in outcomes))


if __name__ == "__main__":
    sys.exit(main())
