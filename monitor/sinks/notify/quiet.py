"""Hours of the day in which nobody is disturbed. Pure."""

from __future__ import annotations

from datetime import datetime, time


def is_quiet(hours: str, now: datetime) -> bool:
    """Tell whether `now` lies within `hours`, ``22:00-07:00``, by its own zone; without hours it never does.

    The first minute belongs to them, the last does not; they may pass midnight.
    """
    if not hours:
        return False
    start, end = (time.fromisoformat(part) for part in hours.split("-"))
    at = now.time()
    return start <= at < end if start < end else at >= start or at < end
