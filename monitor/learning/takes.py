"""Where in sound an example is: what stands out from the place, and how well it does. Pure.

Levels are those of ticks of `TICK_S`, A-weighted: a place rumbles, and what is taught seldom does. Live, the
floor is what the place does while nothing is expected; in a recording, which may hold nothing but the sound,
it is what the quiet part of it does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import cache
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.stream.weighting import a_weighting_db
from monitor.units import SILENCE_DBFS, dbfs_to_power, power_to_dbfs, seconds_to_len, snr_db

TICK_S = 0.05
STANDS_OUT_DB = 8.0
"""From here on over the floor something has begun."""
_OVER_USUAL_DB = 3.0
"""And over what one in ten ticks of the place reaches."""
_FADES_DB = 4.0
"""Down to here over the floor it goes on."""
_FADES_FROM_PEAK_DB = 30.0
"""A sound that has become so much quieter than its loudest moment has ended, however quiet the place is."""
GAP_S = 1.0
"""A pause within one sound; after a longer one another begins. Three beeps of an alarm are one."""
LONGEST_S = 10.0
"""Of a sound that goes on so much is taken."""
AROUND_S = 2.0
"""Of the place that is kept before and after it."""
_FLOOR_S = 10.0
_LOUDEST_S = 0.4
_QUIET_SHARE = 0.1
"""In a recording the floor is what a tenth of it does not exceed."""
_AUDIBLE_DB = 20.0
"""What is so much quieter than its loudest moment is not of a sound, but of the place, which may be gusty."""
_ONE_SOUND_DB = 10.0
"""A recording whose levels differ by less holds one sound from begin to end."""


class Take(msgspec.Struct, frozen=True):
    """One example as it was heard: a sound, and some of the place around it."""

    samples: NDArray[np.float32]
    """float32 (n,), full scale +-1.0."""
    sample_rate: int
    """Hz."""
    start: int
    """Where the sound is in `samples`, half open."""
    stop: int
    origin: str
    """Where it comes from, in words for the user."""
    level_dbfs: float
    """Of its loudest 0.4 s, A-weighted, dB re full scale."""
    snr_db: float | None
    """That over the floor; None: there is nothing but the sound, so nobody knows."""
    clipped: float = 0.0
    """Share of it at full scale, [0, 1]."""
    cut: bool = False
    """It goes on beyond what was taken."""

    @property
    def seconds(self) -> float:
        """How long the sound lasts."""
        return (self.stop - self.start) / self.sample_rate


class TakeFinder:
    """Says tick by tick whether a sound has begun and ended, live."""

    def __init__(self) -> None:
        self._place: deque[float] = deque(maxlen=round(_FLOOR_S / TICK_S))
        self._from_tick: int | None = None
        self._loud_tick = 0
        self._peak_dbfs = SILENCE_DBFS
        self._ticks = 0

    @property
    def floor_dbfs(self) -> float:
        """What the place usually does, dB re full scale."""
        return float(np.median(self._place)) if self._place else SILENCE_DBFS

    @property
    def begins_dbfs(self) -> float:
        """From which level on something has begun."""
        return max(self.floor_dbfs + STANDS_OUT_DB, self._gusts_dbfs + _OVER_USUAL_DB)

    @property
    def _gusts_dbfs(self) -> float:
        """What one in ten ticks of the place reaches."""
        return float(np.quantile(self._place, 0.9)) if self._place else SILENCE_DBFS

    @property
    def found(self) -> tuple[int, int] | None:
        """Ticks of the sound that began last, half open, counted from the first one; None: none did."""
        return None if self._from_tick is None else (self._from_tick, self._loud_tick + 1)

    def learn(self, level_dbfs: float) -> None:
        """Take in a tick of the place, in which nothing is expected."""
        self._ticks += 1
        self._place.append(level_dbfs)

    def hear(self, level_dbfs: float) -> Literal["waits", "sounds", "over", "cut"]:
        """Take in the next tick, and return how it is."""
        now = self._ticks
        self._ticks += 1
        if self._from_tick is None:
            if level_dbfs < self.begins_dbfs:
                self._place.append(level_dbfs)
                return "waits"
            self._from_tick, self._loud_tick, self._peak_dbfs = now, now, level_dbfs
        self._peak_dbfs = max(self._peak_dbfs, level_dbfs)
        fades_dbfs = max(self.floor_dbfs + _FADES_DB, self._gusts_dbfs, self._peak_dbfs - _FADES_FROM_PEAK_DB)
        if level_dbfs >= fades_dbfs:
            self._loud_tick = now
        if (now - self._loud_tick) * TICK_S >= GAP_S:
            return "over"
        return "cut" if (now - self._from_tick) * TICK_S >= LONGEST_S else "sounds"

    def forget(self) -> None:
        """Wait for another sound."""
        self._from_tick = None


def levels_of(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float64]:
    """Return the A-weighted level of each whole tick, dB re full scale, (ticks,), at least -120."""
    length = seconds_to_len(TICK_S, sample_rate)
    ticks = samples[: len(samples) // length * length].reshape(-1, length)
    taper, weights = _weights(length, sample_rate)
    power = np.square(np.abs(np.fft.rfft(ticks * taper, axis=1))) @ weights
    return np.asarray(10.0 * np.log10(np.maximum(power, dbfs_to_power(SILENCE_DBFS))))


@cache
def _weights(length: int, sample_rate: int) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return a taper, and what the squared spectrum of a tick under it adds to its power."""
    taper = np.hanning(length + 1)[:-1]
    weights = np.zeros(length // 2 + 1)
    frequencies = np.asarray(np.fft.rfftfreq(length, 1.0 / sample_rate), np.float64)
    weights[1:] = 10.0 ** (a_weighting_db(frequencies[1:]) / 10.0) * 2.0 / length / np.sum(taper**2)
    return taper.astype(np.float32), weights


def sounds_in(levels_dbfs: NDArray[np.float64]) -> tuple[list[tuple[int, int]], float | None]:
    """Return the sounds in a recording, in ticks, half open, and its floor in dB re full scale.

    The floor is None where there is nothing but one sound.
    """
    if not len(levels_dbfs):
        return [], None
    floor, top = float(np.quantile(levels_dbfs, _QUIET_SHARE)), float(levels_dbfs.max())
    if top - floor < _ONE_SOUND_DB:
        return [(0, len(levels_dbfs))], None
    above = levels_dbfs >= max(floor + STANDS_OUT_DB, top - _AUDIBLE_DB)
    return _joined(np.flatnonzero(above)), floor


def cut_take(
    samples: NDArray[np.float32],
    sample_rate: int,
    ticks: tuple[int, int],
    floor_dbfs: float | None,
    origin: str,
) -> Take:
    """Return the sound within `ticks` of `samples` with what is around it; of a long one its loudest part."""
    length = seconds_to_len(TICK_S, sample_rate)
    levels = levels_of(samples[ticks[0] * length : ticks[1] * length], sample_rate)
    first, last = _loudest_part(levels, LONGEST_S)
    start, stop = ((ticks[0] + tick) * length for tick in (first, last))
    around = seconds_to_len(AROUND_S, sample_rate)
    begin, end = max(0, start - around), min(len(samples), stop + around)
    loudest = _loudest_dbfs(levels[first:last])
    return Take(
        samples=samples[begin:end].copy(),
        sample_rate=sample_rate,
        start=start - begin,
        stop=stop - begin,
        origin=origin,
        level_dbfs=loudest,
        snr_db=None if floor_dbfs is None else snr_db(loudest, floor_dbfs),
        cut=last - first < len(levels),
    )


def share_of(stretches: Sequence[tuple[int, int]], start: int, stop: int) -> float:
    """Return which share of [start, stop) half-open stretches cover, [0, 1]."""
    covered = sum(max(0, min(end, stop) - max(begin, start)) for begin, end in stretches)
    return min(1.0, covered / max(1, stop - start))


def _joined(loud: NDArray[np.intp]) -> list[tuple[int, int]]:
    """Return runs of loud ticks, those with a short pause between them as one."""
    pauses = np.flatnonzero(np.diff(loud) > round(GAP_S / TICK_S))
    return [(int(run[0]), int(run[-1]) + 1) for run in np.split(loud, pauses + 1)]


def _loudest_part(levels_dbfs: NDArray[np.float64], most_s: float) -> tuple[int, int]:
    """Return the part that is at most `most_s` long and has the most power, in ticks, half open."""
    most = round(most_s / TICK_S)
    if len(levels_dbfs) <= most:
        return 0, len(levels_dbfs)
    power = np.concatenate([[0.0], np.cumsum(10.0 ** (levels_dbfs / 10.0))])
    best = int(np.argmax(power[most:] - power[:-most]))
    return best, best + most


def _loudest_dbfs(levels_dbfs: NDArray[np.float64]) -> float:
    """Return the level of the loudest `_LOUDEST_S` of a sound."""
    first, last = _loudest_part(levels_dbfs, _LOUDEST_S)
    return power_to_dbfs(float(np.mean(10.0 ** (levels_dbfs[first:last] / 10.0))))
