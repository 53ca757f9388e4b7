"""The `history` verb: what was heard, nearly heard, went wrong and was changed, also in earlier runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.cli.arguments import AddVerb
from monitor.cli.values import count, point_in_time
from monitor.console import show, show_drawn, tell
from monitor.errors import HistoryError
from monitor.files.new_file import refuse_taken
from monitor.files.paths import user_path

if TYPE_CHECKING:
    from monitor.bus.messages import Event

SHOWN = 30
"""Rows of the table, the newest, unless more are asked for."""


def add_history(verbs: Any, add_verb: AddVerb) -> None:
    """Add `history` to the verbs of the program."""
    history = add_verb(verbs, "history", _history, "what was heard, by day and hour; what was missed")
    which = history.add_argument_group("which part")
    which.add_argument(
        "--since", type=point_in_time, metavar="T", help="24h, 7d, 2026-11-30, or '2026-11-30 08:00'"
    )
    which.add_argument("--until", type=point_in_time, metavar="T", help="the same; default: now")
    which.add_argument("--class", dest="class_", metavar="NAME", help="one class only")
    which.add_argument("--source", dest="source_id", metavar="ID", help="one source only")
    which.add_argument(
        "--missed", action="store_true", help="only urgent events that nobody has acknowledged"
    )
    which.add_argument(
        "--all", action="store_true", help="also near misses, changes of health and of settings"
    )
    which.add_argument(
        "--limit", type=count, metavar="N", help=f"the newest N (default of the table: {SHOWN})"
    )
    how = history.add_argument_group("how").add_mutually_exclusive_group()
    how.add_argument(
        "--ids", action="store_true", help="events with their ids, as `monitor correct` takes them"
    )
    how.add_argument("--summary", action="store_true", help="how many by class, by day and by hour, as bars")
    how.add_argument(
        "--json", action="store_true", help="one JSON object a line, as published, with its topic"
    )
    how.add_argument("--csv", type=user_path, metavar="FILE", help="events as a table in FILE; - prints it")
    how.add_argument("--parquet", type=user_path, metavar="FILE", help="the same as Parquet (needs pyarrow)")
    history.add_argument("--force", action="store_true", help="replace FILE if it is there")


def _history(arguments: argparse.Namespace) -> int:
    from monitor.cli import history_view as view
    from monitor.names import class_id
    from monitor.storage.history import Asked, find, holdings

    whole = arguments.json or arguments.csv or arguments.parquet or arguments.summary
    asked = Asked(
        since=arguments.since,
        until=arguments.until,
        class_=None if arguments.class_ is None else class_id(arguments.class_),
        source_id=arguments.source_id,
        missed=arguments.missed,
        limit=arguments.limit or (None if whole else SHOWN),
    )
    found = find(_file(), asked)
    others = arguments.all and arguments.json and (found.near_misses or found.health)
    if not (found.events or others) and (arguments.json or arguments.csv or arguments.parquet):
        tell(view.nothing(asked, holdings(_file())))  # beside what a program reads, which is empty
    if arguments.json:
        view.show_lines(found, everything=arguments.all)
    elif arguments.csv:
        _write(view.write_csv, found.events, arguments.csv, arguments.force)
    elif arguments.parquet:
        _write(view.write_parquet, found.events, arguments.parquet, arguments.force)
    elif arguments.summary:
        show_drawn(view.summary(found.events) or view.nothing(asked, holdings(_file())))
    else:
        shown = (view.ids if arguments.ids else view.table)(found, everything=arguments.all)
        show_drawn(shown or view.nothing(asked, holdings(_file())))
        if len(found.events) == asked.limit:
            tell(f"Only the newest {asked.limit} are shown; more: --limit N, or --since T.")
    return 0


def _write(
    write: Callable[[Sequence[Event], Path], None], events: Sequence[Event], path: Path, force: bool
) -> None:
    """Write events into a file, and say so; one that is there is replaced only where that is asked for."""
    printed = str(path) == "-"
    if not printed:
        refuse_taken(path, force=force)
    write(events, path)
    if not printed:
        show(f"Wrote {len(events)} events to {path}")


def _file() -> Path:
    from monitor.storage.history import history_file

    path = history_file()
    if path is None:
        raise HistoryError("There is no home folder, so no history is kept; set XDG_STATE_HOME.")
    return path
