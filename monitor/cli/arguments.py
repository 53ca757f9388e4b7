"""What verbs share on the command line: flags, values, and the way from flags to options."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import msgspec

from monitor.config.limits import FALSE_ALARMS_PER_HOUR
from monitor.config.settings import PublishConfig

DEFAULT_ENDPOINT = PublishConfig().bind
AddVerb: TypeAlias = Callable[[Any, str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]
"""Adds a verb to the verbs: its name, what it does, and a summary."""
Flags: TypeAlias = argparse._ActionsContainer  # noqa: SLF001 - what a parser and a group of it have in common
"""Where options are added."""
Options = TypeVar("Options", bound=msgspec.Struct)


def options_of(kind: type[Options], arguments: argparse.Namespace, **others: Any) -> Options:
    """Return the options of `kind`: each field is `others`', or the flag that is stored under its name."""
    given = {name: getattr(arguments, name) for name in kind.__struct_fields__ if hasattr(arguments, name)}
    return kind(**{**given, **others})


def model_flag(arguments: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Return what `--model` says of the configuration."""
    return {} if arguments.model is None else {"model": {"name": arguments.model}}


def add_connection(parser: Flags) -> None:
    """Add the flags that say which monitor is meant."""
    parser.add_argument("--connect", default=DEFAULT_ENDPOINT, metavar="ENDPOINT", help="default %(default)s")
    parser.add_argument("--control", metavar="ENDPOINT", help="its control socket, if that is not found")


def positive(text: str) -> float:
    """Return a positive number of seconds."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a positive number of seconds")
    return value


def per_hour(text: str) -> float:
    """Return false alarms per hour of `2`, `0.5/h` or `12/day`."""
    number, _, per = text.replace(" ", "").partition("/")
    hours = {"": 1.0, "h": 1.0, "hour": 1.0, "d": 24.0, "day": 24.0}.get(per, 0.0)
    try:
        value = float(number) / hours
    except (ValueError, ZeroDivisionError):
        value = 0.0
    if not FALSE_ALARMS_PER_HOUR.holds(value):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of false alarms; valid: {FALSE_ALARMS_PER_HOUR} "
            "an hour; write 0.5/h or 12/day"
        )
    return value
