"""Stream index -> monotonic time -> time of day, without steps or saws. Pure: it is told what the clocks say.

How long something lasts comes from the sample index and the monotonic clock alone. What time of day it was
comes from one offset to that clock, which changes at once only where the computer's own clock was set, and
that is told (`ClockStep`). All of it is UTC: zones and summer time are for whoever shows it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from monitor.bus.messages import ClockStep

_BIN_S = 1.0
"""Seconds of sound of which the promptest moment counts; a new slope is chosen as often."""
_BINS = 8
"""Blocks arrive late by the driver's buffering, never early: the promptest of so many bins is free of it."""
_PULL_S = 4.0
"""Seconds in which a difference shrinks to a third."""
_MOST_PULL = 0.2
"""At most so much faster or slower than the device's clock; times never run backwards."""
_KEPT = 256
"""Pivots remembered: times of the last minutes never change once they were given."""

STEP_S = 0.05
"""A clock that is off by more was set, or the machine slept; less is slewed."""
_SLEW = 1e-3
"""Seconds per second by which a smaller difference is followed."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Timeline(Protocol):
    """When each sample was captured, by the monotonic clock. Law: never decreasing in the index."""

    def observe(self, start: int, stop: int, captured_s: float, discontinuous: bool) -> None:
        """Note that the last of the samples [start, stop) had been captured at `captured_s`, or just before.

        `discontinuous`: samples between the observation before and this one were lost.
        """

    def captured_s(self, index: int) -> float:
        """Return when the sample before `index` was captured, seconds of the monotonic clock."""


class _Pivot(NamedTuple):
    sample: int
    at_s: float
    slope: float
    """Seconds of the monotonic clock per second of sound from here on."""


class DeviceTimeline:
    """Of a device: its clock, pulled towards the promptest blocks.

    The device's clock is some parts per million fast or slow. Anchored again whenever it is off, times would
    saw; here its slope is corrected once a second instead, so as to remove the difference in `_PULL_S`.
    """

    def __init__(self, sample_rate: int) -> None:
        """Expect indices at `sample_rate` Hz."""
        self._rate = sample_rate
        self._pivots: deque[_Pivot] = deque(maxlen=_KEPT)
        self._bins: deque[float] = deque(maxlen=_BINS)  # smallest delay of each
        self._bin: int | None = None
        self._newest = 0

    def observe(self, start: int, stop: int, captured_s: float, discontinuous: bool) -> None:
        """Note that the last of [start, stop) had been captured at `captured_s`, or just before."""
        if discontinuous or not self._pivots:
            self._begin(start, captured_s - (stop - start) / self._rate)
        self._observe(stop, captured_s)
        self._newest = stop

    def captured_s(self, index: int) -> float:
        """Return when the sample before `index` was captured, seconds of the monotonic clock."""
        if not self._pivots:
            return 0.0
        place = bisect_right(self._pivots, index, key=lambda pivot: pivot.sample)
        pivot = self._pivots[max(0, place - 1)]
        at_s = pivot.at_s + (index - pivot.sample) / self._rate * (pivot.slope if place else 1.0)
        return at_s if place == len(self._pivots) else min(at_s, self._pivots[place].at_s)

    def _begin(self, start: int, at_s: float) -> None:
        """Begin a stretch at index `start`: anchor it, but not before what was heard before."""
        self._bins.clear()
        if self._pivots:
            at_s = max(at_s, self.captured_s(self._newest))
        self._pivots.append(_Pivot(start, at_s, 1.0))

    def _observe(self, index: int, captured_s: float) -> None:
        number = int(index / self._rate / _BIN_S)
        delay_s = captured_s - index / self._rate
        if number == self._bin and self._bins:
            self._bins[-1] = min(self._bins[-1], delay_s)
            return
        if self._bins:
            self._choose_slope(index)
        self._bin = number
        self._bins.append(delay_s)

    def _choose_slope(self, index: int) -> None:
        """Choose the slope from `index` on."""
        at_s = self.captured_s(index)
        off_s = min(self._bins) + index / self._rate - at_s
        pull = min(_MOST_PULL, max(-_MOST_PULL, off_s / _PULL_S))
        self._pivots.append(_Pivot(index, at_s, 1.0 + pull))


class PlayedTimeline:
    """Of a file, which is heard as fast as it is read: when each sample was taken in."""

    def __init__(self) -> None:
        self._taken: deque[tuple[int, float]] = deque(maxlen=16 * _KEPT)

    def observe(self, start: int, stop: int, captured_s: float, discontinuous: bool) -> None:  # noqa: ARG002 - one protocol
        """Note that the samples [start, stop) were taken in at `captured_s`."""
        self._taken.append((stop, captured_s))

    def captured_s(self, index: int) -> float:
        """Return when the sample before `index` was taken in; between two observations, in proportion."""
        if not self._taken:
            return 0.0
        place = bisect_right(self._taken, index, key=lambda one: one[0])
        if place in {0, len(self._taken)}:
            return self._taken[max(0, place - 1)][1]
        (before, early_s), (after, late_s) = self._taken[place - 1], self._taken[place]
        return early_s + (late_s - early_s) * (index - before) / (after - before)


class WallClock:
    """The time of day at a moment of the monotonic clock.

    Law: between two steps it never runs backwards, and is off by `STEP_S` at most.
    """

    def __init__(self, monotonic_s: float, utc: datetime, suspended_s: float) -> None:
        """Begin with one reading of the clocks: see `observe`."""
        self._offset_s = _posix(utc) - monotonic_s
        self._seen_s = monotonic_s
        self._suspended_s = suspended_s
        self.step: ClockStep | None = None
        """The last step."""

    def observe(self, monotonic_s: float, utc: datetime, suspended_s: float) -> bool:
        """Take in a reading of the clocks at one moment; True when it shows a step.

        `suspended_s` is how long the machine has slept, all told, since it was started.
        """
        off_s = _posix(utc) - monotonic_s - self._offset_s
        since_s, self._seen_s = max(0.0, monotonic_s - self._seen_s), monotonic_s
        if abs(off_s) <= STEP_S:
            most_s = _SLEW * since_s
            self._offset_s += min(most_s, max(-most_s, off_s))
            return False
        slept_s, self._suspended_s = suspended_s - self._suspended_s, suspended_s
        self._offset_s += off_s
        number = 1 if self.step is None else self.step.number + 1
        self.step = ClockStep(number, utc, round(off_s, 3), round(max(0.0, slept_s), 3))
        return True

    def utc(self, monotonic_s: float) -> datetime:
        """Return the time of day at `monotonic_s`."""
        return _EPOCH + timedelta(seconds=self._offset_s + monotonic_s)


def _posix(utc: datetime) -> float:
    """Return seconds since 1970, exact to the microsecond."""
    return (utc - _EPOCH) / timedelta(seconds=1)
