"""Train a light adapter: a linear map of low rank, added to what a model makes of a sound. Pure, numpy alone.

    z' = unit(z + (z P) Q),    P float (d, r), Q float (r, d)

P begins at random and Q at zero, so that it begins as what changes nothing. Only the sound is mapped; words
stay where they are. Adam (Kingma and Ba, 2015), the learning rate falling along half a cosine from the first
to the last, as published 1e-4 to 1e-8 over 20 epochs of batches of 128 (arXiv 2305.01864): those move two
towers, an adapter of a few thousand numbers takes larger steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.learning.soft_labels import Floats, contrastive_loss, soft_targets

Vectors = NDArray[np.float32]
_BETAS = 0.9, 0.999
_TINY = 1e-8


class TrainingOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How an adapter is trained."""

    rank: int = 16
    epochs: int = 20
    batch: int = 128
    learning_rate: float = 1e-3
    last_learning_rate: float = 1e-8
    softness: float = 0.3
    """Weight of the soft part of the targets; 0: hard labels."""
    scale: float = 20.0
    """What cosines are multiplied by; 1 / temperature."""
    decay: float = 0.0
    """Each step takes this share, times the learning rate, off the map: it draws it back to no change."""
    seed: int = 0


class Trained(msgspec.Struct, frozen=True):
    """The two parts of the map, and how the loss fell."""

    down: Vectors
    """P, float32 (d, r)."""
    up: Vectors
    """Q, float32 (r, d)."""
    losses: tuple[float, ...]
    """Mean of each epoch."""


def train(
    audio: Vectors, text: Vectors, options: TrainingOptions, advance: Callable[[], None] = lambda: None
) -> Trained:
    """Train an adapter on pairs of sound and caption, float32 (n, d) each, unit norm.

    Parameters
    ----------
    advance
        Called after each epoch.
    """
    rng = np.random.default_rng(options.seed)
    pairs = audio.astype(np.float64), text.astype(np.float64)
    dim = audio.shape[1]
    parts = [rng.normal(0.0, 1.0 / math.sqrt(dim), (dim, options.rank)), np.zeros((options.rank, dim))]
    adam = _Adam(parts, options.decay)
    steps = options.epochs * math.ceil(len(audio) / options.batch)
    rates = iter(_falling(options.learning_rate, options.last_learning_rate, steps))
    losses = []
    for _ in range(options.epochs):
        found = []
        for rows in _batches(len(audio), options.batch, rng):
            loss, slopes = step_loss(parts[0], parts[1], pairs[0][rows], pairs[1][rows], options)
            adam.step(slopes, next(rates))
            found.append(loss)
        losses.append(float(np.mean(found)))
        advance()
    return Trained(parts[0].astype(np.float32), parts[1].astype(np.float32), tuple(losses))


def step_loss(
    down: Floats, up: Floats, audio: Floats, text: Floats, options: TrainingOptions
) -> tuple[float, tuple[Floats, Floats]]:
    """Return the loss of a batch and its gradients with respect to P and Q."""
    inner = audio @ down
    moved = audio + inner @ up
    length = np.linalg.norm(moved, axis=1, keepdims=True)
    mapped = moved / length
    targets = soft_targets(audio, text, options.scale, options.softness)
    loss, slope = contrastive_loss(mapped, text, options.scale, targets)
    before_norm = (slope - mapped * (slope * mapped).sum(axis=1, keepdims=True)) / length
    return loss, (audio.T @ (before_norm @ up.T), inner.T @ before_norm)


def _batches(count: int, size: int, rng: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    order = rng.permutation(count)
    yield from (order[start : start + size] for start in range(0, count, size))


def _falling(first: float, last: float, steps: int) -> Iterator[float]:
    for step in range(steps):
        yield last + (first - last) * 0.5 * (1.0 + math.cos(math.pi * step / max(steps - 1, 1)))


class _Adam:
    """Moves arrays in place."""

    def __init__(self, parts: list[Floats], decay: float) -> None:
        self._parts = parts
        self._decay = decay
        self._means = [np.zeros_like(part) for part in parts]
        self._squares = [np.zeros_like(part) for part in parts]
        self._count = 0

    def step(self, slopes: tuple[Floats, ...], rate: float) -> None:
        """Go one step down the slopes."""
        self._count += 1
        for at, slope in enumerate(slopes):
            self._means[at] += (1.0 - _BETAS[0]) * (slope - self._means[at])
            self._squares[at] += (1.0 - _BETAS[1]) * (slope**2 - self._squares[at])
            self._parts[at] -= rate * (self._direction(at) + self._decay * self._parts[at])

    def _direction(self, at: int) -> Floats:
        first, second = (1.0 - beta**self._count for beta in _BETAS)
        return np.asarray(self._means[at] / first / (np.sqrt(self._squares[at] / second) + _TINY))
