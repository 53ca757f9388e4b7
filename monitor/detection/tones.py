"""Tones that come and go: how far they stand out of their neighbours in the spectrum, over time. Pure."""

from __future__ import annotations

from collections.abc import Iterator
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
