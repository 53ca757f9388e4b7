"""Metrics of scores without a stream: accuracy, average precision, recall at a false-alarm rate. Pure.

Everything takes float32 (r, n) weights of n items (`bootstrap.py`) and gives r values, nan where a row of
weights leaves nothing to measure. Equal scores share one rank: a threshold takes all of them or none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Scores = NDArray[np.float32]
Flags = NDArray[np.bool_]


def accuracy(right: Flags, weights: NDArray[np.float32]) -> Values:
    """Return the weighted share of right answers, float64 (r,), of bool (n,)."""
    return _ratio(weights[:, right].sum(axis=1, dtype=np.float64), weights.sum(axis=1, dtype=np.float64))


def average_precision(scores: Scores, positive: Flags, weights: NDArray[np.float32]) -> Values:
    """Return the mean, over the positives, of the precision at the threshold that just takes each in.

    Weights count in the mean over the positives and in the share of the rest that a threshold takes; within
    a precision every positive counts once. Were they to count there too, a positive drawn twice would vouch
    for itself, and every resample would look better than the whole.

    Parameters
    ----------
    scores
        float32 (n,).
    positive
        bool (n,), which items are to rank high.
    """
    ranked = _Ranked(scores, positive, weights)
    hits = np.broadcast_to(ranked.cumulative(ranked.positive[np.newaxis]), ranked.hits.shape)
    total = ranked.rest.sum(axis=1, keepdims=True)
    rest = ranked.cumulative(ranked.rest) * _ratio(np.full_like(total, (~positive).sum()), total)
    found = np.nansum(ranked.hits * _ratio(hits, hits + np.nan_to_num(rest)), axis=1)
    return _ratio(found, ranked.hits.sum(axis=1))


def recall_at(scores: Scores, positive: Flags, weights: NDArray[np.float32], rate: float) -> Values:
    """Return the share of positives above the lowest threshold that at most `rate` of the others exceed."""
    ranked = _Ranked(scores, positive, weights)
    total = ranked.rest.sum(axis=1, keepdims=True)
    share = _ratio(ranked.cumulative(ranked.rest), np.broadcast_to(total, ranked.rest.shape))
    taken = share <= rate + 1e-9
    return _ratio((ranked.hits * taken).sum(axis=1), np.where(total[:, 0] > 0, ranked.hits.sum(axis=1), 0.0))


def mean_over_classes(values: Values) -> Values:
    """Return the mean over the classes that are defined, float64 (r,), of float64 (r, c)."""
    defined = np.isfinite(values)
    return _ratio(np.where(defined, values, 0.0).sum(axis=1), defined.sum(axis=1).astype(np.float64))


def weighted_quantile(values: Values, weights: NDArray[np.float32], share: float) -> Values:
    """Return the quantile of float64 (n,) values repeated as often as each row of whole weights says."""
    order = np.argsort(values, kind="stable")
    ranked, counts = values[order], np.cumsum(weights[:, order], axis=1, dtype=np.float64)
    place = share * (counts[:, -1] - 1.0)
    below = np.floor(place)

    def at(rank: Values) -> Values:
        index = (counts <= rank[:, np.newaxis]).sum(axis=1)
        return np.asarray(ranked[np.minimum(index, len(ranked) - 1)], np.float64)

    found = at(below) + (place - below) * (at(np.ceil(place)) - at(below))
    return np.where(counts[:, -1] > 0, found, np.nan)


class _Ranked:
    """Weights in order of falling score, of the positives (`hits`) and of the rest: float64 (r, n)."""

    def __init__(self, scores: Scores, positive: Flags, weights: NDArray[np.float32]) -> None:
        order = np.argsort(-scores, kind="stable")
        ranked = scores[order]
        self._last = np.searchsorted(-ranked, -ranked, side="right") - 1
        taken = weights[:, order].astype(np.float64)
        self.positive = positive[order].astype(np.float64)
        self.hits = taken * self.positive
        self.rest = taken - self.hits

    def cumulative(self, part: Values) -> Values:
        """Return, per rank, the sum of `part` over everything scored as high or higher."""
        return np.asarray(np.cumsum(part, axis=1)[:, self._last], np.float64)


def _ratio(part: Values, whole: Values) -> Values:
    """Return part / whole, nan where there is no whole."""
    found: Values = np.full(part.shape, np.nan)
    np.divide(part, whole, out=found, where=whole > 0)
    return found
