"""Sound and words into one space: the `Encoder` protocol and how to get one by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Encoder", "load"]


class Encoder(Protocol):
    """Maps sound and words into one space, where the inner product is their cosine."""

    @property
    def name(self) -> str:
        """Name in the manifest."""

    @property
    def identity(self) -> str:
        """Changes when the weights change; a background profile belongs to one identity."""

    @property
    def sample_rate(self) -> int:
        """Hz of the sound it takes."""

    @property
    def window_len(self) -> int:
        """Samples per window."""

    @property
    def dim(self) -> int:
        """Dimensions of the space."""

    @property
    def template(self) -> str:
        """The prompt template that suits this model, with one `{}`."""

    def embed_audio(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return embeddings, float32 (n, dim), unit norm, of float32 (n, window_len), full scale +-1.0."""

    def embed_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the embeddings, float32 (n, dim), unit norm, of `n` texts."""


def load(name: str, provider: str = "cpu", threads: int = 1) -> Encoder:
    """Return the encoder called `name` in the manifest, its files verified.

    Raises
    ------
    ModelError
        Unknown name, missing or altered file, or a provider that is not there.
    """
    from monitor.encoders.onnx import OnnxEncoder
    from monitor.encoders.store import find_model

    return OnnxEncoder(find_model(name), provider, threads)
