"""The chirp by which a smoke alarm asks for a new battery: one short high beep, every 20 to 70 seconds. Pure.

A chirp is a tone of at most .35 s that stands out of its neighbours, with nothing like it for a second
before and after. Four of one pitch and level, at equal distances, and hardly any other of that pitch in
between, are a battery. It goes on for days, so there is time to be sure.

Laws: onset and offset alternate; every onset has an offset once `end` is called.
"""

from __future__ import annotations

from collections import deque

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.detection.tones import STEP_S, Contrast
from monitor.records import ALARM_LOW_BATTERY, LevelReading, Transition, TransitionType, UnlistedSound

LOOK_S = 3.0
"""Of the sound that one look needs; what begins in its middle second is told."""
_LOW_HZ, _HIGH_HZ = 1900.0, 4600.0
_STANDS_OUT_DB = 15.0
_BELOW_DB = 10.0
"""A chirp lasts, and is alone, down to so far below its loudest moment."""
_LONGEST_S = 0.35
_AROUND_S = 1.0

CHIRPS = 4
SHORTEST_S, LONGEST_S = 20.0, 70.0
"""From one chirp to the next."""
_JITTER = 0.01
_JITTER_S = 0.15
_SAME_PITCH = 0.015
_SAME_LEVEL_DB = 5.0
_MOST_OTHERS = 2
_OVER_PERIODS = 3.3
"""It has ended when so many periods have passed without one: one may be drowned."""


class Chirp(msgspec.Struct, frozen=True):
    """One short high beep that is alone."""

    start: int
    """Stream index."""
    pitch_hz: float
    level_db: float
    """In the spectrogram's own scale."""


class _Chirping(msgspec.Struct):
    """What goes on."""

    first: Chirp
    last: Chirp
    period: float
    """Samples from one chirp to the next."""
    level: LevelReading


def chirp_in(sound: Contrast, sample_rate: int, start: int) -> Chirp | None:
    """Return the chirp that begins in the middle second of `LOOK_S` of sound from stream index `start`."""
    first, last = np.searchsorted(sound.pitches, (_LOW_HZ, _HIGH_HZ))
    around = round(_AROUND_S / STEP_S)
    if len(sound.level) < 3 * around - 2:
        return None
    contrast = sound.contrast[:, first:last]
    standing = np.where(contrast >= _STANDS_OUT_DB, sound.level[:, first:last], -np.inf)
    frame, at = np.unravel_index(int(np.argmax(standing)), standing.shape)
    loudest = float(standing[frame, at])
    if not np.isfinite(loudest):
        return None
    near = sound.level[:, max(0, first + at - 2) : first + at + 3].max(axis=1)
    on = np.flatnonzero(near >= loudest - _BELOW_DB)
    short = (on[-1] - on[0] + 1) * STEP_S <= _LONGEST_S
    if not short or not around <= on[0] < 2 * around:
        return None
    pitch_hz = _between(sound.level[frame], first + at, sound.pitches)
    return Chirp(start + round(int(on[0]) * STEP_S * sample_rate), pitch_hz, loudest)


def _between(level: NDArray[np.float64], at: int, pitches: NDArray[np.float64]) -> float:
    """Return a pitch finer than the bins are: the top of a parabola through three levels, dB."""
    if not 0 < at < len(level) - 1:
        return float(pitches[at])
    below, top, above = level[at - 1 : at + 2]
    shift = 0.5 * (below - above) / min(below - 2 * top + above, -1e-9)
    return float(pitches[at] + np.clip(shift, -0.5, 0.5) * (pitches[1] - pitches[0]))


class LowBattery:
    """Finds the chirps of one source that come at equal distances."""

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._heard: deque[Chirp] = deque(maxlen=256)
        self._now: _Chirping | None = None

    def hear(self, chirp: Chirp | None, stop: int, level: LevelReading) -> list[UnlistedSound]:
        """Take in what was found up to stream index `stop`, in order; return what is told."""
        told = []
        if chirp is not None:
            self._forget(chirp.start)
            if self._now is None:
                told = self._begin(chirp, stop, level)
            elif _belongs(chirp, self._now, self._rate):
                self._now.last = chirp
            self._heard.append(chirp)
        if self._now is not None and stop - self._now.last.start > _OVER_PERIODS * self._now.period:
            told += self.end("quiet", stop)
        return told

    def end(self, reason: str, stop: int) -> list[UnlistedSound]:
        """Close what goes on at stream index `stop`, for `reason`."""
        now, self._now = self._now, None
        self._heard.clear()
        return [] if now is None else [self._told("offset", now, stop, reason)]

    def _begin(self, chirp: Chirp, stop: int, level: LevelReading) -> list[UnlistedSound]:
        chain = self._chain(chirp)
        if chain is None:
            return []
        period = (chirp.start - chain[-1].start) / (CHIRPS - 1)
        self._now = _Chirping(chain[-1], chirp, period, level)
        return [self._told("onset", self._now, stop)]

    def _chain(self, last: Chirp) -> list[Chirp] | None:
        """Return the chirps at equal distances that end in `last`, the latest first."""
        alike = [one for one in self._heard if _alike(one, last)]
        for before in alike:
            chain, period = [last, before], last.start - before.start
            if not SHORTEST_S <= period / self._rate <= LONGEST_S:
                continue
            while len(chain) < CHIRPS and (found := self._at(alike, chain[-1].start - period, period)):
                chain.append(found)
            between = [one for one in self._heard if _same_pitch(one, last) and one.start >= chain[-1].start]
            if len(chain) == CHIRPS and len(between) - (CHIRPS - 1) <= _MOST_OTHERS:
                return chain
        return None

    def _at(self, alike: list[Chirp], start: int, period: float) -> Chirp | None:
        reach = _JITTER * period + _JITTER_S * self._rate
        return next((one for one in alike if abs(one.start - start) <= reach), None)

    def _forget(self, now: int) -> None:
        while self._heard and now - self._heard[0].start > CHIRPS * LONGEST_S * self._rate:
            self._heard.popleft()

    def _told(
        self, type_: TransitionType, now: _Chirping, stop: int, reason: str | None = None
    ) -> UnlistedSound:
        change = Transition(
            type=type_,
            class_=ALARM_LOW_BATTERY,
            onset_sample=now.first.start,
            offset_sample=None if reason is None else now.last.start,
            stop=stop,
            score=1.0,
            peak_score=1.0,
            threshold=1.0,
            ended_by=reason,
        )
        words = f"low-battery chirp of a smoke alarm, one every {now.period / self._rate:.0f} s"
        return UnlistedSound(change, now.level, words)


def _belongs(chirp: Chirp, now: _Chirping, sample_rate: int) -> bool:
    gap = chirp.start - now.last.start
    periods = max(1, round(gap / now.period))
    reach = periods * (_JITTER * now.period + _JITTER_S * sample_rate)
    return _alike(chirp, now.first) and abs(gap - periods * now.period) <= reach


def _same_pitch(one: Chirp, other: Chirp) -> bool:
    return abs(one.pitch_hz - other.pitch_hz) <= _SAME_PITCH * other.pitch_hz


def _alike(one: Chirp, other: Chirp) -> bool:
    return _same_pitch(one, other) and abs(one.level_db - other.level_db) <= _SAME_LEVEL_DB
