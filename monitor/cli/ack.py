"""The `ack` verb: somebody has seen what was urgent."""

from __future__ import annotations

import argparse
from typing import Any

from monitor.bus.messages import Event, Request
from monitor.cli.arguments import AddVerb, add_connection, answered
from monitor.console import show, show_json
from monitor.errors import HistoryError, NoAnswer


def add_ack(verbs: Any, add_verb: AddVerb) -> None:
    """Add `ack` to the verbs of the program."""
    ack = add_verb(verbs, "ack", _ack, "acknowledge urgent events: they are missed until somebody does")
    which = ack.add_mutually_exclusive_group()
    which.add_argument("id", nargs="?", metavar="ID", help="the one event that was seen (default: all)")
    which.add_argument("--class", dest="class_", metavar="NAME", help="all of one class")
    which.add_argument("--source", metavar="SOURCE_ID", help="all of one source")
    ack.add_argument("--json", action="store_true", help="the events as one JSON list on standard output")
    add_connection(ack)


def _ack(arguments: argparse.Namespace) -> int:
    from monitor.bus.codec import encode_json
    from monitor.sinks.line_texts import seen_line

    events = _acknowledged(arguments)
    if arguments.json:
        show_json(b"[" + b",".join(map(encode_json, events)) + b"]")
    elif events:
        for event in events:
            show(seen_line(event))
    else:
        show("Nothing waits to be acknowledged.")
    return 0


def _acknowledged(arguments: argparse.Namespace) -> list[Event]:
    """Acknowledge by the running monitor, or in the history where none runs."""
    from monitor.names import class_id
    from monitor.storage.history import Asked, acknowledge, history_file

    request = Request(
        "acknowledge",
        arguments.class_,
        source_id=arguments.source,
        event_id=arguments.id,
        client="monitor ack",
    )
    try:
        return answered(arguments, request).events
    except NoAnswer:
        path = history_file()
        if path is None or not path.exists():
            raise
    asked = Asked(class_=class_id(arguments.class_) if arguments.class_ else None, source_id=arguments.source)
    events = acknowledge(path, asked, arguments.id, "monitor ack")
    if not events and (arguments.id or arguments.class_):
        raise HistoryError("No monitor runs, and the history has no such event that waits.")
    return events
