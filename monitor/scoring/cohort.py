"""How far ordinary sound gets towards each word, so that a score means the same for all of them. Pure.

Cosines do not: on the same ordinary hours the best odds of one word may lie a thousand times above those of
another. So every word is first tried on a cohort, a bank of embeddings of ordinary and of confusable sound
that comes with the model (speaker verification calls it Z-norm: Li and Porter, 1988; Auckenthaler, Carey and
Lloyd-Thomas, 2000). The upper tail of the word's log-odds x on it is taken as exponential over its 95 %
quantile u (peaks over threshold; Pickands, 1975, with shape 0), and the score says how often an hour of
ordinary sound would get there:

    rate(x) = sounds_per_hour * 0.05 exp(-(x - u) / sigma),    score = 1 / (1 + rate)

A score of .5 is reached by ordinary sound once an hour, .96 once a day. It is a straight line in log-odds,
so below the tail it is an order and no rate. No label is needed, any word has its scale at once, and no word
moves the score of another.

Sounds of the cohort that truly are what a word says must not count against it. They are left out by what
they are called, where that is near the word in the model's own space; and sigma rests on two quantiles, so
that a few in a thousand that nobody named change little.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.config.limits import COHORT_SOUNDS
from monitor.records import Cohort

TAIL, FAR_TAIL = 0.05, 0.01
"""Shares of the cohort beyond the two quantiles of a tail. Beside .02 and .1 they gave most recall
at equal false alarms on validation streams (two hours without events, 86 events per SNR)."""
HEAVIER = 1.5
"""So many times as slowly as the cohort's does the tail of whole hours fall off, on the same streams: a sound
that is taken for a word comes back."""
PRIOR_EXCESS = 1.2
"""Mean excess, in log-odds, that the few sounds of a tail are drawn towards."""
MOST_EXCESS = 1.3
"""A tail that falls off more slowly holds sounds that are the word, or as good as: knocks of other names."""
PRIOR_COUNT = 20
"""Sounds in a tail that this is worth."""
SAME_WORDS = 0.45
"""Cosine from which on the name of a sound says the same as the word."""


class Tails(NamedTuple):
    """Where the tail of each of k words begins and how fast it falls; float64 (k,), log-odds."""

    start: NDArray[np.float64]
    excess: NDArray[np.float64]
    sounds_per_hour: float

    def score_odds(self, odds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the log-odds of the scores, -ln(rate), of log-odds (..., k)."""
        return (odds - self.start) / self.excess - math.log(self.sounds_per_hour * TAIL)


def fit_tails(odds: NDArray[np.float64], cosines: NDArray[np.float32] | None, cohort: Cohort) -> Tails:
    """Measure how far the cohort gets towards each word.

    Parameters
    ----------
    odds
        Log-odds of the k words in every sound of the cohort, (n, k).
    cosines
        Of the names of `cohort.kinds` with each word, float32 (kinds, k); None: nobody said what they are.
    """
    starts, excesses = [], []
    for column in range(odds.shape[1]):
        values = odds[:, column]
        if cosines is not None:
            values = _others(values, cosines[:, column], cohort)
        start, far = np.quantile(values, [1 - TAIL, 1 - FAR_TAIL])
        count = TAIL * len(values)
        excess = (far - start) / math.log(TAIL / FAR_TAIL)
        drawn = (count * excess + PRIOR_COUNT * PRIOR_EXCESS) / (count + PRIOR_COUNT)
        starts.append(start)
        excesses.append(HEAVIER * min(drawn, MOST_EXCESS))
    return Tails(np.array(starts), np.array(excesses), cohort.sounds_per_hour)


def _others(values: NDArray[np.float64], cosines: NDArray[np.float32], cohort: Cohort) -> NDArray[np.float64]:
    """Return the values of sounds that are not called what the word says."""
    same = np.append(cosines >= SAME_WORDS, np.False_)  # the last is for those that have no name
    others = values[~same[cohort.kind_of]]
    return others if len(others) >= COHORT_SOUNDS.low else values
