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
_AT_ONCE = 2_000_000
"""Numbers held at once: 16 MB in each of a handful of arrays."""


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
    found, rest = scores[positive], scores[~positive]
    of_rest = weights[:, ~positive]
    ahead = np.empty((len(weights), len(found)), np.float32)
    at_once = max(1, _AT_ONCE // max(1, len(rest)))
    for first in range(0, len(found), at_once):
        part = slice(first, first + at_once)
        ahead[:, part] = of_rest @ (rest[:, np.newaxis] >= found[part]).astype(np.float32)
    total = of_rest.sum(axis=1, dtype=np.float64)
    share = ahead * _ratio(np.ones_like(total), total)[:, np.newaxis]
    return _mean_precision(found, share, len(rest), weights[:, positive])


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


def average_precision_by_class(
    scores: Scores, truth: Flags, weights: NDArray[np.float32], counts: Flags | None = None
) -> Values:
    """Return the average precision of each of k classes, float64 (r, k); `mean_over_classes` makes it mAP.

    Parameters
    ----------
    scores
        float32 (n, k).
    truth
        bool (n, k): an item holds any number of classes.
    counts
        bool (n, k): whether an item counts in the ranking of a class; None: all do.
    """
    counts = np.ones(truth.shape, bool) if counts is None else counts
    columns = zip(scores.T, truth.T, counts.T, strict=True)
    return np.stack([average_precision(s[c], t[c], weights[:, c]) for s, t, c in columns], axis=1)


def average_precision_overall(scores: Scores, truth: Flags, weights: NDArray[np.float32]) -> Values:
    """Return the average precision of all pairs of item and class in one ranking (micro), float64 (r,).

    Unlike the mean over classes it asks that the scores of different classes mean the same. Parameters as
    in `average_precision_by_class`.
    """
    order = np.argsort(-scores[~truth], kind="stable")
    owner = np.broadcast_to(np.arange(len(scores))[:, np.newaxis], scores.shape)
    found, of_rest = scores[truth], owner[~truth][order]
    ahead = np.searchsorted(-scores[~truth][order], -found, side="right")
    at_once = max(1, _AT_ONCE // truth.size)
    parts = []
    for first in range(0, len(weights), at_once):
        block = weights[first : first + at_once]
        taken = np.cumsum(np.pad(block[:, of_rest], ((0, 0), (1, 0))), axis=1, dtype=np.float64)
        share = taken[:, ahead] * _ratio(np.ones(len(block)), taken[:, -1])[:, np.newaxis]
        parts.append(_mean_precision(found, share, len(of_rest), block[:, owner[truth]]))
    return np.concatenate(parts)


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
        self.hits = taken * positive[order]
        self.rest = taken - self.hits

    def cumulative(self, part: Values) -> Values:
        """Return, per rank, the sum of `part` over everything scored as high or higher."""
        return np.asarray(np.cumsum(part, axis=1)[:, self._last], np.float64)


def _mean_precision(found: Scores, share: Values, count: int, weights: NDArray[np.float32]) -> Values:
    """Return the weighted mean of the precisions at p positives.

    Parameters
    ----------
    found
        float32 (p,), their scores.
    share
        float64 (r, p), the share of the rest that scores as high or higher; nan, of no rest, is none.
    count
        How many the rest are.
    weights
        float32 (r, p).
    """
    hits = np.searchsorted(np.sort(-found), -found, side="right")
    precision = hits / (hits + np.nan_to_num(share) * count)
    return _ratio((weights * precision).sum(axis=1), weights.sum(axis=1, dtype=np.float64))


def _ratio(part: Values, whole: Values) -> Values:
    """Return part / whole, nan where there is no whole."""
    found: Values = np.full(part.shape, np.nan)
    np.divide(part, whole, out=found, where=whole > 0)
    return found
