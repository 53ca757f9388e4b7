"""Tones that come and go: how far they stand out of their neighbours in the spectrum, over time. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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


class Contrast(NamedTuple):
    """A spectrogram of what stands out of its neighbours."""

    contrast: Floats
    """dB (frames, bins), by which a bin stands out, [0, 30]."""
    level: Floats
    """dB (frames, bins)."""
    pitches: Floats
    """Hz (bins,)."""

    def since(self, frame: int) -> Contrast:
        """Return the part from a frame on."""
        return Contrast(self.contrast[frame:], self.level[frame:], self.pitches)


def contrast_of(samples: NDArray[np.float32], sample_rate: int) -> Contrast:
    """Return how far each bin stands out of its neighbours, of float32 (n,); a frame every `STEP_S`."""
    size, step = round(_FRAME_S * sample_rate), round(STEP_S * sample_rate)
    count = (len(samples) - size) // step + 1
    if count < 1:
        return Contrast(np.zeros((0, 0)), np.zeros((0, 0)), np.zeros(0))
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[::step][:count]
    power = np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)) ** 2
    hz = np.asarray(np.fft.rfftfreq(size, 1.0 / sample_rate), np.float64)
    low, high = np.searchsorted(hz, (_LOW_HZ, _HIGH_HZ))
    near, far = _AROUND
    first = max(0, low - far)
    level = 10.0 * np.log10(power[:, first : high + far] + 1e-12)
    around = (_mean_around(level, far) * (2 * far + 1) - _mean_around(level, near - 1) * (2 * near - 1)) / (
        2 * (far - near + 1)
    )
    bins = slice(low - first, high - first)
    return Contrast(np.clip(level - around, 0.0, _MOST_DB)[:, bins], level[:, bins], hz[low:high])


class ContrastTrack:
    """The contrast of the last seconds of a stream that goes on: each of its frames is computed once.

    Frames begin at multiples of `STEP_S` from the stream's beginning, wherever it is looked at.
    """

    def __init__(self, sample_rate: int) -> None:
        """Expect indices at `sample_rate` Hz."""
        self._rate = sample_rate
        self._size, self._step = round(_FRAME_S * sample_rate), round(STEP_S * sample_rate)
        self._first = 0  # number of the first frame that is kept
        self._kept: Contrast | None = None

    def over(self, start: int, stop: int, cut: Callable[[int, int], NDArray[np.float32]]) -> Contrast:
        """Return the contrast of the frames that lie in [start, stop); `stop` never goes back.

        Parameters
        ----------
        cut
            Returns the samples between two stream indices, float32 (n,); the same whenever it is asked.
        """
        first, end = -(-start // self._step), (stop - self._size) // self._step + 1
        known = self._first + (0 if self._kept is None else len(self._kept.level))
        if self._kept is None or not self._first <= first < known:
            self._kept, known = None, first
        if end > known:
            new = contrast_of(cut(known * self._step, (end - 1) * self._step + self._size), self._rate)
            self._kept = new if self._kept is None else _joined(self._kept.since(first - self._first), new)
        elif self._kept is not None:
            self._kept = self._kept.since(first - self._first)
        self._first = first
        return Contrast(np.zeros((0, 0)), np.zeros((0, 0)), np.zeros(0)) if self._kept is None else self._kept


def _joined(before: Contrast, after: Contrast) -> Contrast:
    contrast, level = (np.concatenate(pair) for pair in zip(before[:2], after[:2], strict=True))
    return Contrast(contrast, level, after.pitches)


def _mean_around(level: Floats, reach: int) -> Floats:
    """Return the mean over `reach` bins to either side, of rows whose ends go on as they end."""
    padded = np.pad(level, ((0, 0), (reach + 1, reach)), mode="edge")
    sums = np.cumsum(padded, axis=1)
    return np.asarray((sums[:, 2 * reach + 1 :] - sums[:, : -2 * reach - 1]) / (2 * reach + 1))


def envelopes(sound: Contrast) -> Iterator[tuple[Floats, float]]:
    """Yield the envelopes of the tones that stand out most, dB (frames,), and their pitch.

    Where nothing else sounds, an echo stands out as far as the beep that it is of: it is told by its level.
    """
    contrast, level, pitches = sound
    if not contrast.size:
        return
    strength = np.quantile(contrast, 0.97, axis=0)
    for _ in range(_TONES):
        at = int(np.argmax(strength))
        if strength[at] < LEAST_DB:
            return
        first, stop = max(0, at - 2), at + 3
        loud = level[:, first:stop].max(axis=1)
        loud += _MOST_DB - np.quantile(loud, 0.98)
        yield np.minimum(contrast[:, first:stop].max(axis=1), loud), float(pitches[at])
        strength[first:stop] = 0.0
