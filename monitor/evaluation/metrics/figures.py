"""From what became of streams to rows of figures, with intervals, and differences between methods. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.evaluation.metrics.bootstrap import NO_SOURCES, Sources, estimate, two_way_weights
from monitor.evaluation.metrics.event_metrics import Estimate, Outcome, Reference, summarise
from monitor.evaluation.metrics.operating_points import Setting
from monitor.evaluation.metrics.ranking import accuracy, weighted_quantile

ALL = "all"
CONFIGURED = "configured"
BEFOREHAND = ", beforehand"
LEARNT = ", from the stream"
"""How thresholds are called that streams without events set, after the false alarms that were asked for."""
LABELS = "labels"
ANNOTATED = "annotated"
"""What is held to be there: what is labelled, or also what is known to be there without a label."""
OVER = " - "
"""Between the names of two methods: the first less the second."""


class Row(msgspec.Struct, frozen=True):
    """One figure."""

    method: str
    """Or `a - b`: a paired difference."""
    snr_db: float
    class_name: str
    metric: str
    value: float
    low: float
    high: float
    n: int
    """Events for a recall or a latency; whole seconds of sound for a rate."""
    thresholds: str
    """`configured`; chosen on these very streams for at most so many false alarms: `1/h`, one for all
    classes, and `1/h, per class`; as the model's cohort gives them for so many before anything is heard:
    `1/h, beforehand`; or learnt for so many from other streams without events, as by
    `monitor run --false-alarms`: `1/h, from the stream`.
    """
    threshold: float
    """The onset threshold; nan where those of the classes differ."""
    truth: str = LABELS
    """`labels`: only what is labelled is there. `annotated`: detections of other sounds that are known to be
    there (`unlabelled.py`) are no false alarms; thresholds chosen on these streams are chosen so.
    """


class Point(msgspec.Struct, frozen=True):
    """One threshold of a method's curve, over all streams of one SNR and the negatives."""

    method: str
    snr_db: float
    threshold: float
    recall: float
    false_alarms_per_hour: float


class Case(msgspec.Struct, frozen=True):
    """One method at one SNR and one kind of thresholds, and what became of the streams."""

    method: str
    snr_db: float
    thresholds: str
    onset_thresholds: Mapping[str, float]
    """Class -> onset threshold."""
    outcomes: Sequence[Outcome]
    """Of the streams with events."""
    negatives: Sequence[Outcome]
    """Of the streams without any."""
    sources: Sources = NO_SOURCES
    """Where the recordings come from."""
    truth: str = LABELS


def rows(case: Case) -> list[Row]:
    """Return the figures for each class and for all."""
    values = case.onset_thresholds
    return [
        row_of(case, name, metric, found, n)
        for name in [*values, ALL]
        for metric, found, n in _figures(case, None if name == ALL else name)
    ]


def differences(case: Case, reference: Case, of_each: Sequence[str] = ()) -> list[Row]:
    """Return how much more, and how many times as much, a method finds as `reference` in the same streams.

    Both are drawn again together. The thresholds stay what they are: what they would be, had they been chosen
    on what is drawn, is not in the intervals.

    Parameters
    ----------
    of_each
        Classes of which it is wanted too, beside that of all together.
    """
    named = msgspec.structs.replace(case, method=f"{case.method}{OVER}{reference.method}")
    return [row for name in (*of_each, ALL) for row in _differences(named, reference, name)]


def _differences(case: Case, reference: Case, class_name: str) -> list[Row]:
    only = None if class_name == ALL else class_name
    events, others = _events(case.outcomes, only), _events(reference.outcomes, only)
    if not events:
        return []
    weights = _weights(events, case.sources)
    ours, theirs = (accuracy(_found(group), weights) for group in (events, others))
    return [
        row_of(case, class_name, "recall_difference", estimate(ours - theirs), len(events)),
        row_of(case, class_name, "recall_ratio", estimate(_ratio(ours, theirs)), len(events)),
    ]


def curve(method: str, snr_db: float, settings: Sequence[Setting]) -> list[Point]:
    """Return the points of one method's curve."""
    points = []
    for one in settings:
        summary = summarise(one.outcomes)
        rate = summary.false_alarms_per_hour.value
        points.append(Point(method, snr_db, one.threshold, summary.recall.value, rate))
    return points


def row_of(case: Case, class_name: str, metric: str, found: Estimate, n: int) -> Row:
    """Return one figure of a case."""
    values = case.onset_thresholds
    distinct = set(values.values()) if class_name == ALL else {values[class_name]}
    return Row(
        method=case.method,
        snr_db=case.snr_db,
        class_name=class_name,
        metric=metric,
        value=found.value,
        low=found.low,
        high=found.high,
        n=n,
        thresholds=case.thresholds,
        threshold=distinct.pop() if len(distinct) == 1 else float("nan"),
        truth=case.truth,
    )


def _figures(case: Case, class_name: str | None) -> list[tuple[str, Estimate, int]]:
    """Return the metrics of one class, or of all (None)."""
    everything = [*case.outcomes, *case.negatives]
    events, heard = _events(case.outcomes, class_name), summarise(everything, class_name)
    quiet = summarise(case.negatives, class_name)
    count, found = len(events), [event for event in events if event.latency_s is not None]
    rate = _rate(everything, class_name, heard.false_alarms_per_hour, case.sources)
    figures = [
        ("recall", _recall(events, heard.recall, case.sources), count),
        ("false_alarms_per_hour", rate, round(heard.hours * 3600.0)),
        ("latency_median_s", _latency(found, 0.5, case.sources), len(found)),
        ("latency_p90_s", _latency(found, 0.9, case.sources), len(found)),
    ]
    if case.negatives:
        rate = _rate(case.negatives, class_name, quiet.false_alarms_per_hour, case.sources)
        figures.append(("negative_false_alarms_per_hour", rate, round(quiet.hours * 3600.0)))
    return figures


class _Event(msgspec.Struct, frozen=True):
    """A sound that was there, and how late it was found, if it was."""

    recording: str
    background: str
    latency_s: float | None


def _events(outcomes: Sequence[Outcome], class_name: str | None) -> list[_Event]:
    """Return the events, stream by stream in order of onset, whatever became of them."""
    found = []
    for one in outcomes:
        latencies_s: dict[Reference, float] = {hit.reference: hit.latency_s for hit in one.hits}
        found += [
            _Event(event.recording, one.background, latencies_s.get(event))
            for event in sorted([*latencies_s, *one.missed], key=lambda event: event.onset_s)
            if class_name in (None, event.class_name)
        ]
    return found


def _found(events: Sequence[_Event]) -> NDArray[np.bool_]:
    return np.array([event.latency_s is not None for event in events], bool)


def _recall(events: Sequence[_Event], independent: Estimate, sources: Sources) -> Estimate:
    """Return the wider of two intervals: of independent events, and of sources and recordings drawn again."""
    if not events:
        return independent
    return _wider(independent, estimate(accuracy(_found(events), _weights(events, sources))))


def _rate(
    outcomes: Sequence[Outcome], class_name: str | None, independent: Estimate, sources: Sources
) -> Estimate:
    """Return the wider of two intervals: of independent false alarms, and of backgrounds drawn again."""
    counts = np.array([_alarms(one, class_name) for one in outcomes], np.float64)
    if not counts.any():
        return independent
    weights = two_way_weights([one.background for one in outcomes], None, sources)
    hours = np.array([one.duration_s / 3600.0 for one in outcomes])
    return _wider(independent, estimate(_ratio(weights @ counts, weights @ hours)))


def _alarms(outcome: Outcome, class_name: str | None) -> int:
    return sum(class_name in (None, alarm.class_name) for alarm in outcome.false_alarms)


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(part / np.where(whole > 0.0, whole, np.nan))


def _wider(independent: Estimate, drawn: Estimate) -> Estimate:
    return Estimate(independent.value, min(drawn.low, independent.low), max(drawn.high, independent.high))


def _latency(found: Sequence[_Event], share: float, sources: Sources) -> Estimate:
    """Return a quantile of the latency of the found events; nan when none was."""
    if not found:
        return Estimate(float("nan"), float("nan"), float("nan"))
    latencies_s = np.array([event.latency_s for event in found], np.float64)
    return estimate(weighted_quantile(latencies_s, _weights(found, sources), share))


def _weights(events: Sequence[_Event], sources: Sources) -> NDArray[np.float32]:
    recordings, backgrounds = [one.recording for one in events], [one.background for one in events]
    return two_way_weights(recordings, backgrounds, sources)
