"""What the settings of one that is told must be together. No address is ever part of what is said. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING

from monitor.errors import ConfigError

if TYPE_CHECKING:
    from monitor.config.settings.notify import NotifyConfig, TargetConfig

HIDDEN = "…"
"""How an address ends that is not shown; such a one cannot be used."""
WAYS = ("url", "url_env", "url_file", "webhook", "webhook_env", "webhook_file", "exec")
"""Keys of which a target has exactly one."""
_QUIET = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://.+", re.DOTALL)
_HTTP = re.compile(r"https?://[^/?#\s]+\S*", re.IGNORECASE)


def check_notify(notify: NotifyConfig, origin: str) -> None:
    """Refuse a target that could not be told, or would be told otherwise than somebody meant.

    Raises
    ------
    ConfigError
        There is one.
    """
    for name, target in notify.targets.items():
        for check in (_way, _address, _command, _quiet, _repeats, _messages):
            check(target, f"{origin}: notify.targets.{name}")


def argv(command: str | tuple[str, ...]) -> list[str]:
    """Return the words of a command; text is split as a shell would.

    Raises
    ------
    ValueError
        A quotation mark is missing.
    """
    return shlex.split(command) if isinstance(command, str) else list(command)


def is_address(text: str) -> bool:
    """Tell whether `text` may be an address of apprise."""
    return _SCHEME.fullmatch(text) is not None and not text.endswith(HIDDEN)


def is_web_address(text: str) -> bool:
    """Tell whether `text` may be the address of a webhook."""
    return _HTTP.fullmatch(text) is not None and not text.endswith(HIDDEN)


def _way(target: TargetConfig, where: str) -> None:
    given = [way for way in WAYS if getattr(target, way)]
    if len(given) != 1:
        what = f"has {' and '.join(given)}" if given else "does not say how it is told"
        raise ConfigError(f"{where} {what}; valid: exactly one of {', '.join(WAYS)}.")
    if target.method == "get" and not given[0].startswith("webhook"):
        raise ConfigError(f"{where}.method is get, and only a webhook has a method; leave it out.")


def _address(target: TargetConfig, where: str) -> None:
    fits: dict[str, tuple[Callable[[str], bool], str]] = {
        "url": (is_address, "an address such as ntfy://ntfy.sh/TOPIC, tgram://TOKEN/CHAT"),
        "webhook": (is_web_address, "an address that begins with http:// or https://"),
    }
    for key, (fitting, valid) in fits.items():
        text = getattr(target, key)
        if text.endswith(HIDDEN):
            raise ConfigError(f"{where}.{key} is one that was hidden when it was shown; write the whole one.")
        if text and not fitting(text):
            raise ConfigError(f"{where}.{key} is no address (not shown here); valid: {valid}.")


def _command(target: TargetConfig, where: str) -> None:
    try:
        empty = bool(target.exec) and not argv(target.exec)
    except ValueError:
        raise ConfigError(f"{where}.exec has a quotation mark without its other half; add it.") from None
    if empty or (isinstance(target.exec, tuple) and target.exec and not target.exec[0]):
        raise ConfigError(f'{where}.exec is no command; valid: "lamp on", or ["lamp", "on"].')


def _quiet(target: TargetConfig, where: str) -> None:
    start, _, end = target.quiet.partition("-")
    if target.quiet and (_QUIET.fullmatch(target.quiet) is None or start == end):
        raise ConfigError(f'{where}.quiet is {target.quiet!r}; valid: HH:MM-HH:MM, such as "22:00-07:00".')


def _repeats(target: TargetConfig, where: str) -> None:
    after = target.again_after_s
    if list(after) != sorted(set(after)):
        raise ConfigError(f"{where}.again_after_s is {list(after)}; valid: each longer than the one before.")
    if target.only_after > len(after):
        raise ConfigError(
            f"{where}.only_after is {target.only_after}, and there are {len(after)} repeats; valid: 0 to "
            f"{len(after)}, or it would never be told."
        )


def _messages(target: TargetConfig, where: str) -> None:
    if not target.messages:
        raise ConfigError(f"{where}.messages is empty; valid: at least one of onset, update, offset.")
