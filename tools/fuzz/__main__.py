"""Try what comes in from outside with inputs that nobody meant to send.

    python -m tools.fuzz --list
    python -m tools.fuzz --seconds 60                          # every target, one after another
    python -m tools.fuzz wire-message control-request --seconds 300 --out FOLDER

Python code is tried by atheris (`pip install 'sound-monitor[fuzz]'`), which follows coverage; what is mostly
machine code of libraries by chance, in a process with limits of time and memory. An input that breaks a
law is kept below `--out`; once that is mended, it belongs into `tests/fuzz/corpus/<target>/`. Exit code 1:
something broke.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
from pathlib import Path

import msgspec

from tools.fuzz.registry import TARGETS
from tools.fuzz.session import Outcome, by_coverage, by_mutation


def main() -> int:
    """Run what is asked for, and say what came of it."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.fuzz", description="Fuzz what comes in from outside."
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="which; none: all")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default %(default)s)")
    parser.add_argument("--side-by-side", type=int, default=1, metavar="N", help="so many targets at a time")
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="where inputs are kept that break something"
    )
    parser.add_argument("--list", action="store_true", help="only say which targets there are")
    parser.add_argument("--json", action="store_true", help="one line of JSON for each target")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.targets if name not in TARGETS]:
        parser.error(f"there is no target {unknown[0]!r}; valid: {', '.join(TARGETS)}")
    names = arguments.targets or list(TARGETS)
    if arguments.list:
        print("\n".join(names))
        return 0
    if arguments.seconds < 1 or arguments.side_by_side < 1:
        parser.error("valid: --seconds and --side-by-side of 1 or more")
    if importlib.util.find_spec("atheris") is None and not all(TARGETS[name].native for name in names):
        parser.error("atheris is not installed; install it with: pip install 'sound-monitor[fuzz]'")
    out = arguments.out or Path(tempfile.mkdtemp(prefix="fuzz"))
    targets = [TARGETS[name] for name in names]
    python = [target for target in targets if not target.native]
    outcomes = by_coverage(python, arguments.seconds, arguments.side_by_side, out)
    outcomes += [by_mutation(one, arguments.seconds, out / one.name) for one in targets if one.native]
    for outcome in outcomes:
        print(msgspec.json.encode(outcome).decode() if arguments.json else _told(outcome), flush=True)
    return 1 if any(outcome.faults for outcome in outcomes) else 0


def _told(outcome: Outcome) -> str:
    reached = "" if outcome.coverage is None else f", edges {outcome.coverage[0]} -> {outcome.coverage[1]}"
    faults = f"{len(outcome.faults)} faults"
    head = f"{outcome.target}: {outcome.executions} inputs by {outcome.engine}{reached}; {faults}"
    return "\n".join([head, *(f"  {one.place}: {one.says}\n    {one.file}" for one in outcome.faults)])


if __name__ == "__main__":
    sys.exit(main())
