"""Sound and words into one space: the `Encoder` protocol and how to get one by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.config.settings import ModelConfig
from monitor.records import Cohort

if TYPE_CHECKING:
    from monitor.encoders.stored_encoder import Engine, StoredEncoder
    from monitor.encoders.text_tower import Progress
    from monitor.models.store import StoredModel

__all__ = ["Encoder", "count_pieces", "find", "load"]


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

    @property
    def templates(self) -> tuple[str, ...]:
        """The prompt ensemble of this model: a phrase is the unit mean of what each makes of it."""

    @property
    def hop_s(self) -> float:
        """Seconds from window to window that suit this model."""

    @property
    def batches(self) -> bool:
        """Whether several windows at once cost less than one after another.

        Where they do not, each is embedded alone: it waits for no other, and what it gives does not depend on
        its neighbours, not even in the last bit.
        """

    @property
    def cohort(self) -> Cohort | None:
        """Ordinary sound as this model hears it, which gives scores their meaning; None: there is none."""

    def embed_audio(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return embeddings, float32 (n, dim), unit norm, of float32 (n, window_len), full scale +-1.0."""

    def embed_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the embeddings, float32 (n, dim), unit norm, of `n` texts."""


def load(config: ModelConfig, progress: Progress | None = None) -> Encoder:
    """Return the encoder that `config` names, its files verified.

    Parameters
    ----------
    progress
        Called with how many of how many texts are embedded, after every batch.

    Raises
    ------
    ModelError
        Unknown name, missing or altered file, a window the model does not take, or a provider that is not
        there.
    """
    from monitor.encoders.embedding_cache import TextCache, cache_file
    from monitor.encoders.stored_encoder import StoredEncoder
    from monitor.encoders.text_tower import Texts

    model, engine = _open(config)
    cache = TextCache(cache_file(), model.text_identity, model.entry.dim)
    texts = Texts(model, engine.open_text, cache, progress)
    encoder = StoredEncoder(model, engine, config.window_s, texts)
    encoder.cohort = _open_cohort(model, encoder)
    return encoder


def count_pieces(config: ModelConfig) -> Callable[[Sequence[str]], list[int]]:
    """Return what tells into how many pieces the tokenizer of the model that `config` names cuts each word.

    1: the model has the word whole, so it was common in what the tokenizer was made from; 0: it has no piece
    for some of it. The tokenizer is read when it is first asked.
    """
    from monitor.encoders.text_tower import PieceCounter

    return PieceCounter(lambda: find(config))


def find(config: ModelConfig) -> StoredModel:
    """Return the files of the model that `config` names, not yet verified.

    Raises
    ------
    ModelError
        There is none, or what describes it cannot be read.
    """
    if config.provider == "torch":
        from monitor.encoders.torch_ import read_checkpoint

        return read_checkpoint(Path(config.name))
    from monitor.models.store import find_model

    return find_model(config.name)


def _open(config: ModelConfig) -> tuple[StoredModel, Engine]:
    model = find(config)
    if config.provider == "torch":
        from monitor.encoders.torch_ import TorchEngine

        return model, TorchEngine(model, config.threads)
    from monitor.encoders.onnx import OnnxEngine

    return model, OnnxEngine(model, config)


def _open_cohort(model: StoredModel, encoder: StoredEncoder) -> Cohort | None:
    """Return the cohort that was made here for this model, else its own, for windows of its own length."""
    from monitor.models.cohort import read_own_cohort, unpack

    if own := read_own_cohort(encoder.identity, encoder.dim):
        return own
    part = model.entry.cohort
    if part is None or encoder.window_len != model.entry.window_len:
        return None
    return unpack(model.read(part), encoder.dim, str(model.path(part)))
