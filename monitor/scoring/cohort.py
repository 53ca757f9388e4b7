"""How far ordinary sound gets towards each word, so that a score means the same for all of them. Pure.

Cosines do not: on the same ordinary hours the best odds of one word may lie a thousand times above those of
another. So every word is first tried on a cohort, embeddings of ordinary and of confusable sound
that comes with the model (speaker verification calls it Z-norm: Li and Porter, 1988; Auckenthaler, Carey and
Lloyd-Thomas, 2000). Of the word's log-odds x on it two quantiles are taken, u = 95 % and v = 99.8 %. Beyond

    x0 = u + (w (v - u) + (1 - w) usual (ln 0.05 - ln 0.002)),    w = n / (n + PRIOR_COUNT)

the tail is exponential (peaks over threshold; Pickands, 1975, with shape 0), with the same mean excess
for every word, and the score says how often an hour of ordinary sound would get there:

    rate(x) = sounds_per_hour * 0.002 exp(-(x - x0) / EXCESS),    score = 1 / (1 + rate)

So a word has a place of its own, drawn by the n sounds beyond v towards where words usually lie, and a slope
in common: slopes per word, fitted to the few sounds of a tail and followed for far beyond them, put some
words where no sound reaches them. A score of .5 is reached by ordinary sound once an hour, .96 once a day.
It is a straight line in log-odds, so below the tail it is an order and no rate. No label is needed, any word
has its scale at once, and no word moves the score of another.

Sounds of the cohort that truly are what a word says must not count against it. They are left out by what
they are called, where that is near the word in the model's own space; and v is taken for no further out than
that of all but a few words, so that a few in a thousand that nobody named change little.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.config.limits import COHORT_SOUNDS
from monitor.records import Cohort

TAIL, FAR_TAIL = 0.05, 0.002
"""Shares of the cohort beyond the two quantiles of a word."""
_STEPS = math.log(TAIL / FAR_TAIL)
"""So many mean excesses lie between the two."""
USUAL_EXCESS = 1.0
"""Mean excess, in log-odds, between the two of a usual word: the median of 29 words that name events."""
MOST_EXCESS = 2.0
"""Nine words in ten have less; more is sounds that are the word, or as good as: knocks of other names."""
PRIOR_COUNT = 6
"""Sounds beyond the far quantile that what is usual is worth: as many as the cohort in the box has."""
EXCESS = 1.2
"""Mean excess, in log-odds, of the tail of whole hours beyond that: of all words together, on recordings
that the cohort did not hold (docs/eval/scale.md)."""
SAME_WORDS = 0.45
"""Cosine from which on the name of a sound says the same as the word."""


class Tails(NamedTuple):
    """Where the far tail of each of k words begins; float64 (k,), log-odds."""

    start: NDArray[np.float64]
    sounds_per_hour: float

    def score_odds(self, odds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the log-odds of the scores, -ln(rate), of log-odds (..., k)."""
        return (odds - self.start) / EXCESS - math.log(self.sounds_per_hour * FAR_TAIL)


def fit_tails(odds: NDArray[np.float64], cosines: NDArray[np.float32] | None, cohort: Cohort) -> Tails:
    """Measure how far the cohort gets towards each word.

    Parameters
    ----------
    odds
        Log-odds of the k words in every sound of the cohort, (n, k).
    cosines
        Of the names of `cohort.kinds` with each word, float32 (kinds, k); None: nobody said what they are.
    """
    starts = []
    for column in range(odds.shape[1]):
        values = odds[:, column]
        cosine = None if cosines is None else cosines[:, column]
        starts.append(_start(values[others(cosine, cohort)]))
    return Tails(np.array(starts), cohort.sounds_per_hour)


def excess(values: NDArray[np.float64]) -> float:
    """Return the mean excess of a tail between its two quantiles, in the unit of the values, (n,)."""
    near, far = np.quantile(values, [1 - TAIL, 1 - FAR_TAIL])
    return float(far - near) / _STEPS


def others(cosines: NDArray[np.float32] | None, cohort: Cohort) -> NDArray[np.bool_]:
    """Say which sounds of the cohort, bool (n,), are not called what a word says; all, where few are not.

    Parameters
    ----------
    cosines
        Of the names of `cohort.kinds` with the word, float32 (kinds,); None: nobody said what they are.
    """
    if cosines is None:
        return np.ones(len(cohort.vectors), np.bool_)
    same = np.append(cosines >= SAME_WORDS, np.False_)  # the last is for those that have no name
    found = ~same[cohort.kind_of]
    return found if found.sum() >= COHORT_SOUNDS.low else np.ones(len(found), np.bool_)


def _start(values: NDArray[np.float64]) -> float:
    """Return x0 of the values of one word."""
    near = float(np.quantile(values, 1 - TAIL))
    own = min(excess(values), MOST_EXCESS)
    count = FAR_TAIL * len(values)
    return near + _STEPS * (count * own + PRIOR_COUNT * USUAL_EXCESS) / (count + PRIOR_COUNT)
