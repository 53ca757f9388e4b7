"""What maps sound and words into one space: the protocol that all encoders satisfy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.encoders.info import EncoderInfo


class Encoder(Protocol):
    """Maps sound and words into one space, where the inner product is their cosine."""

    @property
    def info(self) -> EncoderInfo:
        """All there is to know of it."""

    @property
    def sample_rate(self) -> int:
        """Hz of the sound it takes, as in `info`."""

    @property
    def window_len(self) -> int:
        """Samples per window, as in `info`."""

    @property
    def dim(self) -> int:
        """Dimensions of the space, as in `info`."""

    def embed_audio(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return embeddings, float32 (n, dim), unit norm, of float32 (n, window_len), full scale +-1.0."""

    def embed_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the embeddings, float32 (n, dim), unit norm, of `n` texts."""
