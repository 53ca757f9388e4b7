"""How many windows are passed over when all sources together are too much: the same share for each. Pure.

Were each source to decide for itself, chance would: of three sources one kept half of its windows and another
a fifth. So one share holds for all. It is set such that the lag, the median of the sources that run, stays at
half of what is allowed; what one source alone brings late, in a burst, moves it little.

Windows are passed over in stretches, for an event is confirmed by windows that follow on one another: with
every second window missing nothing would be confirmed at all. Law: of windows that were due, each source has
analysed `share`, to within one stretch.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

_BEGINS_AT = 0.75
"""Of the lag that is allowed: from here on windows are passed over."""
_HELD_AT = 0.5
"""Of the lag that is allowed: this much is aimed at meanwhile."""
_ROUNDS = 2.0
"""Lag that is allowed in any case, in rounds: one round can pass before a window is reached at all."""
_PULL, _LEARN = 2.0, 1.0
"""Of the controller: by how much the lag moves the share at once, and for good, each second; critically
damped where one second of sound costs one second."""
_LEAST_SHARE = 0.02
STRETCH_S = 1.5
"""Seconds of windows that are analysed one after another, at the least."""


class Shedding:
    """The share of windows that is analysed; used by one thread, observed before each step."""

    def __init__(self, max_lag_s: float) -> None:
        """Allow a lag of `max_lag_s` seconds."""
        self.share = 1.0
        """Of the windows that are due; 1: all are analysed."""
        self.limit_s = max_lag_s
        """Lag up to which a source is held by the share alone, seconds."""
        self._max_lag_s = max_lag_s
        self._learnt = 0.0  # logarithm of the share that fits
        self._seen_s: float | None = None
        self._round_s = 0.0
        self._placed = 0

    def place(self) -> float:
        """Return where in its first stretch a source begins, 0 to 1: no two pass over at the same time."""
        self._placed += 1
        return self._placed * 0.618 % 1.0

    def observe(self, lags_s: Sequence[float], round_s: float, now_s: float) -> None:
        """Take in how late each running source is before a step, and how long the last step took, seconds."""
        passed_s = 0.0 if self._seen_s is None else min(1.0, now_s - self._seen_s)
        self._seen_s = now_s
        self._round_s = max(round_s, self._round_s * math.exp(-passed_s / 5.0))
        self.limit_s = max(self._max_lag_s, _ROUNDS * self._round_s)
        lag_s = statistics.median(lags_s) if len(lags_s) > 1 else 0.0
        if self.share == 1.0 and lag_s < _BEGINS_AT * self.limit_s:
            self._learnt = 0.0
            return
        early_s = (_HELD_AT * self.limit_s - lag_s) / self.limit_s
        self._learnt = min(0.0, max(math.log(_LEAST_SHARE), self._learnt + _LEARN * passed_s * early_s))
        self.share = min(1.0, max(_LEAST_SHARE, math.exp(self._learnt + _PULL * early_s)))


class Allotment:
    """Decides for the windows of one source by the share that holds for all."""

    def __init__(self, shedding: Shedding, hop_s: float) -> None:
        """Decide for a source with a window every `hop_s` seconds."""
        self._shedding = shedding
        self._stretch = max(1, math.ceil(STRETCH_S / hop_s))
        self._owed = self._stretch * shedding.place()  # windows
        self._resting = False

    def passes_over(self) -> bool:
        """Tell whether the next window is passed over."""
        share = self._shedding.share
        if share == 1.0:
            self._resting = False
            return False
        self._owed += share
        enough = 1.0 + self._resting * self._stretch * (1.0 - share)
        self._resting = self._owed < enough
        if not self._resting:
            self._owed -= 1.0
        return self._resting
