"""Figures of single sounds: of every method of every model per SNR, and what sets them apart. Pure.

Two methods or two models are compared resample by resample: the same mixtures, the same draws.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import msgspec

from monitor.evaluation.metrics.bootstrap import estimate
from monitor.evaluation.metrics.ground_truth import OF, Figures, minus

LESS = " - "
"""Between two methods or two models: the difference of their figures."""
Measured = Mapping[str, Sequence[Figures]]
"""Method -> figures per SNR."""


class ClipRow(msgspec.Struct, frozen=True):
    """One figure over all classes."""

    model: str
    """Or `a - b`: the paired difference of two models on the same mixtures."""
    method: str
    """The same of two methods."""
    snr_db: float
    """inf: clean."""
    metric: str
    """`top1`; `top1_macro`, `average_precision_macro`, `recall_macro`: means over the classes."""
    value: float
    low: float
    high: float
    n: int
    """Mixtures."""


class ClassRow(msgspec.Struct, frozen=True):
    """One figure of one class; fields as in `ClipRow`."""

    model: str
    method: str
    class_name: str
    snr_db: float
    metric: str
    """`top1`, `average_precision`, `recall`."""
    value: float
    low: float
    high: float
    n: int
    """Mixtures of the class."""


def difference(a: Sequence[Figures], b: Sequence[Figures]) -> list[Figures]:
    """Return what `a` has over `b`, per SNR."""
    return [minus(one, other) for one, other in zip(a, b, strict=True)]


def with_differences(by_model: Mapping[str, Measured], most: int | None = None) -> dict[str, Measured]:
    """Return the figures of every model, then `a - b` of every pair for every method itself.

    Parameters
    ----------
    most
        With more models than this there are more pairs than anyone reads, and none is made.
    """
    pairs = combinations(by_model.items(), 2) if most is None or len(by_model) <= most else ()
    return dict(by_model) | {
        f"{first}{LESS}{second}": {
            method: difference(figures, b[method]) for method, figures in a.items() if LESS not in method
        }
        for (first, a), (second, b) in pairs
    }


def clip_rows(model: str, measured: Measured, snrs_db: Sequence[float], n: int) -> Iterator[ClipRow]:
    """Yield the figures over all classes of `n` mixtures, with their intervals."""
    for method, per_snr in measured.items():
        for snr_db, figures in zip(snrs_db, per_snr, strict=True):
            for metric, values in figures.items():
                if OF not in metric:
                    e = estimate(values)
                    yield ClipRow(model, method, snr_db, metric, e.value, e.low, e.high, n)


def class_rows(
    model: str, measured: Measured, snrs_db: Sequence[float], counts: Mapping[str, int]
) -> Iterator[ClassRow]:
    """Yield the figures of each class, which has so many mixtures, with their intervals."""
    for method, per_snr in measured.items():
        for snr_db, figures in zip(snrs_db, per_snr, strict=True):
            for key, values in figures.items():
                metric, of, name = key.partition(OF)
                if of:
                    e, n = estimate(values), counts[name]
                    yield ClassRow(model, method, name, snr_db, metric, e.value, e.low, e.high, n)
