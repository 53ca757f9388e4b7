"""One model's embeddings of windows, each made once: they are kept on disk from run to run.

They lie in one SQLite file below the user's cache folder, like those of words (`embedding_cache.py`),
under a hash of all they depend on: the model's identity, its window, the files that are mixed, how, and the
version of the code that mixes. So another list of SNRs, classes or methods hears only what is new, and a run
that was stopped goes on where it was. A file that is damaged or not ours is no error: all is heard again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.encoders import Encoder
from monitor.encoders.adapted import AdaptedEncoder
from monitor.encoders.embedding_cache import TextCache, cache_file

MOST_KEPT = 500_000
"""Embeddings, of all models together; some 1 GB at 512 dimensions."""
_TOGETHER = 32
"""Takes that are looked up, heard and kept at once; what a run that is stopped may lose."""
_BATCH = 32
"""Windows embedded at once by a model that gains by it."""


class WindowBatch(msgspec.Struct, frozen=True):
    """Some windows that are made of the same recordings."""

    keys: tuple[str, ...]
    """What each window depends on."""
    render: Callable[[Sequence[int]], NDArray[np.float32]]
    """Makes those of these indices, float32 (n, window_len)."""


def kept_file() -> Path | None:
    """Return where embeddings are kept, or None where the user wants none kept."""
    return cache_file("eval/embeddings.sqlite3")


class EmbeddingStore:
    """One model, and what it has heard before; of one with an adapter what it heard without.

    Parameters
    ----------
    keep
        The file, or None: nothing is kept.
    """

    def __init__(self, encoder: Encoder, keep: Path | None) -> None:
        self.encoder = encoder
        self._plain = encoder.plain if isinstance(encoder, AdaptedEncoder) else encoder
        depends_on = f"{self._plain.info.identity} {encoder.sample_rate} {encoder.window_len}"
        self._cache = TextCache(keep, depends_on, encoder.dim, MOST_KEPT)

    def embed(self, batches: Sequence[WindowBatch], advance: Callable[[], None]) -> NDArray[np.float32]:
        """Return the embeddings of all windows, in order: float32 (n, dim), unit norm.

        Parameters
        ----------
        advance
            Called once per batch.
        """
        parts = [np.zeros((0, self.encoder.dim), np.float32)]
        for at in range(0, len(batches), _TOGETHER):
            parts += self._together(batches[at : at + _TOGETHER], advance)
        heard = np.concatenate(parts)
        return self.encoder.adapter.apply(heard) if isinstance(self.encoder, AdaptedEncoder) else heard

    def _together(
        self, batches: Sequence[WindowBatch], advance: Callable[[], None]
    ) -> list[NDArray[np.float32]]:
        known = self._cache.read({key for batch in batches for key in batch.keys})
        new: dict[str, NDArray[np.float32]] = {}
        for batch in batches:
            missing = [at for at, key in enumerate(batch.keys) if key not in known and key not in new]
            if missing:
                vectors = self._hear(batch.render(missing))
                new |= {batch.keys[at]: vector for at, vector in zip(missing, vectors, strict=True)}
            advance()
        self._cache.write(new)
        known |= new
        return [np.stack([known[key] for key in batch.keys]) for batch in batches]

    def _hear(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Embed; alone where a batch saves nothing, for then the last bit depends on no neighbour."""
        count = _BATCH if self.encoder.info.batches else 1
        parts = [self._plain.embed_audio(windows[at : at + count]) for at in range(0, len(windows), count)]
        return np.concatenate(parts)
