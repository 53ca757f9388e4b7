"""Level, noise floor and activity of the stream, ten times a second. Pure.

The floor is a low percentile of the levels of the last half minute, so that it follows the room and not
the events in it. Digital silence is no measurement of a room: it never enters the floor.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from monitor.config import LevelConfig
from monitor.records import Activity, Loudness, Span
from monitor.units import SILENCE_DBFS, dbfs_to_power, mean_power, power_to_dbfs, seconds_to_len, snr_db

_KEPT_TICKS = 600


class LevelMeter:
    """Measures ticks of `config.tick_s` seconds on a grid that restarts after a discontinuity."""

    def __init__(self, sample_rate: int, config: LevelConfig) -> None:
        self._config = config
        self._tick_len = seconds_to_len(config.tick_s, sample_rate)
        self._bands = mel_bands(sample_rate, self._tick_len, config.bands)
        self._taper = np.hanning(self._tick_len).astype(np.float32)
        self._levels: deque[float] = deque(maxlen=max(1, round(config.floor_window_s / config.tick_s)))
        self._ticks: deque[Loudness] = deque(maxlen=_KEPT_TICKS)
        self._rest: NDArray[np.float32] = np.zeros(0, np.float32)
        self._silent_ticks = 0
        self.held = False
        """While True the floor stays where it is: what sounds now is an event and not the room."""

    @property
    def silent(self) -> bool:
        """True once the stream has been digitally silent for `silent_after_s`."""
        return self._silent_ticks * self._config.tick_s >= self._config.silent_after_s

    def push(self, span: Span) -> list[Loudness]:
        """Return the ticks that `span` completes, oldest first."""
        rest = span.samples if span.discontinuous else np.concatenate([self._rest, span.samples])
        stop = span.start + len(span.samples) - len(rest)
        measured = []
        while len(rest) >= self._tick_len:
            stop += self._tick_len
            measured.append(self._measure(rest[: self._tick_len], stop))
            rest = rest[self._tick_len :]
        self._rest = rest
        self._ticks.extend(measured)
        return measured

    def over(self, start: int, stop: int) -> Loudness:
        """Return the loudness of [start, stop): its loudest tick, against the floor at its end.

        Its activity is that of its mean level: one click is not a busy window. Only ticks that end inside
        count; with none, the stream is reported as silent.
        """
        ticks = [tick for tick in self._ticks if start < tick.stop <= stop]
        if not ticks:
            return Loudness(stop, SILENCE_DBFS, SILENCE_DBFS, SILENCE_DBFS, -20.0, "silent", [])
        floor = ticks[-1].floor_dbfs
        level = power_to_dbfs(float(np.mean([dbfs_to_power(tick.level_dbfs) for tick in ticks])))
        loudest = max(tick.level_dbfs for tick in ticks)
        peak = max(tick.peak_dbfs for tick in ticks)
        activity = self._activity(level, floor)
        return Loudness(stop, loudest, peak, floor, snr_db(loudest, floor), activity, ticks[-1].bands_dbfs)

    def _measure(self, samples: NDArray[np.float32], stop: int) -> Loudness:
        level = power_to_dbfs(mean_power(samples))
        peak = power_to_dbfs(float(np.max(np.abs(samples))) ** 2)
        if level <= self._config.silent_dbfs:
            self._silent_ticks += 1
        else:
            self._silent_ticks = 0
            if not self.held:
                self._levels.append(level)
        floor = float(np.percentile(self._levels, self._config.floor_percentile)) if self._levels else level
        spectrum = np.abs(np.fft.rfft(samples * self._taper)) ** 2 * (2.0 / float(np.sum(self._taper)) ** 2)
        bands = [round(power_to_dbfs(float(power)), 1) for power in self._bands @ spectrum]
        activity = self._activity(level, floor)
        return Loudness(stop, level, peak, floor, snr_db(level, floor), activity, bands)

    def _activity(self, level: float, floor: float) -> Activity:
        if level <= self._config.silent_dbfs:
            return "silent"
        over = level - floor
        if over <= self._config.low_db:
            return "low"
        return "high" if over >= self._config.high_db else "normal"


def mel_bands(sample_rate: int, fft_len: int, count: int) -> NDArray[np.float64]:
    """Return triangular bands, equally spaced on the mel scale from 50 Hz to Nyquist.

    The scale is ``mel = 2595 log10(1 + f / 700)`` (O'Shaughnessy 1987). Triangles overlap by half, so the
    bands of a spectrum add up to its power.

    Returns
    -------
    NDArray
        float64 (count, fft_len // 2 + 1), weights in [0, 1].
    """
    top = 2595.0 * np.log10(1.0 + sample_rate / 2.0 / 700.0)
    bottom = 2595.0 * np.log10(1.0 + 50.0 / 700.0)
    edges = 700.0 * (10.0 ** (np.linspace(bottom, top, count + 2) / 2595.0) - 1.0)
    frequencies = np.fft.rfftfreq(fft_len, 1.0 / sample_rate)
    rising = (frequencies - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - frequencies) / (edges[2:] - edges[1:-1])[:, None]
    return np.asarray(np.clip(np.minimum(rising, falling), 0.0, 1.0))
