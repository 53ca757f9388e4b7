"""The `tui` verb: the terminal interface of a running monitor."""

from __future__ import annotations

import argparse
from typing import Any

from monitor.cli.arguments import AddVerb, add_connection
from monitor.tui.flags import add_flags, options_of


def add_tui(verbs: Any, add_verb: AddVerb) -> None:
    """Add `tui` to the verbs of the program."""
    tui = add_verb(verbs, "tui", _tui, "attach the terminal interface to a running monitor")
    add_connection(tui)
    add_flags(tui.add_argument_group("how it is shown"))


def _tui(arguments: argparse.Namespace) -> int:
    from monitor.tui import run_tui

    return run_tui(options_of(arguments, arguments.connect), control=arguments.control)
