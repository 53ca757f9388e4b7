"""What a class was taught by before: whether the new examples stand beside it or in its place."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from typing import Literal

from monitor.cli.dialogue import Dialogue
from monitor.errors import ConfigError, OwnSoundError
from monitor.learning.checks import oddness
from monitor.learning.examples import Example
from monitor.records import Cohort
from monitor.storage import own_sounds
from monitor.storage.own_sound_file import TaughtSound

Way = Literal["add", "replace"]


def way_with(before: TaughtSound, label: str, arguments: argparse.Namespace) -> Way:
    """Return what becomes of the examples of before, as the command line or the user says.

    Raises
    ------
    ConfigError
        Nobody says so.
    """
    if arguments.add:
        return "add"
    if arguments.replace or arguments.again:
        return "replace"
    there, dialogue = _there(before, label), Dialogue(silent=False)
    if arguments.json or not dialogue.at_terminal:
        raise ConfigError(
            f"{there}; say --add to put the new ones beside them, or --replace to put them in their place."
        )
    question = f"{there}. Put the new ones beside them (add), or in their place (replace)?"
    return dialogue.question(question, "add", _way)


def said_of(before: TaughtSound, label: str, way: Way) -> str:
    """Return what becomes of the examples of before, in a sentence."""
    what = "they stay, beside the new ones" if way == "add" else "the new ones replace them"
    return f"{_there(before, label)}; {what}."


def refuse_unlike(
    before: Sequence[Example], new: Sequence[Example], label: str, cohort: Cohort | None
) -> None:
    """Refuse to replace examples by what is mostly another sound than they are.

    Raises
    ------
    OwnSoundError
        Most are unlike those of before.
    """
    unlike = sum(oddness(one, before, cohort) >= 1.0 for one in new)
    if 2 * unlike > len(new):
        raise OwnSoundError(
            f"{unlike} of {len(new)} examples are unlike those that {label} is taught by; nothing was "
            "changed. If it sounds otherwise now, add --force."
        )


def put_aside(before: TaughtSound) -> str:
    """Keep what was taught before in a file of its own; return how it comes back, in a sentence.

    Raises
    ------
    OwnSoundError
        It cannot be written.
    """
    path = shlex.quote(str(own_sounds.put_aside(before)))
    return f"What was taught before is kept; it comes back with: monitor learn import {path} --force"


def _there(before: TaughtSound, label: str) -> str:
    count = len(before.examples)
    return f"{label} is taught by {count} example{'' if count == 1 else 's'} already"


def _way(text: str) -> Way:
    match text.casefold():
        case "add" | "a":
            return "add"
        case "replace" | "r":
            return "replace"
    raise ConfigError(f"{text!r} is neither; valid: add, replace; Ctrl-C leaves all as it is")
