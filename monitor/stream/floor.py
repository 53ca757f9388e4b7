"""The noise floor: a low percentile of the levels of the last half minute. Pure.

It follows what the place always sounds like and not the events in it, so levels do not count while something
is known to be an event, and no level counts that is no sound. What begins after a silence is not the floor
until it has lasted: a microphone that opens for a siren and shuts behind it has no floor, and its sirens must
not become one.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque

from monitor.config.settings import LevelConfig
from monitor.units import quantile

_SILENCE_S = 1.0
"""After so long without sound, what comes next has to last."""
_SETTLED_S = 5.0
"""So long it has to."""


class Floor:
    """Takes a level every `config.tick_s` seconds.

    Parameters
    ----------
    lowest_dbfs
        The floor while there is none: below it there is no sound.
    """

    def __init__(self, config: LevelConfig, lowest_dbfs: float) -> None:
        self._lowest = lowest_dbfs
        self._rank = config.floor_percentile / 100.0
        self._silence = max(1, round(_SILENCE_S / config.tick_s))
        self._settled = max(1, round(_SETTLED_S / config.tick_s))
        self._most = max(1, round(config.floor_window_s / config.tick_s))
        self._levels: deque[float] = deque()
        self._ranked: list[float] = []
        self._unsettled: list[float] | None = []  # None: what sounds has lasted
        self._from_the_start = True  # no silence yet: what sounds is taken for the floor before it has lasted
        self._silent = 0
        self.held = False
        """While True the floor stays where it is: what sounds now is an event."""

    @property
    def known(self) -> bool:
        """Whether it rests on sound that has lasted."""
        return bool(self._ranked)

    @property
    def dbfs(self) -> float:
        """Where it is, dB re full scale."""
        if self._ranked:
            return quantile(self._ranked, self._rank)
        if self._unsettled and self._from_the_start:
            return quantile(sorted(self._unsettled), self._rank)
        return self._lowest

    def hear(self, level_dbfs: float) -> None:
        """Take in the level of a tick that holds sound."""
        self._silent = 0
        if self.held:
            return
        if self._unsettled is None:
            self._keep(level_dbfs)
            return
        self._unsettled.append(level_dbfs)
        if len(self._unsettled) >= self._settled:
            for one in self._unsettled:
                self._keep(one)
            self._unsettled = None

    def hear_nothing(self) -> None:
        """Take in a tick without sound."""
        self._silent += 1
        if self._silent >= self._silence:
            self._unsettled, self._from_the_start = [], False

    def _keep(self, level_dbfs: float) -> None:
        self._levels.append(level_dbfs)
        insort(self._ranked, level_dbfs)
        if len(self._levels) > self._most:
            del self._ranked[bisect_left(self._ranked, self._levels.popleft())]
