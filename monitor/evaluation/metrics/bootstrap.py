"""Intervals by resampling sources and recordings: of events and, crossed with them, of backgrounds. Pure.

Clips of one recording are no independent evidence, recordings of one source (a collection, made by the same
people with the same gear) are little, and neither are mixtures with one background (A. B. Owen, 2007, "The
pigeonhole bootstrap"). So sources are drawn, and then as many recordings of each drawn one as it has. (All of
them as they are would be closer to the truth, A. C. Davison and D. V. Hinkley, 1997, section 3.8, but leave
nothing to draw where there is one source; what differs within sources counts up to twice.) A resample is a
weight per mixture: how often the recording of its event was drawn, times how often that of its background
was. Whatever is measured is measured again with each row of weights; two models measured with the same rows
are compared pairwise. Where all is of one source, only recordings are drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from monitor.evaluation.metrics.event_metrics import CONFIDENCE, Estimate

ROUNDS = 1000
Sources = Mapping[str, str]
"""Recording -> the collection it comes from; one that is not listed is of no known one."""
NO_SOURCES: Sources = {}
_NORMAL = NormalDist()
_RAREST = 0.01
"""A share of resamples on one side further out than this is taken as this."""


def two_way_weights(
    events: Sequence[str],
    backgrounds: Sequence[str] | None,
    sources: Sources = NO_SOURCES,
    rounds: int = ROUNDS,
    seed: int = 5,
) -> NDArray[np.float32]:
    """Return float32 (1 + rounds, n): a row of ones, which is what was observed, then the resamples.

    Parameters
    ----------
    events, backgrounds
        The recording of each of n mixtures' event and background; None where there was no background. The
        draws of the events are the same either way.
    sources
        Where these recordings come from.
    """
    rng = np.random.default_rng(seed)
    weights = _resampled(events, sources, rounds, rng)
    if backgrounds is not None:
        weights *= _resampled(backgrounds, sources, rounds, rng)
    return np.concatenate([np.ones((1, len(events)), np.float32), weights])


def estimate(measured: NDArray[np.float64]) -> Estimate:
    """Return the value and the interval of one measure, float64 (1 + rounds,), observed first.

    The interval is the bias-corrected percentile interval (B. Efron, 1987): average precision, and means over
    classes some of which were not drawn, tend to be higher in a resample than in the whole. Resamples in
    which the measure is not defined (nan) are left out.
    """
    value, resampled = float(measured[0]), measured[1:]
    resampled = resampled[np.isfinite(resampled)]
    if not len(resampled):
        return Estimate(value, float("nan"), float("nan"))
    below = float(np.mean(resampled < value) + np.mean(resampled == value) / 2.0)
    bias = _NORMAL.inv_cdf(min(max(below, _RAREST), 1.0 - _RAREST))
    z = _NORMAL.inv_cdf(0.5 + CONFIDENCE / 2.0)
    low, high = np.quantile(resampled, [_NORMAL.cdf(2.0 * bias - z), _NORMAL.cdf(2.0 * bias + z)])
    return Estimate(value, min(value, float(low)), max(value, float(high)))


def _resampled(
    names: Sequence[str], sources: Sources, rounds: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return how often the recording of each name was drawn: float32 (rounds, n)."""
    recordings, owner = np.unique(np.asarray(names, dtype=np.str_), return_inverse=True)
    of_source, source = np.unique([sources.get(str(one), "") for one in recordings], return_inverse=True)
    count = len(of_source)
    drawn = rng.multinomial(count, np.full(count, 1.0 / count), size=rounds) if count > 1 else [[1]] * rounds
    counts = np.zeros((rounds, len(recordings)), np.int64)
    for times, index in zip(np.transpose(drawn), range(count), strict=True):
        own = np.flatnonzero(source.reshape(-1) == index)
        counts[:, own] = rng.multinomial(times * len(own), np.full(len(own), 1.0 / len(own)))
    return np.asarray(counts[:, owner.reshape(-1)], np.float32)
