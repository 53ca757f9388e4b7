"""Two clocks at once: one that only goes forward, and the one on the wall."""

from __future__ import annotations

import time
from datetime import datetime

import msgspec


class Moment(msgspec.Struct, frozen=True):
    """A point in time."""

    elapsed_s: float
    """Seconds on a clock that nobody sets."""
    time: datetime
    """By the clock on the wall, in the zone of the reader."""


def present() -> Moment:
    """Return the present."""
    return Moment(time.monotonic(), datetime.now().astimezone())
