"""A-weighting: the power of sound as ears weigh its frequencies, IEC 61672-1. Pure.

Sound is weighted in the spectrum of blocks of a quarter of a second under a Hann window, four of them
overlapping: such a block hears for about as long as a sound level meter set to Fast. The window keeps a deep
hum, which counts for little, from leaking to where it would count.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.records import Span

BLOCK_S = 0.25
"""Seconds of one block."""
OVERLAP = 4
"""A block begins every `BLOCK_S / OVERLAP`; the squares of so many Hann windows add up to a constant."""
_F1_HZ, _F2_HZ, _F3_HZ, _F4_HZ = 20.598997, 107.65265, 737.86223, 12194.217
"""Poles of the weighting, IEC 61672-1:2013, annex E, equations E.1 to E.5."""
_A1000_DB = -2.0
"""What the poles make of 1 kHz, which is to be 0 dB; annex E."""


def a_weighting_db(frequencies_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the A-weighting of frequencies above 0 Hz, dB; IEC 61672-1:2013, equation E.6."""
    square = np.asarray(frequencies_hz, np.float64) ** 2
    below = (square + _F1_HZ**2) * np.sqrt((square + _F2_HZ**2) * (square + _F3_HZ**2))
    gain = _F4_HZ**2 * square**2 / (below * (square + _F4_HZ**2))
    return np.asarray(20.0 * np.log10(gain) - _A1000_DB)


class AWeighting:
    """Measures the A-weighted power of blocks, on a grid that restarts after a discontinuity."""

    def __init__(self, sample_rate: int) -> None:
        self.hop_len = max(1, round(BLOCK_S / OVERLAP * sample_rate))
        """Samples from block to block."""
        self.block_len = OVERLAP * self.hop_len
        """Samples of a block."""
        taper = np.hanning(self.block_len + 1)[:-1]
        self._taper = taper / np.sqrt(np.sum(taper**2))
        frequencies = np.asarray(np.fft.rfftfreq(self.block_len, 1.0 / sample_rate), np.float64)
        self._weights = np.zeros(len(frequencies))
        self._weights[1:] = 10.0 ** (a_weighting_db(frequencies[1:]) / 10.0) * 2.0 / self.block_len
        self._weights[-1] /= 2.0  # half the sample rate: it has no mirror image
        self._rest = np.zeros(0, np.float32)

    def push(self, span: Span) -> list[tuple[int, float]]:
        """Return the stream index at which each block ends that `span` completes, and its power.

        The power is the weighted mean square, full scale +-1.0.
        """
        rest = span.samples if span.discontinuous else np.concatenate([self._rest, span.samples])
        stop = span.start + len(span.samples)
        found = []
        while len(rest) >= self.block_len:
            block, end = rest[: self.block_len], stop - len(rest) + self.block_len
            spectrum = np.fft.rfft((block - block.mean()) * self._taper)
            found.append((end, float(self._weights @ (spectrum.real**2 + spectrum.imag**2))))
            rest = rest[self.hop_len :]
        self._rest = rest.copy()
        return found
