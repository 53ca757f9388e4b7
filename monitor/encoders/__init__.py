"""Sound and words into one space: how to get an encoder by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from monitor.config.settings import ModelConfig
from monitor.encoders.encoder import Encoder
from monitor.encoders.info import EncoderInfo
from monitor.records import Cohort

if TYPE_CHECKING:
    from monitor.encoders.stored_encoder import Engine
    from monitor.encoders.text_tower import Progress
    from monitor.models.store import StoredModel

__all__ = ["Encoder", "EncoderInfo", "count_pieces", "find", "load"]


def load(config: ModelConfig, progress: Progress | None = None) -> Encoder:
    """Return the encoder that `config` names, its files verified.

    Parameters
    ----------
    progress
        Called with how many of how many texts are embedded, after every batch.

    Raises
    ------
    ModelError
        Unknown name, missing or altered file, a window the model does not take, a provider that is not there,
        or an adapter of another model.
    """
    from monitor.encoders.embedding_cache import TextCache, cache_file
    from monitor.encoders.stored_encoder import StoredEncoder
    from monitor.encoders.text_tower import Texts

    model, engine = _open(config)
    cache = TextCache(cache_file(), model.text_identity, model.entry.dim)
    texts = Texts(model, engine.open_text, cache, progress)
    encoder = StoredEncoder(model, engine, config.window_s, texts)
    encoder.info = msgspec.structs.replace(encoder.info, cohort=_open_cohort(model, encoder.info))
    return _with_adapter(encoder, config)


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
    from monitor.encoders.published.catalogue import find_published

    if published := find_published(config.name):
        return published
    if config.provider == "torch":
        from monitor.encoders.torch_ import read_checkpoint

        return read_checkpoint(Path(config.name))
    from monitor.models.store import find_model

    return find_model(config.name)


def _open(config: ModelConfig) -> tuple[StoredModel, Engine]:
    from monitor.encoders.published.catalogue import PublishedModel

    model = find(config)
    if isinstance(model, PublishedModel):
        from monitor.encoders.published.engine import PublishedEngine

        return model, PublishedEngine(model, config.threads)
    if config.provider == "torch":
        from monitor.encoders.torch_ import TorchEngine

        return model, TorchEngine(model, config.threads)
    from monitor.encoders.onnx import OnnxEngine

    return model, OnnxEngine(model, config)


def _with_adapter(encoder: Encoder, config: ModelConfig) -> Encoder:
    """Return `encoder` with the adapter that `config` names laid over it, if there is one."""
    from monitor.encoders.adapted import AdaptedEncoder
    from monitor.models.adapter import find_adapter

    adapter = find_adapter(config.adapter, encoder.info.identity, encoder.dim)
    return encoder if adapter is None else AdaptedEncoder(encoder, adapter)


def _open_cohort(model: StoredModel, info: EncoderInfo) -> Cohort | None:
    """Return the cohort that was made here for this model, else its own, for windows of its own length."""
    from monitor.models.cohort import read_own_cohort, unpack

    if own := read_own_cohort(info.identity, info.dim):
        return own
    part = model.entry.cohort
    if part is None or info.window_len != model.entry.window_len:
        return None
    return unpack(model.read(part), info.dim, str(model.path(part)))
