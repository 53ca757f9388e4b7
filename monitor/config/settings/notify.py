"""Who is told of what is heard, and how: `[notify]`."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec.structs import replace

from monitor.config import limits
from monitor.config.notify_checks import HIDDEN
from monitor.config.settings.base import within

Again = Annotated[float, within(limits.AGAIN_AFTER_S)]
Message = Literal["onset", "update", "offset"]


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Unknown keys are refused."""


class TargetConfig(_Section, frozen=True):
    """One person, device or program that is told; exactly one of the first seven keys says how."""

    url: str = ""
    """An address as apprise takes it: `ntfy://…`, `tgram://…`, `mailto://…`; needs the extra `notify`."""
    url_env: str = ""
    """The variable of the environment that holds it, so that it is in no file."""
    url_file: str = ""
    """The file that holds it, and nothing else."""
    webhook: str = ""
    """An `http://` or `https://` address that is sent the event as JSON."""
    webhook_env: str = ""
    """The variable of the environment that holds it."""
    webhook_file: str = ""
    """The file that holds it, and nothing else."""
    exec: str | tuple[str, ...] = ""
    """A command that is given the event as JSON on its standard input; no shell reads it."""
    method: Literal["post", "get"] = "post"
    """How a webhook is called; `get` sends no event: for a plug or a bell that only needs its address."""
    messages: tuple[Message, ...] = ("onset",)
    """Which of `onset`, `update`, `offset` are told. Updates and ends are told at once, without a count."""
    classes: tuple[str, ...] = ()
    """Only these classes; empty: all."""
    sources: tuple[str, ...] = ()
    """Only these sources, by their ids, or by the names of groups of `[fleet]`; empty: all."""
    urgent_only: bool = False
    """Only urgent classes (`[detector] urgent`)."""
    health: bool = True
    """Is told too when the monitor cannot hear, and when it can again."""
    cooldown_s: Annotated[float, within(limits.NOTIFY_COOLDOWN_S)] = 300.0
    """More sounds of one class and source within this time are one message, a count; 0: each is one."""
    urgent_cooldown_s: Annotated[float, within(limits.NOTIFY_COOLDOWN_S)] = 30.0
    """The same for urgent classes."""
    again_after_s: tuple[Again, ...] = (60.0, 300.0)
    """An urgent sound that nobody has acknowledged is told again so long after the first time."""
    only_after: Annotated[int, within(limits.ONLY_AFTER)] = 0
    """A second channel: is told only of those that were not acknowledged, from this repeat on; 0: of all."""
    quiet: str = ""
    """Hours in which only urgent sounds and a monitor that cannot hear are told, local time: `22:00-07:00`.
    The rest is counted and told when they are over."""
    quiet_urgent: bool = False
    """In these hours nothing at all is told."""
    timeout_s: Annotated[float, within(limits.NOTIFY_TIMEOUT_S)] = 20.0
    """An attempt to tell that takes longer is given up, and made again later."""
    keep_s: Annotated[float, within(limits.KEEP_S)] = 86_400.0
    """A message that could not be delivered for so long is dropped, and that is said."""


class NotifyConfig(_Section, frozen=True):
    """Who is told of what is heard (docs/notify.md); nobody, unless it says so here."""

    unwell_after_s: Annotated[float, within(limits.UNWELL_AFTER_S)] = 60.0
    """A monitor that has not heard well for so long is told of, once; so is that it hears again."""
    targets: dict[str, TargetConfig] = {}
    """Who: a table `[notify.targets.NAME]` each."""


def without_addresses(notify: NotifyConfig) -> NotifyConfig:
    """Return `notify` as it may be shown: of addresses only how they begin."""
    return replace(notify, targets={name: _hiding(target) for name, target in notify.targets.items()})


def _hiding(target: TargetConfig) -> TargetConfig:
    keys = ("url", "webhook")
    return replace(target, **{key: _beginning(getattr(target, key)) for key in keys})


def _beginning(address: str) -> str:
    return f"{address.partition('://')[0]}://{HIDDEN}" if address else ""
