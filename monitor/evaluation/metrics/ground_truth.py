"""What is in the mixtures, and how well scores find it: of one class each, or of several. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.evaluation.metrics.bootstrap import NO_SOURCES, Sources, two_way_weights
from monitor.evaluation.metrics.ranking import (
    Values,
    accuracy,
    average_precision_by_class,
    average_precision_overall,
    mean_over_classes,
)
from monitor.evaluation.synthesis.mixtures import CLEAN_DB, Mixture

Figures = Mapping[str, Values]
"""Metric -> observed, then resampled: float64 (1 + rounds,)."""


class Truth(msgspec.Struct, frozen=True):
    """What is in n mixtures of k classes at one SNR."""

    held: NDArray[np.bool_]
    """Whether a mixture's event is of a class, (n, k)."""
    around: NDArray[np.bool_]
    """Whether its background is: it then counts neither for nor against that class's ranking, (n, k)."""
    weights: NDArray[np.float32]
    """float32 (1 + rounds, n)."""
    multi_label: bool


def truths(
    mixtures: Sequence[Mixture],
    names: Sequence[str],
    snrs_db: Sequence[float],
    *,
    multi_label: bool,
    sources: Sources = NO_SOURCES,
) -> list[Truth]:
    """Return what is in the mixtures at each SNR.

    Recordings of both kinds are drawn again at every SNR, also of clean sound: what a method takes off it
    there is the mixture's background. Where not every mixture has one, only those of the events are.
    """
    held = np.array([[name in one.held for name in names] for one in mixtures])
    around = np.array([[name == one.background_label for name in names] for one in mixtures])
    in_backgrounds = all(one.background for one in mixtures)
    backgrounds = [one.background_group for one in mixtures] if in_backgrounds else None
    weights = two_way_weights([one.event_group for one in mixtures], backgrounds, sources)
    return [Truth(held, around & (snr_db != CLEAN_DB), weights, multi_label) for snr_db in snrs_db]


def headline(truth: Truth, scores: NDArray[np.float32]) -> Figures:
    """Return the one metric that stands for scores, float32 (n, k)."""
    if truth.multi_label:
        return {"average_precision_macro": _mean_average_precision(truth, scores)}
    return {"top1": accuracy(_right(truth, scores), truth.weights)}


def measure(truth: Truth, scores: NDArray[np.float32]) -> Figures:
    """Return all metrics of scores, float32 (n, k), the headline first."""
    first = headline(truth, scores)
    if truth.multi_label:
        everywhere = average_precision_overall(scores, truth.held, truth.weights)
        return {**first, "average_precision_micro": everywhere}
    right = _right(truth, scores)
    by_class = [accuracy(right[is_it], truth.weights[:, is_it]) for is_it in truth.held.T]
    return {
        **first,
        "top1_macro": mean_over_classes(np.stack(by_class, axis=1)),
        "average_precision_macro": _mean_average_precision(truth, scores),
    }


def minus(a: Figures, b: Figures) -> dict[str, Values]:
    """Return the difference, resample by resample: the same mixtures, the same draws."""
    return {metric: values - b[metric] for metric, values in a.items()}


def mean(several: Sequence[Figures]) -> Figures:
    """Return the mean figure of several draws of one method."""
    return {metric: np.mean([one[metric] for one in several], axis=0) for metric in several[0]}


def _right(truth: Truth, scores: NDArray[np.float32]) -> NDArray[np.bool_]:
    return np.take_along_axis(truth.held, scores.argmax(axis=1)[:, np.newaxis], axis=1)[:, 0]


def _mean_average_precision(truth: Truth, scores: NDArray[np.float32]) -> Values:
    return mean_over_classes(average_precision_by_class(scores, truth.held, truth.weights, ~truth.around))
