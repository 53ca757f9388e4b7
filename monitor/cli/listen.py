"""The `listen` verb: what it takes on the command line."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from monitor.cli.arguments import AddVerb, add_connection
from monitor.cli.values import positive


def add_listen(verbs: Any, add_verb: AddVerb) -> None:
    """Add `listen` to the verbs of the program."""
    listen = add_verb(verbs, "listen", _listen, "print what a running monitor publishes")
    add_connection(listen)
    listen.add_argument("--json", action="store_true", help="each event as one line of JSON")
    listen.add_argument(
        "--near-misses", action="store_true", help="also what nearly fired, and why it did not"
    )
    listen.add_argument("--duration", type=positive, metavar="S", help="stop after S seconds")


def _listen(arguments: argparse.Namespace) -> int:
    from monitor.cli.listen_session import listen

    return listen(
        arguments.connect,
        as_json=arguments.json,
        out=sys.stdout,
        near_misses=arguments.near_misses,
        duration_s=arguments.duration,
        control=arguments.control,
    )
