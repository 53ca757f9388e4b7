"""What verbs share on the command line: flags, the way from flags to options, and to a monitor that runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import msgspec

from monitor.bus.messages import Reply, Request
from monitor.config.settings import PublishConfig
from monitor.errors import PublishError

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
    """Return what `--model` and `--adapter` say of the configuration."""
    given = {"name": arguments.model, "adapter": getattr(arguments, "adapter", None)}
    model = {name: value for name, value in given.items() if value is not None}
    return {"model": model} if model else {}


def prompt_flag(arguments: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Return what `--prompt` says of the configuration."""
    return {} if arguments.prompt is None else {"prompts": {"template": arguments.prompt}}


def add_connection(parser: Flags) -> None:
    """Add the flags that say which monitor is meant."""
    parser.add_argument("--connect", default=DEFAULT_ENDPOINT, metavar="ENDPOINT", help="default %(default)s")
    parser.add_argument("--control", metavar="ENDPOINT", help="its control socket, if that is not found")


def answered(arguments: argparse.Namespace, request: Request) -> Reply:
    """Return what the monitor that `add_connection` names says to `request`, no `snapshot`.

    Raises
    ------
    PublishError
        As `ask`; or it refuses, or did not understand.
    """
    from monitor.bus.subscriber import ask

    reply = ask(arguments.connect, request, control=arguments.control)
    if not isinstance(reply, Reply):
        raise PublishError("The monitor did not understand; is it of another version?")
    if not reply.ok:
        raise PublishError(reply.error or "The monitor refused.")
    return reply
