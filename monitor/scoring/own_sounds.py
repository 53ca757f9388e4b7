"""How a sound that the user has taught is scored: by its words and its examples together. Pure.

The examples e of a class give the direction that tells them best from the cohort, ordinary sound with mean m
and covariance S, by linear discriminant analysis; of one example it is an exemplar LDA (Hariharan, Malik and
Ramanan, 2012):

    h = (S + RIDGE mean(diag S) I)^-1 (mean(e) - m)

S is shared by all classes, so that a few examples suffice, and what ordinary sounds differ in counts little.
It is put on the scale of the log-odds of words, by its tail on the cohort, and weighed against those of the
words by the number n of examples:

    odds = (1 - w) words + w h.z / scale(h),    w = n / (n + b)

b is what the words are worth, in examples: 1 where they put the examples above all ordinary sound, 0 where no
higher than it, as a name that says nothing of the sound does.

It is linear in the embedding, so what a place always sounds like is taken off it as off the words, and it is
then normalised by the cohort like any word. Sounds of the cohort that are the very thing must not count
against it: those that are called so, and kinds most of which the examples put above nearly all others. A
model without a cohort has no S: there the class's prototype moves towards the mean of the examples, by w with
b = 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.records import Cohort, OwnSound
from monitor.scoring.cohort import USUAL_EXCESS, excess, others
from monitor.units import unit_norm

RIDGE = 0.2
"""How far the covariance is drawn towards a sphere of the same mean variance."""
SAME_KIND = 0.99
"""A kind of the cohort is the very thing where half of its sounds lie above such a share of the others."""
_FEWEST_OF_A_KIND = 3
_PER_DEVIATION = 1.5
"""Mean excess of the tail of h.z on ordinary sound, in its standard deviations there, from which on it is
heavy: as where the cohort holds sounds that are the very thing, and nobody said so."""
_LEAST_EXCESS = 1e-3
"""A cohort whose sounds are all alike gives no scale."""

Odds = Callable[[NDArray[np.float32]], NDArray[np.float64]]
"""From embeddings (n, d), in no background, to the log-odds of the words of each class (n, k)."""


class Heads(NamedTuple):
    """What is added to the words of r classes that have examples."""

    rows: NDArray[np.intp]
    """Which of the listed classes they are, (r,)."""
    directions: NDArray[np.float32]
    """float32 (r, d), for embeddings less background; log-odds."""
    words: NDArray[np.float64]
    """Factors on the log-odds of the words, (r,)."""
    cosines: NDArray[np.float32] | None = None
    """Of the names of the cohort's kinds with each class, (kinds, k); 1 where a kind is the very thing."""

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
    words: Odds,
    cosines: NDArray[np.float32] | None,
    cohort: Cohort,
) -> Heads:
    """Return heads for a model with a cohort.

    Parameters
    ----------
    cosines
        Of the names of `cohort.kinds` with each class, (kinds, k); None: nobody said what its sounds are.
    """
    rows = _taught(classes, own)
    dim = cohort.vectors.shape[1]
    if not len(rows):
        return Heads(rows, np.zeros((0, dim), np.float32), np.zeros(0), cosines)
    sounds = [own[classes[row]] for row in rows]
    ordinary = words(cohort.vectors)
    found = _discriminants(np.array([_mean(sound) for sound in sounds]), cohort.vectors.astype(np.float64))
    cosines = None if cosines is None else cosines.copy()
    directions, shares = [], []
    for row, sound, direction in zip(rows, sounds, found, strict=True):
        of_examples = cohort.vectors @ direction
        counted = others(None if cosines is None else cosines[:, row], cohort)
        if cosines is not None:
            cosines[_same_kinds(of_examples, counted, cohort), row] = 1.0
            counted = others(cosines[:, row], cohort)
        share = _weight(sound, _worth(words(sound.vectors)[:, row], sound, ordinary[counted, row]))
        directions.append(share * USUAL_EXCESS / _scale(of_examples[counted]) * direction)
        shares.append(share)
    return Heads(rows, np.array(directions, np.float32), 1.0 - np.array(shares), cosines)


def _scale(scores: NDArray[np.float64]) -> float:
    """Return the mean excess of scores of ordinary sound by the examples alone; a heavy tail counts half."""
    own = excess(scores)
    return max(min(own, (own + _PER_DEVIATION * float(scores.std())) / 2.0), _LEAST_EXCESS)


def _same_kinds(scores: NDArray[np.float64], counted: NDArray[np.bool_], cohort: Cohort) -> NDArray[np.intp]:
    """Return the kinds of the cohort that are the very thing, by scores of the examples alone, (n,)."""
    names, sizes = np.unique(cohort.kind_of[counted], return_counts=True)
    middle = np.median(scores[counted])
    found = []
    for kind in names[(names >= 0) & (sizes >= _FEWEST_OF_A_KIND) & (2 * sizes < counted.sum())]:
        of_kind = counted & (cohort.kind_of == kind)
        own = np.median(scores[of_kind])
        if own > middle and own > np.quantile(scores[counted & ~of_kind], SAME_KIND):
            found.append(kind)
    return np.array(found, np.intp)


def _worth(odds: NDArray[np.float64], sound: OwnSound, ordinary: NDArray[np.float64]) -> float:
    """Return what the words are worth, in examples, [0, 1].

    Parameters
    ----------
    odds, ordinary
        Of the words, in the windows of the examples, (m,), and in ordinary sound, (n,).
    """
    best = [odds[sound.example_of == one].max() for one in np.unique(sound.example_of)]
    above = float(np.median([np.mean(ordinary < one) for one in best]))
    return max(0.0, 2.0 * above - 1.0)


def _discriminants(means: NDArray[np.float64], sounds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return h of the means of examples, (r, d) both, against sounds (n, d)."""
    centre = sounds.mean(axis=0)
    covariance = np.cov(sounds, rowvar=False, bias=True)
    dim = len(centre)
    shrunk = covariance + RIDGE * np.trace(covariance) / dim * np.eye(dim)
    return np.asarray(np.linalg.solve(shrunk, (means - centre).T).T)


def _taught(classes: Sequence[str], own: Mapping[str, OwnSound]) -> NDArray[np.intp]:
    return np.array([at for at, name in enumerate(classes) if name in own], np.intp)


def _weight(sound: OwnSound, worth: float = 1.0) -> float:
    """Return w, the share of the examples."""
    return sound.examples / (sound.examples + worth)


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
