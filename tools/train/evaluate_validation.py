"""`monitor eval` on the validation slice: what may be looked at while developing, and chosen from.

    python -m tools.train.evaluate_validation clips --data ../shared/data/index.csv
    python -m tools.train.evaluate_validation streams --data ../shared/data/index.csv --negative-hours 2 \
        --classes siren,dog_bark --write-thresholds thresholds.toml

Takes the arguments of `monitor eval`; folds are those the slice is taken from (`corpus.is_validation`).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

from monitor.cli.eval import add_eval
from monitor.errors import MonitorError
from tools.train.corpus import is_validation

FOLDS = (1, 2, 3)


def add_verb(
    verbs: Any, name: str, function: Callable[[argparse.Namespace], int], summary: str
) -> argparse.ArgumentParser:
    """Add a verb that calls `function`."""
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=summary)
    parser.set_defaults(verb=function)
    return parser


def main() -> int:
    """Run the experiment on the slice; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_eval(parser.add_subparsers(required=True), add_verb)
    arguments = parser.parse_args(["eval", *sys.argv[1:]])
    arguments.folds, arguments.subset = (FOLDS,), is_validation
    try:
        return int(arguments.verb(arguments))
    except MonitorError as error:
        raise SystemExit(f"{error}") from None


if __name__ == "__main__":
    sys.exit(main())
