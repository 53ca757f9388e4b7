"""A high-pass filter: it hears no offset, and no hum if it is set higher. Pure; linear; float64 inside.

Second order, Butterworth, by the bilinear transform (R. Bristow-Johnson, *Audio EQ Cookbook*, "HPF" with
Q = 1 / sqrt 2). It is a recursion, and numpy has none, so sound is filtered in steps of rows of `ROW_LEN`
samples. With the state s before a row x, its output is ``T x + O s``, and the state behind it ``P s + C x``.
T, O, P and C come of the powers of the filter's state matrix, computed once, and so do the matrices that
give the states before all rows of a step at once; only the state before each step, two numbers, is found one
by one. Every step is computed by itself, so its bits do not depend on how many come together.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ROW_LEN = 32
"""Samples filtered at once: a row costs the square of that, a step the square of its rows."""
_HIGHEST_SHARE = 0.4
"""No cut-off lies above this share of the sample rate."""


class _Matrices(NamedTuple):
    """What one filter is made of; read only."""

    of_row: Floats
    """Of a row and the state before it, what is heard: (ROW_LEN + 2, ROW_LEN)."""
    to_state: Floats
    """Of a row, what it leaves behind: (ROW_LEN, 2)."""
    of_entering: Floats
    """Of what enters with each row of a step, the states before each row, and behind the last one."""
    of_state: Floats
    """Of the state before a step, the same: (2, 2 rows + 2)."""
    at_rest: Floats
    """State behind a constant 1: (2,)."""


class HighPass:
    """Filters several channels, steps on steps, each step going on where the one before it ended."""

    def __init__(self, cutoff_hz: float, sample_rate: int, channels: int, step_len: int) -> None:
        """Pass what lies above `cutoff_hz`, 3 dB down there and 12 dB an octave below.

        `step_len`, the samples of a step, is a multiple of `ROW_LEN`.
        """
        self._made = _matrices(cutoff_hz, sample_rate, step_len)
        self._state: list[list[float]] | None = None
        self._channels = channels

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return float (steps, channels, step_len) filtered, float64 of the same shape.

        The mean of the first step counts as what came before it, so that an offset makes no click.
        """
        made = self._made
        if self._state is None:
            first = samples[0].mean(axis=1, dtype=np.float64)[:, np.newaxis]
            self._state = (first * made.at_rest).tolist()
        rows = np.empty((len(samples), self._channels, samples.shape[2] // ROW_LEN, ROW_LEN + 2))
        sound, states = rows[..., :ROW_LEN], rows[..., ROW_LEN:]
        sound[...] = samples.reshape(sound.shape)
        entering = (sound @ made.to_state).reshape(*sound.shape[:2], 1, -1)
        followed = entering @ made.of_entering
        begins = self._run(followed[:, :, 0, -2:].tolist(), self._state)
        first, second = begins[..., :1], begins[..., 1:]
        followed[:, :, 0] += first * made.of_state[0] + second * made.of_state[1]
        states[...] = followed[..., :-2].reshape(states.shape)
        return np.asarray((rows @ made.of_row).reshape(samples.shape))

    def _run(self, entering: list[list[list[float]]], state: list[list[float]]) -> NDArray[np.float64]:
        """Return the state before each step, float64 (steps, channels, 2); leave the last one in `state`.

        `entering` is what each step alone leaves behind.
        """
        (p11, p21), (p12, p22) = self._made.of_state[:, -2:].tolist()
        before = []
        for step in entering:
            before.append([*state])
            for channel, (one, two) in enumerate(step):
                first, second = state[channel]
                state[channel] = [p11 * first + p12 * second + one, p21 * first + p22 * second + two]
        return np.array(before)


@lru_cache(maxsize=16)
def _matrices(cutoff_hz: float, sample_rate: int, step_len: int) -> _Matrices:
    """Return the matrices of a filter; a hundred microphones share them."""
    b, a = _coefficients(min(cutoff_hz, _HIGHEST_SHARE * sample_rate), sample_rate)
    advance = np.array([[-a[0], 1.0], [-a[1], 0.0]])
    enters = np.array([b[1] - a[0] * b[0], b[2] - a[1] * b[0]])
    powers = [np.linalg.matrix_power(advance, k) for k in range(ROW_LEN + 1)]
    impulse = np.array([b[0], *((powers[k] @ enters)[0] for k in range(ROW_LEN - 1))])
    lags = np.arange(ROW_LEN)[np.newaxis] - np.arange(ROW_LEN)[:, np.newaxis]
    within = np.where(lags >= 0, impulse[np.maximum(lags, 0)], 0.0)
    from_state = np.array([powers[k][0] for k in range(ROW_LEN)]).T
    to_state = np.array([powers[ROW_LEN - 1 - k] @ enters for k in range(ROW_LEN)])
    of_entering, of_state = _of_step(powers[ROW_LEN], step_len // ROW_LEN)
    of_row = np.concatenate([within, from_state])
    return _Matrices(of_row, to_state, of_entering, of_state, np.array([-b[0], b[2]]))


def _of_step(advance: NDArray[np.float64], rows: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what gives the states before each row of a step, and behind the last one.

    Parameters
    ----------
    advance
        What a row makes of the state before it, float64 (2, 2).

    Returns
    -------
    tuple
        Of what enters with each row, (2 rows, 2 rows + 2), and of the state before the step, (2, 2 rows + 2).
    """
    powers = [np.linalg.matrix_power(advance, k) for k in range(rows + 1)]
    entering = np.zeros((rows, 2, rows + 1, 2))
    for row in range(rows):
        for to in range(row + 1, rows + 1):
            entering[row, :, to] = powers[to - row - 1].T
    return entering.reshape(2 * rows, -1), np.concatenate(powers).T


def _coefficients(cutoff_hz: float, sample_rate: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return (b0, b1, b2) and (a1, a2), a0 being 1."""
    angle = 2.0 * math.pi * cutoff_hz / sample_rate
    alpha = math.sin(angle) / math.sqrt(2.0)
    scale = 1.0 + alpha
    b0 = (1.0 + math.cos(angle)) / 2.0 / scale
    return (b0, -2.0 * b0, b0), (-2.0 * math.cos(angle) / scale, (1.0 - alpha) / scale)
