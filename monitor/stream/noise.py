"""How loud the noise is that lies over everything else, told within seconds. Pure.

The noise floor needs half a minute to believe that a place has become louder. Here every band is judged by
itself over a few seconds, as in the minimum statistics of Martin (2001, IEEE Trans. Speech Audio Process.
9(5)): what is in a band most of the time is noise; a siren that wails, a bark or a beep is in each of them
only for moments. What fills two bands for seconds is a steady tone, a sound of its own and no noise.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

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
        self._span = max(1, round(SPAN_S / config.tick_s))
        self._ticks: NDArray[np.float64] | None = None  # the last ones
        self._sounding = 0  # ticks in a row that hold sound
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

    def hear(
        self, bands: NDArray[np.float64], sounds: Sequence[bool], floors_dbfs: Sequence[float | None]
    ) -> None:
        """Take in ticks, one after another.

        Parameters
        ----------
        bands
            Powers of the bands of each, (n, bands).
        sounds
            Whether each holds sound; after one that does not, what comes next has to last.
        floors_dbfs
            The floor at each, where that is known.
        """
        ticks = bands if self._ticks is None else np.concatenate((self._ticks, bands))
        levels = self._noise_dbfs(ticks)
        for sound, floor_dbfs, level in zip(sounds, floors_dbfs, levels[-len(bands) :], strict=True):
            self._sounding = self._sounding + 1 if sound else 0
            if not sound:
                self.dbfs, self.noisy = SILENCE_DBFS, False
                continue
            if floor_dbfs is not None:
                self._remember(floor_dbfs)
            if self._sounding >= self._span:
                self.dbfs = level
                slack_db = _SLACK_DB if self.noisy else 0.0
                rose = self.risen_db >= RISE_DB - slack_db
                self.noisy = level >= self._limit_dbfs - slack_db or rose
        self._ticks = ticks[1 - self._span :] if self._span > 1 else None

    def _noise_dbfs(self, ticks: NDArray[np.float64]) -> list[float]:
        """Return how loud the noise is up to each of `ticks`, (n, bands); of the first ones nobody knows."""
        unknown = min(len(ticks), self._span - 1)
        if unknown == len(ticks):
            return [SILENCE_DBFS] * unknown
        spans = np.arange(len(ticks) - unknown)[:, np.newaxis] + np.arange(self._span)
        place = round(_SHARE * self._span)
        noise = np.ascontiguousarray(np.partition(ticks.T[:, spans], place, axis=2)[:, :, place].T)
        above = noise[:, self._low_bands :]
        total, upper = noise.sum(axis=1), above.sum(axis=1)
        narrow = np.partition(above, -_TONE_BANDS, axis=1)[:, -_TONE_BANDS:].sum(axis=1) > _TONE_SHARE * upper
        powers = np.where(narrow, total - upper, total)
        return [SILENCE_DBFS] * unknown + [power_to_dbfs(power) for power in powers.tolist()]

    def _remember(self, floor_dbfs: float) -> None:
        """Keep the lowest floor of every few seconds."""
        self._lowest = floor_dbfs if self._heard == 0 else min(self._lowest, floor_dbfs)
        if self._heard == 0:
            self._floors.append(floor_dbfs)
        self._floors[-1] = self._lowest
        self._heard = (self._heard + 1) % self._step
