"""What a check is given and what it returns."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from monitor.config.settings import Config

State = Literal["ok", "attention", "fault", "unchecked"]
"""`ok`: it works. `attention`: it works, and not as well as it could. `fault`: it does not work.
`unchecked`: nobody can tell here, or it was not asked for."""


class Examined(msgspec.Struct, frozen=True):
    """What is looked at, and how closely."""

    config: Config
    """What is in force."""
    path: Path | None = None
    """The file it came from."""
    trouble: str | None = None
    """Why that file, or the environment, is refused; then the defaults are looked at."""
    quick: bool = False
    """No microphone is listened to."""


class Finding(msgspec.Struct, frozen=True):
    """One line of the table: what was looked at, how it is, and what to do."""

    about: str
    """What was looked at, in a word or two."""
    state: State
    found: str
    """What was found, for a person."""
    do: str = ""
    """What to do next, one sentence, with the command to type where there is one; never empty of what is
    wrong."""
    check: str = ""
    """The check of the table `CHECKS` that found it."""

    def __post_init__(self) -> None:
        if self.state in {"attention", "fault"} and not self.do:
            raise ValueError(f"{self.about}: what is wrong needs a next action")


def ok(about: str, found: str) -> Finding:
    """Return that something works."""
    return Finding(about, "ok", found)


def attention(about: str, found: str, do: str) -> Finding:
    """Return that something works, and not as well as it could."""
    return Finding(about, "attention", found, do)


def fault(about: str, found: str, do: str) -> Finding:
    """Return that something does not work."""
    return Finding(about, "fault", found, do)


def unchecked(about: str, found: str) -> Finding:
    """Return that nobody can tell."""
    return Finding(about, "unchecked", found)
