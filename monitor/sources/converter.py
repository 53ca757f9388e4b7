"""One channel at any rate -> the same at the analysis rate, the same bits whatever the block size."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

STEP_S = 0.02
"""Seconds the resampler gets at once: as long as a microphone's block, so that it waits for nothing."""


def convert_index(index: int, source_rate: int, target_rate: int) -> int:
    """Return the sample index at `target_rate` of the moment `index` at `source_rate`, halves rounded up."""
    return (2 * index * target_rate + source_rate) // (2 * source_rate)


class Converter:
    """A streaming resampler for one unbroken stretch of sound.

    Laws: the output depends on the samples alone, not on how they were cut; after `flush`, exactly
    ``convert_index(in_len)`` samples have come out; equal rates pass bits through.
    """

    def __init__(self, source_rate: int, target_rate: int) -> None:
        """Convert from `source_rate` to `target_rate`, both in Hz."""
        self._source_rate, self._target_rate = source_rate, target_rate
        self._step_len = max(1, round(STEP_S * source_rate))
        self._resampler = (
            None
            if source_rate == target_rate
            else soxr.ResampleStream(source_rate, target_rate, 1, "float32", "HQ")
        )
        self._rest = np.zeros(0, np.float32)
        self._in_len = 0
        self._out_len = 0

    @property
    def delay_s(self) -> float:
        """Seconds of sound that went in and has not come out yet."""
        return self._in_len / self._source_rate - self._out_len / self._target_rate

    def push(self, mono: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take float32 (n,); return what is ready, float32 (m,)."""
        self._in_len += len(mono)
        if self._resampler is None:
            return self._count(mono)
        pending = np.concatenate((self._rest, mono)) if len(self._rest) else mono
        whole = len(pending) - len(pending) % self._step_len
        self._rest = pending[whole:]
        ready = self._resampler.resample_chunk(pending[:whole]) if whole else np.zeros(0, np.float32)
        return self._count(ready)

    def flush(self) -> NDArray[np.float32]:
        """Return what is still inside, float32 (m,); the converter is spent."""
        if self._resampler is None:
            return np.zeros(0, np.float32)
        tail = self._resampler.resample_chunk(self._rest, last=True)
        missing = convert_index(self._in_len, self._source_rate, self._target_rate) - self._out_len
        exact = np.zeros(missing, np.float32)  # soxr rounds the same way; this holds it to that
        exact[: len(tail)] = tail[:missing]
        return self._count(exact)

    def _count(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        self._out_len += len(samples)
        return samples
