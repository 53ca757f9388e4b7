"""The log-mel spectrogram that CLAP's audio tower takes, for graphs that do not compute it themselves. Pure.

Frames of 1024 samples every 480, centred with the signal reflected at both ends, periodic Hann window, power
of the Fourier transform, 64 triangular bands from 50 Hz to 14 kHz, ``10 log10(max(x, 1e-10))``. The two
filterbanks are the ones CLAP was trained with: "slaney" (linear below 1 kHz, logarithmic above, triangles of
equal area) for checkpoints without feature fusion, "htk" (``mel = 2595 log10(1 + f / 700)``, triangles of
equal height) for those with it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Mel = Literal["slaney", "htk"]

SAMPLE_RATE = 48_000
"""Hz."""
FFT_LEN = 1024
HOP_LEN = 480
BANDS = 64
_LOWEST_HZ, _HIGHEST_HZ = 50.0, 14_000.0
_LEAST_POWER = 1e-10
_FRAMES_AT_ONCE = 128
"""A megabyte of samples: what is between two steps stays in the processor's cache."""


def log_mel(windows: NDArray[np.float32], mel: Mel) -> NDArray[np.float32]:
    """Return the spectrograms of `windows`.

    Parameters
    ----------
    windows
        float32 (n, t) at 48 kHz, full scale +-1.0, t above 512.

    Returns
    -------
    NDArray
        float32 (n, 1 + t // 480, 64), dB.
    """
    spectrograms = np.empty((len(windows), 1 + windows.shape[1] // HOP_LEN, BANDS), np.float32)
    for spectrogram, window in zip(spectrograms, windows, strict=True):
        _draw(window, mel_filters(mel), spectrogram)
    return spectrograms


def _draw(window: NDArray[np.float32], filters: NDArray[np.float64], out: NDArray[np.float32]) -> None:
    """Fill `out` with the log-mel of one window.

    In double precision: in single, the rounding of a loud low tone drowns quiet high bands.
    """
    taper = _taper()
    bins = len(filters)
    padded = np.pad(window, FFT_LEN // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, FFT_LEN)[::HOP_LEN]
    for start in range(0, len(frames), _FRAMES_AT_ONCE):
        spectrum = np.fft.rfft(frames[start : start + _FRAMES_AT_ONCE] * taper, axis=1)[:, :bins]
        power = (spectrum.real**2 + spectrum.imag**2) @ filters
        out[start : start + _FRAMES_AT_ONCE] = 10.0 * np.log10(np.maximum(power, _LEAST_POWER))


@lru_cache
def _taper() -> NDArray[np.float64]:
    """Return the periodic Hann window."""
    return np.asarray(0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(FFT_LEN) / FFT_LEN))


@lru_cache
def mel_filters(mel: Mel) -> NDArray[np.float64]:
    """Return the weight of each Fourier bin in each band, float64 (bins, 64), up to the last that counts."""
    to_mel, to_hz = _SCALES[mel]
    lowest, highest = to_mel(np.array([_LOWEST_HZ, _HIGHEST_HZ]))
    edges_hz = to_hz(np.linspace(lowest, highest, BANDS + 2))
    bins_hz = np.arange(FFT_LEN // 2 + 1)[:, np.newaxis] * (SAMPLE_RATE / FFT_LEN)
    low, middle, high = edges_hz[:-2], edges_hz[1:-1], edges_hz[2:]
    triangles = np.minimum((bins_hz - low) / (middle - low), (high - bins_hz) / (high - middle))
    filters = np.maximum(triangles, 0.0)
    if mel == "slaney":
        filters *= 2.0 / (high - low)
    return np.asarray(filters[: 1 + int(np.flatnonzero(filters.any(axis=1))[-1])])


def _htk_mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(2595.0 * np.log10(1.0 + hz / 700.0))


def _htk_hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(700.0 * (10.0 ** (mels / 2595.0) - 1.0))


def _slaney_mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return mels: 200/3 Hz each below 1 kHz, then 27 per factor of 6.4 (Slaney, Auditory Toolbox, 1998)."""
    above = 15.0 + 27.0 * np.log(np.maximum(hz, 1000.0) / 1000.0) / np.log(6.4)
    return np.where(hz < 1000.0, hz * 3.0 / 200.0, above)


def _slaney_hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mels < 15.0, mels * 200.0 / 3.0, 1000.0 * 6.4 ** ((mels - 15.0) / 27.0))


_SCALES = {"slaney": (_slaney_mel, _slaney_hz), "htk": (_htk_mel, _htk_hz)}
