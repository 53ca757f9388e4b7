"""Tones that come and go: how far they stand out of their neighbours in the spectrum, over time. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEP_S = 0.02
"""From one value of an envelope to the next."""
_FRAME_S = 0.03
_LOW_HZ, _HIGH_HZ = 300.0, 5000.0
_AROUND = (4, 14)
"""Bins to either side of a tone that tell how loud its neighbourhood is."""
_TONES = 3
_MOST_DB = 30.0
LEAST_DB = 6.0
"""A tone that stands out by less is none."""
_SPARE = 1.25
"""Times what is kept of a stream that goes on there is room for: then all of it is moved."""


class Contrast(NamedTuple):
    """A spectrogram of what stands out of its neighbours."""

    contrast: Floats
    """dB (frames, bins), by which a bin stands out, [0, 30]."""
    level: Floats
    """dB (frames, bins)."""
    pitches: Floats
    """Hz (bins,)."""


def contrast_of(samples: NDArray[np.float32], sample_rate: int) -> Contrast:
    """Return how far each bin stands out of its neighbours, of float32 (n,); a frame every `STEP_S`."""
    size, step = round(_FRAME_S * sample_rate), round(STEP_S * sample_rate)
    count = (len(samples) - size) // step + 1
    if count < 1:
        return Contrast(np.zeros((0, 0)), np.zeros((0, 0)), np.zeros(0))
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[::step][:count]
    hz = np.asarray(np.fft.rfftfreq(size, 1.0 / sample_rate), np.float64)
    low, high = np.searchsorted(hz, (_LOW_HZ, _HIGH_HZ))
    first = max(0, low - _AROUND[1])
    spectra = np.fft.rfft(frames * _taper(size), axis=1)[:, first : high + _AROUND[1]]
    level = 10.0 * np.log10(spectra.real**2 + spectra.imag**2 + 1e-12)
    bins = slice(low - first, high - first)
    return Contrast(np.clip(level - _around(level), 0.0, _MOST_DB)[:, bins], level[:, bins], hz[low:high])


@lru_cache(maxsize=4)
def _taper(size: int) -> Floats:
    return np.hanning(size)


def _around(level: Floats) -> Floats:
    """Return how loud the neighbourhood of each bin is, dB, of rows whose ends go on as they end."""
    near, far = _AROUND
    begin, end = np.repeat(level[:, :1], far + 1, axis=1), np.repeat(level[:, -1:], far, axis=1)
    sums = np.cumsum(np.concatenate((begin, level, end), axis=1), axis=1)
    width, inner = 2 * far + 1, 2 * near - 1
    count, skip = level.shape[1], far - near + 1
    whole = sums[:, width : width + count] - sums[:, :count]
    middle = sums[:, skip + inner : skip + inner + count] - sums[:, skip : skip + count]
    return np.asarray((whole - middle) / (width - inner))


class ContrastTrack:
    """The contrast of the last seconds of a stream that goes on: each of its frames is computed once.

    Frames begin at multiples of `STEP_S` from the stream's beginning, wherever it is looked at.
    """

    def __init__(self, sample_rate: int, longest_s: float) -> None:
        """Expect indices at `sample_rate` Hz, and looks back for `longest_s` seconds at most."""
        self._rate = sample_rate
        self._size, self._step = round(_FRAME_S * sample_rate), round(STEP_S * sample_rate)
        self._most = round(longest_s / STEP_S) + 1
        self._kept: tuple[Floats, Floats] = (np.zeros((0, 0)), np.zeros((0, 0)))
        """Contrast and level, (bins, frames): they are looked at bin by bin."""
        self._pitches = np.zeros(0)
        self._first = self._end = 0  # numbers of the frames that are kept
        self._begin = 0  # and where the first of them is kept

    def over(self, start: int, stop: int, cut: Callable[[int, int], NDArray[np.float32]]) -> Contrast:
        """Return the contrast of the frames that lie in [start, stop); it holds until the next look.

        Parameters
        ----------
        cut
            Returns the samples between two stream indices, float32 (n,); the same whenever it is asked.
        """
        first, end = -(-start // self._step), (stop - self._size) // self._step + 1
        if not self._first <= first <= self._end:
            self._first = self._end = first
        if end > self._end:
            samples = cut(self._end * self._step, (end - 1) * self._step + self._size)
            self._append(contrast_of(samples, self._rate), first)
        begin = self._begin - self._first
        contrast, level = (one[:, begin + first : max(begin + end, 0)].T for one in self._kept)
        return Contrast(contrast, level, self._pitches)

    def _append(self, new: Contrast, needed: int) -> None:
        """Keep further frames, and forget those that are too old and before `needed`."""
        bins, count = new.level.shape[1], len(new.level)
        forgotten = max(0, min(needed, self._end + count - self._most) - self._first)
        self._first, self._begin = self._first + forgotten, self._begin + forgotten
        held = self._end - self._first
        if self._begin + held + count > self._kept[0].shape[1]:
            moved = np.empty((2, bins, round(_SPARE * (held + count))))
            for before, after in zip(self._kept, moved, strict=True):
                after[:, :held] = before[:, self._begin : self._begin + held] if held else 0.0
            self._kept, self._begin = (moved[0], moved[1]), 0
        at = self._begin + held
        for frames, kept in zip(new[:2], self._kept, strict=True):
            kept[:, at : at + count] = frames.T
        self._end, self._pitches = self._end + count, new.pitches


def envelopes(sound: Contrast) -> Iterator[tuple[Floats, float]]:
    """Yield the envelopes of the tones that stand out most, dB (frames,), and their pitch.

    Where nothing else sounds, an echo stands out as far as the beep that it is of: it is told by its level.
    """
    contrast, level, pitches = sound
    if not contrast.size:
        return
    strength = quantile(contrast.T, 0.97)
    for _ in range(_TONES):
        at = int(np.argmax(strength))
        if strength[at] < LEAST_DB:
            return
        first, stop = max(0, at - 2), at + 3
        loud = level[:, first:stop].max(axis=1)
        loud += _MOST_DB - quantile(loud, 0.98)
        yield np.minimum(contrast[:, first:stop].max(axis=1), loud), float(pitches[at])
        strength[first:stop] = 0.0


def quantile(values: Floats, share: float) -> Floats:
    """Return the quantile of float64 (..., n), linear between neighbours: that of numpy, in less time."""
    place = share * (values.shape[-1] - 1)
    below = int(place)
    ranked = np.partition(values, below, axis=-1)
    low = ranked[..., below]
    if below == place:
        return np.asarray(low)
    high, part = ranked[..., below + 1 :].min(axis=-1), place - below
    return np.asarray(low + (high - low) * part if part < 0.5 else high - (high - low) * (1.0 - part))
