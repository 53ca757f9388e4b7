"""Whether a model works at all: a few sounds and words through both towers.

It finds the defects that no hash shows: a tokenizer that knows five tokens (every label the same), a text
tower that mixes the texts of a batch, a tower that gives no numbers, or always the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.encoders.stored_encoder import Engine, StoredEncoder
from monitor.encoders.text_tower import load_tokenizer
from monitor.errors import ModelError
from monitor.models.store import StoredModel
from monitor.units import unit_norm

_WORDS = (
    "dog barking",
    "glass breaking",
    "siren",
    "a baby cries in the next room",
    "rain falls on a tin roof while people are talking",
)
_ALIKE_TEXTS = 0.99999
"""Cosine; different texts are below, even with random weights (.9995); a tower that is blind gives 1."""
_ALIKE_SOUNDS = 1.0 - 1e-6
_BATCH = 0.99
"""Cosine of a text alone and beside another; int8 towers scale by the batch and reach .998."""


@dataclass(frozen=True)
class SelfTest:
    """What a model gave."""

    alike_texts: float
    """Largest cosine of two different texts."""
    alike_sounds: float
    """Largest cosine of two different sounds."""
    batch: float
    """Smallest cosine of a text alone and beside another; 1 for a tower that takes one at a time."""


def self_test(model: StoredModel, engine: Engine) -> SelfTest:
    """Embed a few sounds and words.

    Raises
    ------
    ModelError
        The tokenizer is not the model's, or the embeddings are not what a working model gives.
    """
    texts, batch = _read(model, engine)
    sounds = _hear(model, engine)
    for what, embeddings in (("text", texts), ("audio", sounds)):
        _check_unit(model, what, embeddings)
    result = SelfTest(_most_alike(texts), _most_alike(sounds), batch)
    if result.alike_texts > _ALIKE_TEXTS:
        raise _defect(model, f"different texts get the same embedding (cosine {result.alike_texts:.6f})")
    if result.alike_sounds > _ALIKE_SOUNDS:
        raise _defect(model, "different sounds get the same embedding")
    if not result.batch > _BATCH:
        raise _defect(model, f"a text changes with the one beside it (cosine {result.batch:.3f})")
    return result


def _read(model: StoredModel, engine: Engine) -> tuple[NDArray[np.float32], float]:
    """Return the embeddings of the words, each alone, and how much they change beside another text.

    The other text has the same tokens in another order: texts of different lengths never make a batch.
    """
    tokenizer, tower = load_tokenizer(model), engine.open_text()
    tokens = [tokenizer.encode(word).ids or [0] for word in _WORDS]
    if len(set(map(tuple, tokens))) < len(tokens):
        raise _defect(model, "the tokenizer gives different texts the same tokens")
    alone = np.concatenate([unit_norm(tower.embed(np.array([ids], np.int64))) for ids in tokens])
    if not model.entry.text_mask:
        return alone, 1.0
    pairs = [np.array([ids, ids[::-1]], np.int64) for ids in tokens]
    beside = np.stack([unit_norm(tower.embed(pair))[0] for pair in pairs])
    return alone, float(np.sum(alone * beside, axis=1).min())


def _hear(model: StoredModel, engine: Engine) -> NDArray[np.float32]:
    """Return the embeddings of the sounds."""
    encoder = StoredEncoder(model, engine)
    return encoder.embed_audio(_sounds(encoder.sample_rate, encoder.window_len))


def _sounds(sample_rate: int, length: int) -> NDArray[np.float32]:
    """Return a tone, noise, and clicks, float32 (3, length)."""
    time_s = np.arange(length) / sample_rate
    tone = 0.3 * np.sin(2.0 * np.pi * 1000.0 * time_s)
    noise = 0.1 * np.random.default_rng(0).standard_normal(length)
    clicks = 0.5 * (np.arange(length) % (sample_rate // 4) < sample_rate // 200)
    return np.stack([tone, noise, clicks]).astype(np.float32)


def _check_unit(model: StoredModel, what: str, embeddings: NDArray[np.float32]) -> None:
    dim = model.entry.dim
    if embeddings.shape[1] != dim:
        raise _defect(model, f"{what} embeddings have {embeddings.shape[1]} dimensions, not {dim}")
    norms = np.linalg.norm(embeddings, axis=1)
    if not np.allclose(norms, 1.0, atol=1e-3):  # numbers that are none fail too
        raise _defect(model, f"{what} embeddings are not of unit norm")


def _most_alike(embeddings: NDArray[np.float32]) -> float:
    cosines = embeddings @ embeddings.T
    return float(cosines[~np.eye(len(cosines), dtype=bool)].max())


def _defect(model: StoredModel, what: str) -> ModelError:
    return ModelError(f"Model {model.name!r} fails its self-test: {what}; its files do not belong together.")
