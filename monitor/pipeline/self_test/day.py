"""When the test of a day is due, and when it is too late for it. Pure.

Law: what is due stays so until it is settled; a time of day that passed while no monitor ran is due when one
begins, and that is early enough.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta


class Day:
    """The daily test of one source.

    Parameters
    ----------
    at
        Time of day where the machine is, ``12:00``.
    within_h
        Hours in which it may be tried again.
    settled
        When the last test was; of none, when the run began.
    """

    def __init__(self, at: str, within_h: float, settled: datetime) -> None:
        self._at = time.fromisoformat(at)
        self._within = timedelta(hours=within_h)
        self._settled = settled
        self._noticed: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Return whether a test is due at `now`, a time with its zone; the first to ask begins the hours."""
        due = last_at(self._at, now) > self._settled
        self._noticed = (self._noticed or now) if due else None
        return due

    def is_over(self, now: datetime) -> bool:
        """Return whether it has been due for too long."""
        return self._noticed is not None and now - self._noticed >= self._within

    def settle(self, now: datetime) -> None:
        """Note that there was a test, or that it was said that there was none: the next is another day's."""
        self._settled, self._noticed = now, None


def last_at(at: time, now: datetime) -> datetime:
    """Return the last moment up to `now` at which it was that time of day, where the machine is."""
    day = now.astimezone().date()
    today = datetime.combine(day, at).astimezone()
    return today if today <= now else datetime.combine(day - timedelta(days=1), at).astimezone()
