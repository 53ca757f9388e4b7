"""How a sound that the user has taught by examples is scored: by its words and its examples together. Pure.

The examples e of a class give the direction that tells them best from the cohort, ordinary sound with mean m
and covariance S, by linear discriminant analysis; of one example it is an exemplar LDA (Hariharan, Malik and
Ramanan, 2012):

    h = (S + RIDGE mean(diag S) I)^-1 (mean(e) - m)

S is shared by all classes, so that a few examples suffice, and what ordinary sounds differ in counts little.
Both the log-odds of the words and h.z are put on one scale, that of their tails on the cohort, and weighed by
the number n of examples:

    odds = (1 - w) words / excess(words) + w h.z / excess(h),    w = n / (n + WORDS)

It is linear in the embedding, so what a place always sounds like is taken off it as off the words, and it is
then normalised by the cohort like any word. A model without a cohort has no S: there the class's prototype
moves towards the mean of the examples by the same weight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.records import Cohort, OwnSound
from monitor.scoring.cohort import excess, others
from monitor.units import unit_norm

RIDGE = 0.3
"""How far the covariance is drawn towards a sphere of the same mean variance."""
WORDS = 1.0
"""What the words are worth, in examples."""
_LEAST_EXCESS = 1e-3
"""A cohort whose sounds are all alike gives no scale."""


class Heads(NamedTuple):
    """What is added to the words of r classes that have examples."""

    rows: NDArray[np.intp]
    """Which of the listed classes they are, (r,)."""
    directions: NDArray[np.float32]
    """float32 (r, d), for embeddings less background; log-odds."""
    words: NDArray[np.float64]
    """Factors on the log-odds of the words, (r,)."""

    def add(self, odds: NDArray[np.float64], embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the log-odds with the examples, (n, k), of those of the words alone.

        Parameters
        ----------
        embeddings
            float32 (n, d), less what the background takes off them.
        """
        if not len(self.rows):
            return odds
        both = odds.copy()
        both[:, self.rows] = odds[:, self.rows] * self.words + embeddings @ self.directions.T
        return both


def without_examples(dim: int) -> Heads:
    """Return the heads of a run in which nothing was taught."""
    return Heads(np.zeros(0, np.intp), np.zeros((0, dim), np.float32), np.zeros(0))


def moved_words(
    classes: Sequence[str], own: Mapping[str, OwnSound], words: NDArray[np.float32], temperature: float
) -> Heads:
    """Return heads for a model without a cohort: each prototype is moved towards its examples.

    Parameters
    ----------
    words
        The prototypes of the classes, float32 (k, d), unit norm.
    temperature
        Cosine that is worth one in log-odds.
    """
    rows = _taught(classes, own)
    moved = [_moved(words[row], own[classes[row]]) - words[row] for row in rows]
    directions = np.reshape(moved, (len(rows), words.shape[1])) / temperature
    return Heads(rows, directions.astype(np.float32), np.ones(len(rows)))


def fit_heads(
    classes: Sequence[str],
    own: Mapping[str, OwnSound],
    odds: NDArray[np.float64],
    cosines: NDArray[np.float32] | None,
    cohort: Cohort,
) -> Heads:
    """Return heads for a model with a cohort.

    Parameters
    ----------
    odds, cosines
        Of the words alone in the cohort's sounds, (n, k), and of its kinds, as `fit_tails` takes them.
    """
    rows = _taught(classes, own)
    if not len(rows):
        return without_examples(cohort.vectors.shape[1])
    means = np.array([_mean(own[classes[row]]) for row in rows])
    found = _discriminants(means, cohort.vectors.astype(np.float64))
    weights = [_weight(own[classes[row]]) for row in rows]
    directions, words = [], []
    for row, direction, weight in zip(rows, found, weights, strict=True):
        other = others(None if cosines is None else cosines[:, row], cohort)
        of_words, of_examples = excess(odds[other, row]), excess(cohort.vectors[other] @ direction)
        words.append((1.0 - weight) / max(of_words, _LEAST_EXCESS))
        directions.append(weight * direction / max(of_examples, _LEAST_EXCESS))
    return Heads(rows, np.array(directions, np.float32), np.array(words))


def _discriminants(means: NDArray[np.float64], sounds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return h of the means of examples, (r, d) both, against sounds (n, d)."""
    centre = sounds.mean(axis=0)
    covariance = np.cov(sounds, rowvar=False, bias=True)
    dim = len(centre)
    shrunk = covariance + RIDGE * np.trace(covariance) / dim * np.eye(dim)
    return np.asarray(np.linalg.solve(shrunk, (means - centre).T).T)


def _taught(classes: Sequence[str], own: Mapping[str, OwnSound]) -> NDArray[np.intp]:
    return np.array([at for at, name in enumerate(classes) if name in own], np.intp)


def _weight(sound: OwnSound) -> float:
    """Return w, the share of the examples."""
    return sound.examples / (sound.examples + WORDS)


def _mean(sound: OwnSound) -> NDArray[np.float64]:
    """Return the mean over the examples, each counting alike however long it is: float64 (d,)."""
    which = np.unique(sound.example_of)
    vectors = sound.vectors.astype(np.float64)
    return np.asarray(np.mean([vectors[sound.example_of == one].mean(axis=0) for one in which], axis=0))


def _moved(words: NDArray[np.float32], sound: OwnSound) -> NDArray[np.float32]:
    weight = _weight(sound)
    examples = unit_norm(_mean(sound)[np.newaxis].astype(np.float32))[0]
    return np.asarray(
        unit_norm(((1.0 - weight) * words + weight * examples)[np.newaxis].astype(np.float32))[0]
    )
