"""How well an envelope fits templates that repeat themselves, at every phase of each. Pure.

All templates are compared at once, each by itself, by the convolution theorem.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Envelope:
    """How much of a sound there is over time, to be compared with many templates."""

    def __init__(self, soft: Floats) -> None:
        """Take values in [0, 1], float64 (n,)."""
        self.soft = soft
        self._centred = soft - soft.mean()
        self.spread = float(np.sqrt(np.sum(self._centred**2) + 1e-9))
        self._spectra: dict[int, NDArray[np.complex128]] = {}

    def spectrum(self, size: int) -> NDArray[np.complex128]:
        """Return the conjugate spectrum of `size` values."""
        if size not in self._spectra:
            self._spectra[size] = np.conj(np.fft.rfft(self._centred, size))
        return self._spectra[size]


class Templates:
    """Templates of zeros and ones, each repeated for as long as an envelope lasts."""

    def __init__(self, cycles: Sequence[Floats], length: int) -> None:
        """Take one cycle of each, float64 (period,), for envelopes of `length` values."""
        periods = np.array([len(one) for one in cycles], np.intp)
        self._longest = int(periods.max(initial=1))
        self._size = 1 << (length + self._longest).bit_length()
        repeated = np.zeros((len(cycles), length + self._longest + 1))
        for row, cycle in zip(repeated, cycles, strict=True):
            row[1:] = np.resize(cycle, len(row) - 1)
        self._spectra = np.fft.rfft(repeated[:, 1:], self._size, axis=1)
        sums = np.cumsum(repeated, axis=1)
        means = (sums[:, length : length + self._longest] - sums[:, : self._longest]) / length
        spreads = np.sqrt(np.maximum(means - means**2, 1e-9) * length)
        spreads[np.arange(self._longest) >= periods[:, np.newaxis]] = np.inf  # the next cycle is the same
        self._spreads = spreads

    def fits(self, sound: Envelope) -> tuple[list[float], list[int]]:
        """Return of each template its highest correlation, [-1, 1], and at which phase that is."""
        spectra = self._spectra * sound.spectrum(self._size)
        products = np.fft.irfft(spectra, self._size, axis=1)[:, : self._longest]
        fits = products / (self._spreads * sound.spread)
        phases = fits.argmax(axis=1)
        return np.take_along_axis(fits, phases[:, np.newaxis], axis=1)[:, 0].tolist(), phases.tolist()
