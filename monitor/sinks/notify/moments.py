"""Clocks at once: two that only go forward, and the one on the wall."""

from __future__ import annotations

import time
from datetime import datetime

import msgspec

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Moment(msgspec.Struct, frozen=True):
    """A point in time."""

    elapsed_s: float
    """Seconds on a clock that nobody sets; it goes on while the computer sleeps."""
    awake_s: float
    """The same, without what the computer slept: how long this program has had to do something."""
    time: datetime
    """By the clock on the wall, in the zone of the reader."""


def present() -> Moment:
    """Return the present."""
    return Moment(time.clock_gettime(_CLOCK), time.monotonic(), datetime.now().astimezone())
