"""The `doctor` verb: what works, what does not, and what to do."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

import msgspec

from monitor.cli.arguments import AddVerb
from monitor.config.settings import Config, load_config
from monitor.console import show, show_json, show_table
from monitor.errors import ConfigError
from monitor.files.paths import user_path
from monitor.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from monitor.doctor.findings import Examined, Finding

_EXIT_FAULT = 1
_MARKS = {
    "ok": ("works", "green"), "attention": ("look at", "yellow"), "fault": ("FAILS", "bold red"),
    "unchecked": ("-", "dim"),
}  # fmt: skip


def add_doctor(verbs: Any, add_verb: AddVerb) -> None:
    """Add `doctor` to the verbs of the program."""
    doctor = add_verb(verbs, "doctor", _doctor, "tell what works here, what does not, and what to do")
    doctor.add_argument("--config", type=user_path, metavar="FILE", help="look at what this file asks for")
    doctor.add_argument("--quick", action="store_true", help="open no microphone, listen to none")
    doctor.add_argument("--json", action="store_true", help="one JSON object on standard output")


def _doctor(arguments: argparse.Namespace) -> int:
    from monitor.doctor.checks import run_checks
    from monitor.progress import steps

    examined = _examined(arguments)
    with steps() as say:
        findings = run_checks(examined, say)
    faults = [one for one in findings if one.state == "fault"]
    if arguments.json:
        show_json(msgspec.json.encode({"ok": not faults, "findings": findings}))
    else:
        show_table(_table(findings))
        show(f"\n{_summary(findings)}")
    return _EXIT_FAULT if faults else 0


def _examined(arguments: argparse.Namespace) -> Examined:
    """Return what is to be looked at; a configuration that is refused is something that was found."""
    from monitor.config.by_class import by_class
    from monitor.doctor.findings import Examined
    from monitor.scoring.prompts import parse_classes

    try:
        config, trouble = load_config(arguments.config, os.environ), None
        by_class(config, parse_classes(",".join(config.prompts.classes), config.prompts.aliases), strict=True)
    except ConfigError as error:
        config, trouble = Config(), str(error)
    return Examined(config, arguments.config, trouble, arguments.quick)


def _table(findings: Sequence[Finding]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(max_width=28)
    table.add_column()
    for one in findings:
        word, style = _MARKS[one.state]
        said = Text(clean(one.found))
        if one.do:
            said.append(f"\n-> {clean(one.do)}", style="bold")
        table.add_row(Text(word, style=style), Text(clean(one.about)), said)
    return table


def _summary(findings: Sequence[Finding]) -> str:
    counts = {state: sum(one.state == state for one in findings) for state in _MARKS}
    if counts["fault"]:
        return f"{counts['fault']} of {len(findings)} do not work; the arrows say what to do."
    if counts["attention"]:
        return f"All that is needed works; {counts['attention']} could be better."
    return "All is well. Next: `monitor run`."
