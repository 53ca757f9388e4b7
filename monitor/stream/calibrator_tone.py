"""Finds the tone of a sound calibrator, 1 kHz and steady, in whatever else there is. Pure."""

from __future__ import annotations

from collections import deque

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.records import Span
from monitor.units import power_to_dbfs, seconds_to_len

LASTS_S = 3.0
"""So long the tone has to be steady."""
TONE_HZ = 1000.0
_OFF_HZ = 20.0
"""A tone of a calibrator lies within 2 %."""
_FRAME_S, _HOP_S = 0.5, 0.25
_VARIES_DB = 0.2
_LEAST_SHARE, _LEAST_SHARE_CLIPPED = 0.9, 0.7
"""Of the power that has to be the tone's: 10 dB above all else. Of a clipped one a fifth is its harmonics."""
_SIDE_BINS = 3
"""To either side of its peak, a tone under a Hann window has all but 0.01 dB of its power."""


class Tone(msgspec.Struct, frozen=True):
    """A steady tone."""

    level_dbfs: float
    """Of the tone alone."""
    frequency_hz: float
    clipped: bool
    """Whether it was at full scale: then its level says nothing."""


class ToneFinder:
    """Looks for a steady tone in a stream."""

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._hop_len = seconds_to_len(_HOP_S, sample_rate)
        taper = np.hanning(seconds_to_len(_FRAME_S, sample_rate) + 1)[:-1]
        self._taper = taper * np.sqrt(2.0 / (len(taper) * np.sum(taper**2)))
        self._rest = np.zeros(0, np.float32)
        self._clipped_to = 0
        self._frames: deque[Tone] = deque(maxlen=round((LASTS_S - _FRAME_S) / _HOP_S) + 1)
        self.strongest: Tone | None = None
        """What stood out last, whether it is that of a calibrator or not; None: there was no sound."""

    @property
    def hears(self) -> bool:
        """Whether there is a tone now, which may become steady."""
        return bool(self._frames)

    def push(self, span: Span) -> Tone | None:
        """Return the tone once it has been steady for `LASTS_S`."""
        if span.discontinuous:
            self._rest = np.zeros(0, np.float32)
            self._frames.clear()
        self._clipped_to = max([self._clipped_to, *(stop for _, stop in span.clipped)])
        self._rest = np.concatenate([self._rest, span.samples])
        stop = span.start + len(span.samples)
        while len(self._rest) >= len(self._taper):
            clipped = self._clipped_to > stop - len(self._rest)
            self._hear(self._rest[: len(self._taper)], clipped)
            self._rest = self._rest[self._hop_len :]
            if (found := self._steady()) is not None:
                return found
        return None

    def _steady(self) -> Tone | None:
        levels = [frame.level_dbfs for frame in self._frames]
        if len(levels) < (self._frames.maxlen or 0) or max(levels) - min(levels) > _VARIES_DB:
            return None
        mean_hz = sum(frame.frequency_hz for frame in self._frames) / len(levels)
        clipped = any(frame.clipped for frame in self._frames)
        return Tone(sum(levels) / len(levels), mean_hz, clipped)

    def _hear(self, frame: NDArray[np.float32], clipped: bool) -> None:
        spectrum = np.fft.rfft((frame - frame.mean()) * self._taper)
        powers = spectrum.real**2 + spectrum.imag**2
        powers[:_SIDE_BINS] = 0.0
        peak = int(np.argmax(powers[_SIDE_BINS:-_SIDE_BINS])) + _SIDE_BINS
        power = float(powers[peak - _SIDE_BINS : peak + _SIDE_BINS + 1].sum())
        if power <= 0.0:
            self.strongest = None
            self._frames.clear()
            return
        below, at, above = np.log(np.maximum(powers[peak - 1 : peak + 2], 1e-30))
        bend = below - 2.0 * at + above
        shift = 0.5 * float(below - above) / float(bend) if bend < 0.0 else 0.0  # top of a parabola
        frequency = (peak + shift) * self._rate / len(frame)
        self.strongest = tone = Tone(power_to_dbfs(power), frequency, clipped)
        share = power / float(powers.sum())
        if abs(frequency - TONE_HZ) <= _OFF_HZ and share >= (
            _LEAST_SHARE_CLIPPED if clipped else _LEAST_SHARE
        ):
            self._frames.append(tone)
        else:
            self._frames.clear()
