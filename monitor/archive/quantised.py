"""Embeddings as they are kept: two bytes a number, or one. Pure.

`int8`: each embedding has a scale of its own, the largest of its numbers over 127.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

_MOST = 127.0


class Quantised:
    """How embeddings of `dim` dimensions are packed.

    Laws: a packed embedding unpacked is within half a step of what it was; `float16` keeps the scale 1.
    """

    def __init__(self, kind: Literal["float16", "int8"], dim: int) -> None:
        self.dtype = np.dtype(kind)
        self.dim = dim

    def pack(self, vectors: NDArray[np.float32]) -> tuple[NDArray[np.generic], NDArray[np.float32]]:
        """Return float32 (n, dim) as it is kept, (n, dim), and the scale of each, float32 (n,)."""
        if self.dtype == np.float16:
            return vectors.astype(np.float16), np.ones(len(vectors), np.float32)
        scales = np.abs(vectors).max(axis=1) / _MOST
        scales[scales == 0.0] = 1.0
        return np.rint(vectors / scales[:, np.newaxis]).astype(np.int8), scales.astype(np.float32)

    def unpack(self, content: bytes | memoryview, scales: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return float32 (n, dim), unit norm, of n packed embeddings one after another."""
        packed = np.frombuffer(content, self.dtype).reshape(-1, self.dim)
        vectors = packed.astype(np.float32) * scales[:, np.newaxis]
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)
