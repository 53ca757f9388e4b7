"""The `init` verb: five questions, and a file of settings that then runs."""

from __future__ import annotations

import argparse
import os
import shlex
from pathlib import Path
from typing import Any

from monitor.cli.arguments import AddVerb
from monitor.console import show, tell
from monitor.files.paths import user_path

_FILE = Path("monitor.toml")
_HEAD = (
    "Written by `monitor init`; yours to change. Only what differs from the defaults is here: "
    "`monitor config init` writes every key."
)


def add_init(verbs: Any, add_verb: AddVerb) -> None:
    """Add `init` to the verbs of the program."""
    init = add_verb(verbs, "init", _init, "ask five questions and write a file of settings that then runs")
    init.add_argument(
        "file", nargs="?", type=user_path, default=_FILE, metavar="FILE", help="default: %(default)s"
    )
    init.add_argument("--defaults", action="store_true", help="ask nothing: every answer is the default")
    init.add_argument("--force", action="store_true", help="replace FILE if it is there, without asking")


def _init(arguments: argparse.Namespace) -> int:
    try:
        return _dialogue(arguments)
    except KeyboardInterrupt:
        tell("Nothing was written.")
        raise


def _dialogue(arguments: argparse.Namespace) -> int:
    from monitor.cli.dialogue import Dialogue
    from monitor.cli.questions import asked
    from monitor.config.commented import commented_changes
    from monitor.config.settings import load_config
    from monitor.files.new_file import refuse_taken, write_new

    dialogue, path = Dialogue(silent=arguments.defaults), arguments.file
    force = arguments.force or (
        dialogue.at_terminal and path.is_file() and dialogue.agreed(f"{path} is there already. Replace it?")
    )
    refuse_taken(path, force=force)
    config, commands = asked(dialogue, load_config(None, os.environ))
    write_new(path, commented_changes(config, _HEAD), force=force)
    name = shlex.quote(str(path))
    show(f"\nWrote {path}. Next:")
    for command in (*commands, f"monitor run --config {name}"):
        show(f"    {command.format(file=name)}")
    show(f"\n`monitor doctor --config {name}` looks whether all of it works here.")
    return 0
