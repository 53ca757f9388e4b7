"""Do the times of a stream go with its samples? What a reader of the bus can tell from levels and health."""

from __future__ import annotations

from array import array
from datetime import UTC, datetime

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.bus.messages import Health, Level


class Agreement(msgspec.Struct, frozen=True):
    """How far the published times of a stream were from what its sample indices say."""

    levels: int
    """Levels that were compared."""
    most_ahead_ms: float
    """How much later than its sample, counted from the first, the time of a level was at most."""
    most_behind_ms: float
    last_ms: float
    """The difference at the last level: what the clock of the device gains or loses."""
    device_ppm: float
    """How fast the device's clock is by these times, parts per million: the straight line through them."""
    largest_ms: float
    """The largest difference from that line: what is left once the device's own clock is allowed for."""
    latest_ms: float
    """From the time of a level to when it was read, at most."""


class SampleTimes:
    """Compares wall time with sample time, level by level."""

    def __init__(self) -> None:
        self._first: tuple[datetime, int] | None = None
        self._sample_s, self._off_s = array("d"), array("d")
        self._latest_s = 0.0

    def note(self, level: Level, sample_rate: int, read: datetime | None = None) -> None:
        """Take in one level of a stream of `sample_rate` Hz, `read` just now where that is not given."""
        at, sample = self._first = self._first or (level.time, level.sample)
        self._sample_s.append((level.sample - sample) / sample_rate)
        self._off_s.append((level.time - at).total_seconds() - self._sample_s[-1])
        late_s = ((read or datetime.now(UTC)) - level.time).total_seconds()
        self._latest_s = max(self._latest_s, late_s)

    def figures(self) -> Agreement:
        """Return what was found so far."""
        off_s = np.array(self._off_s or [0.0])
        slope, rest_s = self._line(off_s)
        return Agreement(
            levels=len(self._off_s),
            most_ahead_ms=round(1e3 * float(off_s.max()), 2),
            most_behind_ms=round(1e3 * float(off_s.min()), 2),
            last_ms=round(1e3 * float(off_s[-1]), 2),
            device_ppm=round(-1e6 * slope, 2),
            largest_ms=round(1e3 * float(np.abs(rest_s).max()), 2),
            latest_ms=round(1e3 * self._latest_s, 1),
        )

    def _line(self, off_s: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Return the slope of the straight line through the differences, and what is left without it."""
        if len(off_s) < 2:
            return 0.0, np.zeros(1)
        slope, begin_s = np.polyfit(np.array(self._sample_s), off_s, 1)
        return float(slope), np.asarray(off_s - slope * np.array(self._sample_s) - begin_s)


def uncounted(health: Health) -> int:
    """Return captured samples that no counter of a health has; less than 0: some are counted twice."""
    counted = health.analysed + health.pending + health.skipped + health.overwritten + health.gap
    return health.captured - counted
