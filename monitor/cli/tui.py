"""The `tui` verb: the terminal interface of a running monitor."""

from __future__ import annotations

import argparse
from typing import Any

from monitor.cli.arguments import AddVerb, add_connection


def add_tui(verbs: Any, add_verb: AddVerb) -> None:
    """Add `tui` to the verbs of the program."""
    tui = add_verb(verbs, "tui", _tui, "attach the terminal interface to a running monitor")
    add_connection(tui)
    tui.add_argument("--bell", action="store_true", help="ring the terminal's bell at each onset")
    tui.add_argument("--mono", action="store_true", help="draw without colours")


def _tui(arguments: argparse.Namespace) -> int:
    from monitor.tui import run_tui

    return run_tui(arguments.connect, bell=arguments.bell, mono=arguments.mono, control=arguments.control)
