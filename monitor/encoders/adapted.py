"""An encoder with an adapter laid over what it makes of sound. Satisfies `Encoder`.

It is another model to all that is learnt from it: backgrounds, thresholds and own sounds belong to its own
identity. Its cohort is the model's own, heard through the adapter.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from monitor.encoders.encoder import Encoder, embed_windows
from monitor.encoders.info import EncoderInfo
from monitor.models.adapter import Adapter
from monitor.records import Window


class AdaptedEncoder:
    """Maps sound and words into one space, sound through an adapter."""

    def __init__(self, encoder: Encoder, adapter: Adapter) -> None:
        self.plain = encoder
        """The same without the adapter."""
        self.adapter = adapter
        self.info = _info(encoder.info, adapter)
        """All there is to know of it."""

    @property
    def sample_rate(self) -> int:
        """Hz."""
        return self.info.sample_rate

    @property
    def window_len(self) -> int:
        """Samples per window."""
        return self.info.window_len

    @property
    def dim(self) -> int:
        """Dimensions of the space."""
        return self.info.dim

    def embed_audio(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return float32 (n, dim), unit norm; errors as the encoder's own."""
        return self.adapter.apply(self.plain.embed_audio(windows))

    def embed_windows(self, windows: Sequence[Window]) -> NDArray[np.float32]:
        """Return the same of windows of streams."""
        return self.adapter.apply(embed_windows(self.plain, windows))

    def embed_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return float32 (n, dim), unit norm: words are not adapted."""
        return self.plain.embed_text(texts)


def _info(info: EncoderInfo, adapter: Adapter) -> EncoderInfo:
    cohort = info.cohort
    if cohort is not None:
        cohort = replace(cohort, vectors=adapter.apply(cohort.vectors))
    return replace(info, identity=adapter.identity, adapter=adapter.fingerprint, cohort=cohort)
