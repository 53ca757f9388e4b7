"""From settings to the ways to each target."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from monitor.config.notify_checks import argv, check_notify
from monitor.config.settings.notify import NotifyConfig, TargetConfig
from monitor.errors import ConfigError
from monitor.sinks.notify.letters import Channel
from monitor.sinks.notify.messenger import Messenger
from monitor.sinks.notify.program import Program
from monitor.sinks.notify.secrets import secret_of
from monitor.sinks.notify.webhook import Webhook
from monitor.text import sanitise

OF_COMMAND_LINE = "--exec"
"""Name of the target that `--exec` makes."""


def targets_of(notify: NotifyConfig, command: str | None) -> dict[str, TargetConfig]:
    """Return who is told, by name; `command` is run for each sound and no message about it is late.

    Raises
    ------
    ConfigError
        It is no command.
    """
    if command is None:
        return dict(notify.targets)
    _check_command(command)
    own = TargetConfig(
        exec=command, health=False, cooldown_s=0.0, urgent_cooldown_s=0.0, again_after_s=(), keep_s=60.0
    )
    check_notify(NotifyConfig(targets={OF_COMMAND_LINE: own}), "the command line")
    return {**notify.targets, OF_COMMAND_LINE: own}


def _check_command(command: str) -> None:
    try:
        empty = not argv(command)
    except ValueError:
        raise ConfigError(f"--exec {command}: a quotation mark is without its other half; add it.") from None
    if empty:
        raise ConfigError("--exec names no command; write the program and what it takes: --exec 'lamp on'.")


def open_channels(targets: Mapping[str, TargetConfig]) -> dict[str, Channel]:
    """Return the way to each target.

    Raises
    ------
    ConfigError
        One cannot be had; the others are closed again.
    """
    opened: dict[str, Channel] = {}
    with contextlib.ExitStack() as stack:
        for name, target in targets.items():
            opened[name] = channel = open_channel(name, target)
            stack.callback(channel.close)
        for channel in opened.values():
            if isinstance(channel, Messenger):  # all load side by side
                channel.check()
        stack.pop_all()
    return opened


def open_channel(name: str, target: TargetConfig) -> Channel:
    """Return the way to one target.

    Raises
    ------
    ConfigError
        It cannot be had.
    """
    where = called(name)
    secret = secret_of(target, where)
    if secret is None:
        return Program(argv(target.exec), target.timeout_s, where)
    if target.url or target.url_env or target.url_file:
        return Messenger(secret, target.timeout_s, where)
    return Webhook(secret, target.method, target.timeout_s, where)


def called(name: str) -> str:
    """Return what a target is called at the beginning of a sentence."""
    return name if name == OF_COMMAND_LINE else f"Target {sanitise(name)}"
