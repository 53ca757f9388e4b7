"""What is in the mixtures, and how well scores find it: of one class each, or of several. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

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
    recall_at,
)
from monitor.evaluation.synthesis.mixtures import CLEAN_DB, Mixture

OF = " of "
"""Between a metric and the one class that it is measured of."""
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
    return {**first, **_macro(by_class(truth, scores))}


def measure_classes(names: Sequence[str], false_alarm_rate: float) -> Callable[..., Figures]:
    """Return what measures scores of mixtures of one class each: over all classes, then of each of `names`.

    Parameters
    ----------
    false_alarm_rate
        Share of the mixtures without a class that may be taken for it, where its recall is measured.
    """

    def measured(truth: Truth, scores: NDArray[np.float32]) -> Figures:
        recall = [
            recall_at(own[counts], is_it[counts], truth.weights[:, counts], false_alarm_rate)
            for own, is_it, counts in zip(scores.T, truth.held.T, ~truth.around.T, strict=True)
        ]
        found = by_class(truth, scores) | {"recall": np.stack(recall, axis=1)}
        each = {
            f"{metric}{OF}{name}": own
            for metric, values in found.items()
            for name, own in zip(names, values.T, strict=True)
        }
        return {**headline(truth, scores), **_macro(found), **each}

    return measured


def by_class(truth: Truth, scores: NDArray[np.float32]) -> dict[str, Values]:
    """Return the metrics of each class of mixtures of one class each, float64 (1 + rounds, k)."""
    right = _right(truth, scores)
    top1 = [accuracy(right[is_it], truth.weights[:, is_it]) for is_it in truth.held.T]
    precision = average_precision_by_class(scores, truth.held, truth.weights, ~truth.around)
    return {"top1": np.stack(top1, axis=1), "average_precision": precision}


def minus(a: Figures, b: Figures) -> dict[str, Values]:
    """Return the difference, resample by resample: the same mixtures, the same draws."""
    return {metric: values - b[metric] for metric, values in a.items()}


def mean(several: Sequence[Figures]) -> Figures:
    """Return the mean figure of several draws of one method."""
    return {metric: np.mean([one[metric] for one in several], axis=0) for metric in several[0]}


def _macro(metrics: Mapping[str, Values]) -> dict[str, Values]:
    return {f"{metric}_macro": mean_over_classes(values) for metric, values in metrics.items()}


def _right(truth: Truth, scores: NDArray[np.float32]) -> NDArray[np.bool_]:
    return np.take_along_axis(truth.held, scores.argmax(axis=1)[:, np.newaxis], axis=1)[:, 0]


def _mean_average_precision(truth: Truth, scores: NDArray[np.float32]) -> Values:
    return mean_over_classes(average_precision_by_class(scores, truth.held, truth.weights, ~truth.around))
