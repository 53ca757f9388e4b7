"""How loud the noise is that lies over everything else, told within seconds. Pure.

The noise floor needs half a minute to believe that a place has become louder. Here every band is judged by
itself over a few seconds, as in the minimum statistics of Martin (2001, IEEE Trans. Speech Audio Process.
9(5)): what is in a band most of the time is noise; a siren that wails, a bark or a beep is in each of them
only for moments. What fills two bands for seconds is a steady tone, a sound of its own and no noise.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from monitor.config.settings import LevelConfig
from monitor.units import SILENCE_DBFS, power_to_dbfs

SPAN_S = 4.0
"""Seconds over which it is judged."""
RISE_DB = 20.0
"""So far above the quietest background of the last while, noise hides most sounds that were heard before.

Alarms stand out from a quiet place by some 25 dB; 5 dB of that are left, at which most are missed."""
REMEMBERED_S = 600.0
"""After so long, what has become louder is what the place sounds like."""
_SHARE = 0.2
"""Noise is what is in a band for all but this share of the time."""
_TONE_BANDS, _TONE_SHARE = 2, 0.7
_SLACK_DB = 2.0
_STEP_S = 10.0


class NoiseWatch:
    """Takes the bands of a tick every `config.tick_s` seconds."""

    def __init__(self, config: LevelConfig, low_bands: int) -> None:
        """Judge by `config`; the first `low_bands` bands hold hum, which may be narrow."""
        self._limit_dbfs = config.noisy_dbfs
        self._low_bands = low_bands
        self._ticks: deque[NDArray[np.floating]] = deque(maxlen=max(1, round(SPAN_S / config.tick_s)))
        self._floors: deque[float] = deque(maxlen=round(REMEMBERED_S / _STEP_S))
        self._step = max(1, round(_STEP_S / config.tick_s))
        self._heard = 0
        self._lowest = 0.0
        self.dbfs = SILENCE_DBFS
        """How loud it is, dB re full scale; `SILENCE_DBFS` while that is not known."""
        self.noisy = False
        """Whether it hides most sounds."""

    @property
    def risen_db(self) -> float:
        """By how much it exceeds the quietest background that is remembered; 0 while none is."""
        return self.dbfs - min(self._floors) if self._floors and self.dbfs > SILENCE_DBFS else 0.0

    def hear(self, powers: NDArray[np.floating], floor_dbfs: float | None) -> None:
        """Take in the powers of the bands of a tick that holds sound, and the floor, where that is known."""
        self._ticks.append(powers)
        if floor_dbfs is not None:
            self._remember(floor_dbfs)
        if len(self._ticks) == self._ticks.maxlen:
            self.dbfs = self._noise_dbfs()
            slack_db = _SLACK_DB if self.noisy else 0.0
            self.noisy = self.dbfs >= self._limit_dbfs - slack_db or self.risen_db >= RISE_DB - slack_db

    def hear_nothing(self) -> None:
        """Take in a tick without sound: what comes next has to last."""
        self._ticks.clear()
        self.dbfs, self.noisy = SILENCE_DBFS, False

    def _noise_dbfs(self) -> float:
        ticks = np.array(self._ticks)
        noise = np.partition(ticks, round(_SHARE * len(ticks)), axis=0)[round(_SHARE * len(ticks))]
        above = noise[self._low_bands :]
        narrow = np.partition(above, -_TONE_BANDS)[-_TONE_BANDS:].sum() > _TONE_SHARE * above.sum()
        power = float(noise.sum() - above.sum() if narrow else noise.sum())
        return power_to_dbfs(power)

    def _remember(self, floor_dbfs: float) -> None:
        """Keep the lowest floor of every few seconds."""
        self._lowest = floor_dbfs if self._heard == 0 else min(self._lowest, floor_dbfs)
        if self._heard == 0:
            self._floors.append(floor_dbfs)
        self._floors[-1] = self._lowest
        self._heard = (self._heard + 1) % self._step
