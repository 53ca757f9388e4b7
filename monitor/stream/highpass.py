"""A high-pass filter: it hears no offset, and no hum if it is set higher. Pure; linear; float64 inside.

Second order, Butterworth, by the bilinear transform (R. Bristow-Johnson, *Audio EQ Cookbook*, "HPF" with
Q = 1 / sqrt 2). It is a recursion, and numpy has none, so sound is filtered in rows of `ROW_LEN` samples:
with the state s before a row x, its output is ``T x + O s``, and the state behind it ``P s + C x``. T, O, P
and C come of the powers of the filter's state matrix, computed once; only the states, two numbers a row, are
found one by one.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

ROW_LEN = 64
"""Samples filtered at once."""
_HIGHEST_SHARE = 0.4
"""No cut-off lies above this share of the sample rate."""


class HighPass:
    """Filters several channels, rows on rows, each row going on where the one before it ended."""

    def __init__(self, cutoff_hz: float, sample_rate: int, channels: int) -> None:
        """Pass what lies above `cutoff_hz`, 3 dB down there and 12 dB an octave below."""
        b, a = _coefficients(min(cutoff_hz, _HIGHEST_SHARE * sample_rate), sample_rate)
        advance = np.array([[-a[0], 1.0], [-a[1], 0.0]])
        enters = np.array([b[1] - a[0] * b[0], b[2] - a[1] * b[0]])
        powers = [np.linalg.matrix_power(advance, k) for k in range(ROW_LEN + 1)]
        impulse = np.array([b[0], *((powers[k] @ enters)[0] for k in range(ROW_LEN - 1))])
        lags = np.arange(ROW_LEN)[np.newaxis] - np.arange(ROW_LEN)[:, np.newaxis]
        self._within = np.where(lags >= 0, impulse[np.maximum(lags, 0)], 0.0)
        self._from_state = np.array([powers[k][0] for k in range(ROW_LEN)]).T
        self._to_state = np.array([powers[ROW_LEN - 1 - k] @ enters for k in range(ROW_LEN)])
        (self._p11, self._p12), (self._p21, self._p22) = powers[ROW_LEN].tolist()
        self._at_rest = np.array([-b[0], b[2]])
        self._state: list[list[float]] | None = None
        self._channels = channels

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return float (steps, channels, n) filtered, n a multiple of `ROW_LEN`; float64 of the same shape.

        The mean of the first step counts as what came before it, so that an offset makes no click.
        """
        if self._state is None:
            first = samples[0].mean(axis=1, dtype=np.float64)[:, np.newaxis]
            self._state = (first * self._at_rest).tolist()
        rows = samples.reshape(len(samples), -1, ROW_LEN).astype(np.float64)
        before = self._run((rows @ self._to_state).reshape(len(samples), self._channels, -1, 2), self._state)
        filtered = rows @ self._within + before @ self._from_state
        return np.asarray(filtered.reshape(samples.shape))

    def _run(self, entering: NDArray[np.float64], state: list[list[float]]) -> NDArray[np.float64]:
        """Return the state before each row, float64 (steps, rows, 2), and leave the last one in `state`."""
        p11, p12, p21, p22 = self._p11, self._p12, self._p21, self._p22
        before: list[tuple[float, float]] = []
        for step in entering.tolist():
            for channel, rows in enumerate(step):
                first, second = state[channel]
                for one, two in rows:
                    before.append((first, second))
                    first, second = p11 * first + p12 * second + one, p21 * first + p22 * second + two
                state[channel] = [first, second]
        return np.array(before).reshape(len(entering), -1, 2)


def _coefficients(cutoff_hz: float, sample_rate: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return (b0, b1, b2) and (a1, a2), a0 being 1."""
    angle = 2.0 * math.pi * cutoff_hz / sample_rate
    alpha = math.sin(angle) / math.sqrt(2.0)
    scale = 1.0 + alpha
    b0 = (1.0 + math.cos(angle)) / 2.0 / scale
    return (b0, -2.0 * b0, b0), (-2.0 * math.cos(angle) / scale, (1.0 - alpha) / scale)
