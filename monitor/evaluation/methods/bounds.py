"""References that know labels: what could be had with examples of every class. Pure, but for scikit-learn.

They learn from the labelled clips of the pool, recordings that are not tested on. A clip of several classes
is an example of each. A class without a clip is given its words as its one example, so that it falls back to
its text prototype instead of being lost; `without_clips` says which classes those are.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import ConfigError
from monitor.extras import install
from monitor.units import unit_norm

Vectors = NDArray[np.float32]
Labels = Sequence[Sequence[str]]
"""The classes that each clip holds."""
Profile = Callable[[Vectors], Vectors]
"""Embeddings, float32 (n, d), to a value per class, float32 (n, k)."""

_EPOCHS = 60
_LEAST_BATCHES = 2000
_BATCH = 32


def without_clips(labels: Labels, names: Sequence[str]) -> tuple[str, ...]:
    """Return the classes that no clip holds."""
    held = {name for one in labels for name in one}
    return tuple(name for name in names if name not in held)


def with_words(
    pool: Vectors, labels: Labels, names: Sequence[str], classes: Vectors
) -> tuple[Vectors, list[tuple[str, ...]]]:
    """Return pool and labels with the words, float32 (k, d), of each class that has no clip added as one."""
    missing = without_clips(labels, names)
    words = classes[[names.index(name) for name in missing]]
    return np.concatenate([pool, words]), [*map(tuple, labels), *((name,) for name in missing)]


def class_means(pool: Vectors, labels: Labels, names: Sequence[str]) -> Vectors:
    """Return the mean direction of each class's clips (supervised prototypes, arXiv 2306.12300).

    Parameters
    ----------
    pool
        float32 (m, d), unit norm.
    labels
        Of each of m clips; others than `names` are passed over.

    Returns
    -------
    float32 (k, d), unit norm; zeros for a class without a clip.
    """
    truth = _truth(labels, names)
    return unit_norm(truth.T.astype(np.float32) @ pool)


def few_shot(pool: Vectors, labels: Labels, names: Sequence[str], shots: int, seed: int) -> Vectors:
    """Return the mean direction of `shots` clips of each class, drawn by lot; of all where it has fewer.

    One draw: a mean of the scores of several draws would itself know more than `shots` clips of a class.
    """
    truth = _truth(labels, names)
    rng = np.random.default_rng(seed)
    drawn = [rng.permutation(np.flatnonzero(is_it))[:shots] for is_it in truth.T]
    return unit_norm(np.stack([pool[chosen].sum(axis=0) for chosen in drawn]))


def mlp(pool: Vectors, labels: Labels, names: Sequence[str], seed: int) -> Profile:
    """Train three linear layers with ReLU between them, and return what gives their probabilities.

    Adam, 1e-4 (0.9, 0.999), as published (arXiv 2306.12300); ours: hidden layers as wide as an embedding,
    60 epochs of batches of 32, and 2000 batches at the least. Softmax where each clip that is learnt from
    holds one class, else a sigmoid per class.

    Raises
    ------
    ConfigError
        scikit-learn is missing, or there is nothing to tell apart.
    """
    truth = _truth(labels, names)
    usable = truth.any(axis=1)
    pool, truth = pool[usable], truth[usable]
    if len(names) < 2 or not truth.any(axis=0).all():
        raise ConfigError(
            "The method 'mlp' needs two classes or more, each with a clip or words to learn from."
        )
    if truth.sum() == len(truth):
        truth = truth.argmax(axis=1)
    epochs = max(_EPOCHS, _LEAST_BATCHES * _BATCH // len(pool))
    scale = np.float32(np.sqrt(pool.shape[1]))  # components of about 1, as the first layer expects them
    network = _classifier()(
        (pool.shape[1],) * 2,
        activation="relu",
        solver="adam",
        learning_rate_init=1e-4,
        beta_1=0.9,
        beta_2=0.999,
        batch_size=min(_BATCH, len(pool)),
        max_iter=epochs,
        n_iter_no_change=epochs,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Stochastic Optimizer")  # the number of epochs is the end
        network.fit(pool * scale, truth)
    return lambda embeddings: np.asarray(network.predict_proba(embeddings * scale), np.float32)


def _classifier() -> Any:  # scikit-learn's types are unknown
    try:
        from sklearn.neural_network import MLPClassifier
    except ImportError as error:
        raise ConfigError(
            "The method 'mlp' needs scikit-learn, which is not installed; run: " + install(extra="eval")
        ) from error
    return MLPClassifier


def _truth(labels: Labels, names: Sequence[str]) -> NDArray[np.bool_]:
    """Return bool (m, k): which clip holds which class."""
    held = [set(one) for one in labels]
    return np.array([[name in one for name in names] for one in held], bool).reshape(len(held), len(names))
