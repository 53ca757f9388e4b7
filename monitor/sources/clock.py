"""The device's clock against the monotonic clock, from when blocks arrive.

A block arrives late by the driver's buffering and the scheduler's mood, never early. The smallest delay
within a few seconds is therefore nearly free of both, and its slope over minutes is the difference of the two
clocks.
"""

from __future__ import annotations

from collections import deque

import numpy as np

BIN_S = 2.0
"""Seconds per smallest delay."""
MIN_SPAN_S = 60.0
"""No estimate before this: 1 ms of jitter would still be 17 ppm."""
MAX_BINS = 300
"""Ten minutes; a clock that changes with temperature is followed."""


class DeviceClock:
    """Robust estimate for one unbroken opening of a live source."""

    def __init__(self, sample_rate: int) -> None:
        """Watch a device of nominally `sample_rate` Hz."""
        self._sample_rate = sample_rate
        self._bins: deque[tuple[float, float]] = deque(maxlen=MAX_BINS)
        self._bin: tuple[float, float] | None = None  # device time and smallest delay of the bin being filled
        self._bin_index = -1
        self._ppm: float | None = None

    @property
    def ppm(self) -> float | None:
        """Parts per million the device is fast (slow when negative); None before `MIN_SPAN_S`."""
        return self._ppm

    def observe(self, position: int, captured_s: float) -> None:
        """Note when the sample before `position` (device samples since opening) had arrived."""
        device_s = position / self._sample_rate
        delay_s = captured_s - device_s
        index = int(device_s / BIN_S)
        if index != self._bin_index:
            self._finish_bin()
            self._bin_index = index
        if self._bin is None or delay_s < self._bin[1]:
            self._bin = (device_s, delay_s)

    def late_s(self, position: int, captured_s: float) -> float:
        """Seconds by which a block is later than the promptest of the last seconds."""
        recent = [*self._bins][-2:] + ([self._bin] if self._bin else [])
        if not recent:
            return 0.0
        return max(0.0, captured_s - position / self._sample_rate - min(delay_s for _, delay_s in recent))

    def _finish_bin(self) -> None:
        if self._bin is None:
            return
        self._bins.append(self._bin)
        self._bin = None
        if len(self._bins) > 1 and self._bins[-1][0] - self._bins[0][0] >= MIN_SPAN_S:
            self._ppm = -1e6 * _median_slope(np.array(self._bins))


def _median_slope(points: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> float:
    """Return the slope through `points`, float64 (n, 2): the median over pairs at least half the span apart.

    A Theil-Sen estimate without the near pairs, whose slopes are mostly jitter.
    """
    half = len(points) // 2
    later, earlier = np.tril_indices(len(points), -half)
    across = points[later] - points[earlier]
    return float(np.median(across[:, 1] / across[:, 0]))
