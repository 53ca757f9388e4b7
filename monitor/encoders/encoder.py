"""What maps sound and words into one space: the protocol that all encoders satisfy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.encoders.info import EncoderInfo
from monitor.records import Window


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


def embed_windows(encoder: Encoder, windows: Sequence[Window]) -> NDArray[np.float32]:
    """Return the embeddings of `windows`, one or more, float32 (n, dim).

    An encoder may have an `embed_windows` of its own, which gives what `embed_audio` gives, and computes once
    what windows of one stretch share.
    """
    own: Callable[[Sequence[Window]], NDArray[np.float32]] | None = getattr(encoder, "embed_windows", None)
    return encoder.embed_audio(stacked(windows)) if own is None else own(windows)


def stacked(windows: Sequence[Window]) -> NDArray[np.float32]:
    """Return the samples of `windows`, one or more, float32 (n, window_len); of one they are not copied."""
    sounds = [np.asarray(one.samples, np.float32) for one in windows]
    return sounds[0][np.newaxis] if len(sounds) == 1 else np.stack(sounds)
