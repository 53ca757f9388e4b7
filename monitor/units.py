"""Pure conversions between samples, seconds and decibels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SILENCE_DBFS = -120.0
"""Lowest level ever reported, dB re full scale; digital silence reads as this."""


def seconds_to_len(seconds: float, sample_rate: int) -> int:
    """Return `seconds` as a whole number of samples, at least 1."""
    return max(1, round(seconds * sample_rate))


def power_to_dbfs(power: float) -> float:
    """Return mean-square `power` (full scale +-1.0) in dB re full scale, floored at `SILENCE_DBFS`."""
    return max(SILENCE_DBFS, 10.0 * math.log10(power)) if power > 0.0 else SILENCE_DBFS


def dbfs_to_power(level_dbfs: float) -> float:
    """Return the mean-square power of a level in dB re full scale."""
    return float(10.0 ** (level_dbfs / 10.0))


def mean_power(samples: NDArray[np.float32]) -> float:
    """Return the mean square of `samples` (any shape), 0.0 when empty."""
    return float(np.mean(np.square(samples, dtype=np.float64))) if samples.size else 0.0


def snr_db(level_dbfs: float, floor_dbfs: float) -> float:
    """Return the signal-to-noise ratio of a level that still contains its floor, in dB, within [-20, 80].

    The floor's power is subtracted first: ``10 log10((L - F) / F)`` in linear power.
    """
    noise = dbfs_to_power(floor_dbfs)
    signal = max(dbfs_to_power(level_dbfs) - noise, 0.0)
    return min(80.0, max(-20.0, 10.0 * math.log10(signal / noise))) if signal > 0.0 else -20.0


def quantile(ranked: Sequence[float], share: float) -> float:
    """Return the quantile of sorted values, at least one, linear between neighbours."""
    place = share * (len(ranked) - 1)
    below = int(place)
    above = min(below + 1, len(ranked) - 1)
    return ranked[below] + (place - below) * (ranked[above] - ranked[below])


def whole_below(value: float, limit: int) -> str:
    """Return a value that is below `limit` as a whole number that is: 11.8 of 12 is 11."""
    return f"{min(round(value), limit - 1)}"


def unit_norm(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return `vectors` (..., d) scaled to Euclidean length 1 along the last axis; zero vectors stay zero."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12), np.float32)
