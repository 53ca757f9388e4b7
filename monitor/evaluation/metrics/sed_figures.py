"""Rows of figures in the terms of sound event detection, with intervals where there are any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.evaluation.metrics.bootstrap import Sources, estimate, two_way_weights
from monitor.evaluation.metrics.event_metrics import Estimate, Outcome
from monitor.evaluation.metrics.figures import ALL, Case, Row, row_of
from monitor.evaluation.metrics.operating_points import Setting
from monitor.evaluation.metrics.sed import COLLARS_S, SCENARIOS, count, f1, psds

ANY = "any"
"""Name of the thresholds of PSDS, which averages over all that are tried."""
_SEED_OF_EVENTS = 6


def f1_rows(case: Case) -> Iterator[Row]:
    """Yield event-based F1 of each class that has events, and the mean over these classes for all."""
    outcomes = [*case.outcomes, *case.negatives]
    names = [name for name in case.onset_thresholds if _events(outcomes, name)]
    if not names:
        return
    around = two_way_weights([one.background for one in outcomes], None, case.sources)
    of_events = {name: _weights(outcomes, name, around, case.sources) for name in names}
    for metric, collar_s in COLLARS_S.items():
        by_class = []
        for name in names:
            values = _f1(outcomes, name, collar_s, around, of_events[name])
            by_class.append(values)
            yield row_of(case, name, metric, estimate(values), _events(outcomes, name))
        mean = estimate(np.mean(by_class, axis=0))
        yield row_of(case, ALL, metric, mean, sum(_events(outcomes, name) for name in names))


def psds_rows(
    method: str, snr_db: float, settings: Sequence[Setting], names: Sequence[str], truth: str
) -> Iterator[Row]:
    """Yield each PSDS of all classes together; without an interval, as each draw would take minutes."""
    count_of_events = sum(_events(settings[0].outcomes, name) for name in names)
    case = Case(method, snr_db, ANY, dict.fromkeys(names, float("nan")), (), (), truth=truth)
    for metric, scenario in SCENARIOS.items():
        value = psds(settings, names, scenario)
        yield row_of(case, ALL, metric, Estimate(value, float("nan"), float("nan")), count_of_events)


def _events(outcomes: Sequence[Outcome], name: str) -> int:
    return sum(event.class_name == name for one in outcomes for event in one.references)


def _weights(
    outcomes: Sequence[Outcome], name: str, around: NDArray[np.float32], sources: Sources
) -> NDArray[np.float32]:
    """Return how often each stream's events of a class were drawn: float32 (1 + rounds, n_streams).

    Their recordings and the stream's background are drawn each by itself; of two events in one stream the
    mean counts, as `sed_eval` does not say which of them was found.
    """
    owners = [at for at, one in enumerate(outcomes) for event in one.references if event.class_name == name]
    recordings = [event.recording for one in outcomes for event in one.references if event.class_name == name]
    drawn = two_way_weights(recordings, None, sources, seed=_SEED_OF_EVENTS)
    weights = np.zeros_like(around)
    for at in dict.fromkeys(owners):
        weights[:, at] = drawn[:, np.array(owners) == at].mean(axis=1)
    return weights * around


def _f1(
    outcomes: Sequence[Outcome],
    name: str,
    collar_s: float,
    around: NDArray[np.float32],
    of_events: NDArray[np.float32],
) -> NDArray[np.float64]:
    """Return F1 as observed, then resampled: float64 (1 + rounds,)."""
    counts = [count(one, name, collar_s) for one in outcomes]
    events = _sums(of_events, [one.events for one in counts])
    found = _sums(of_events, [one.found for one in counts])
    return f1(found, events, found + _sums(around, [one.detections - one.found for one in counts]))


def _sums(weights: NDArray[np.float32], counts: Sequence[int]) -> NDArray[np.float64]:
    return np.asarray(weights @ np.array(counts, np.float64), np.float64)
