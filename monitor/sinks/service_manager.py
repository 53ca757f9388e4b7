"""What systemd is told: that the monitor is ready, how it hears, and, again and again, that it lives.

The service manager starts a monitor again that has said nothing for half a minute (`WatchdogSec=`). So it is
told only while every source is heard or known to be away: a monitor whose capture or analysis hangs is silent
here, whatever its other threads do. The protocol is that of sd_notify(3): datagrams of ``NAME=value`` lines
to the socket that ``NOTIFY_SOCKET`` names.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NamedTuple

from monitor.bus.messages import Health, PublishedRecord
from monitor.config.settings import Config
from monitor.wording import clock, self_tested

FRESH_S = 5.0
"""Health comes once a second; one that is older says nothing about now."""
AWAY = frozenset({"lost", "ended"})
"""States in which no sound is to be analysed; the source is tried again by the monitor itself."""
Send = Callable[[str], None]


class Sign(NamedTuple):
    """The last sign of life of one source."""

    came_s: float
    """Of the clock, when it came."""
    analysed: int
    """Samples that were analysed by then."""
    lives: bool
    """Whether more were than at the sign before, or there were none to analyse."""


class ServiceManager:
    """A `Sink` that tells the service manager how a run is.

    Parameters
    ----------
    send
        Takes one message for the service manager; never waits.
    clock
        Seconds; never goes back.
    """

    def __init__(self, send: Send, clock: Callable[[], float] = time.monotonic) -> None:
        self._send = send
        self._clock = clock
        self._signs: dict[str, Sign] = {}
        self._states: dict[str, str] = {}
        self._ready = False
        self._told = ""

    def emit(self, record: PublishedRecord) -> None:
        """Take note of a sign of life, and pass it on where all sources live."""
        if not isinstance(record, Health):
            return
        now_s, before = self._clock(), self._signs.get(record.source_id)
        lives = before is None or record.analysed > before.analysed or record.state in AWAY
        self._signs[record.source_id] = Sign(now_s, record.analysed, lives)
        self._tell_state(record)
        if all(sign.lives and now_s - sign.came_s <= FRESH_S for sign in self._signs.values()):
            self._send("WATCHDOG=1")

    def _tell_state(self, health: Health) -> None:
        """Say once that the run has begun, and how each source hears whenever that changes."""
        if not self._ready:
            self._ready = True
            self._send("READY=1")
        heard = health.hearing if health.state == "running" else f"{health.state}, {health.reason or '?'}"
        test = health.self_test
        tested = f" ({self_tested(test)}, {clock(test.time)})" if test is not None and test.over else ""
        self._states[health.source_id] = f"{health.source_name}: {heard}{tested}"
        if (status := "; ".join(self._states.values())) != self._told:
            self._told = status
            self._send(f"STATUS={status}")

    def close(self) -> None:
        """Say that the run ends; may be called twice."""
        self._send("STOPPING=1")


def open_service_manager(_: Config, __: object) -> ServiceManager | None:
    """Tell the service manager that started this process, if one did and wants to know."""
    address = notify_address(os.environ)
    return None if address is None else ServiceManager(_sender(address))


def notify_address(environment: Mapping[str, str]) -> str | None:
    """Return where messages go: a path, or a name that begins with a zero byte; None: nobody asks."""
    named = environment.get("NOTIFY_SOCKET", "")
    if named.startswith("@"):
        return "\0" + named[1:]
    return named if named.startswith("/") else None


def _sender(address: str) -> Send:
    """Return what sends to `address`; what is not taken is lost."""
    ours = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    ours.setblocking(False)

    def send(message: str) -> None:
        with suppress(OSError):
            ours.sendto(message.replace("\n", " ").encode(errors="replace"), address)

    return send
