"""From what became of streams to rows of figures: CSV, a table, a curve."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from monitor.evaluation.bootstrap import estimate, two_way_weights
from monitor.evaluation.metrics import Estimate, Outcome, summarise
from monitor.evaluation.operating import Setting
from monitor.evaluation.ranking import accuracy, weighted_quantile

ALL = "all"
CONFIGURED = "configured"


class Row(msgspec.Struct, frozen=True):
    """One figure."""

    method: str
    snr_db: float
    class_name: str
    metric: str
    value: float
    low: float
    high: float
    n: int
    """Events for a recall or a latency; whole seconds of sound for a rate."""
    thresholds: str
    """`configured`; or chosen on these very streams for at most so many false alarms: `1/h`, one for all
    classes, and `1/h, per class`.
    """
    threshold: float
    """The onset threshold; nan where those of the classes differ."""


class Point(msgspec.Struct, frozen=True):
    """One threshold of a method's curve, over all streams of one SNR and the negatives."""

    method: str
    snr_db: float
    threshold: float
    recall: float
    false_alarms_per_hour: float


class Condition(msgspec.Struct, frozen=True):
    """What rows are about."""

    method: str
    snr_db: float
    thresholds: str
    onset_thresholds: Mapping[str, float]
    """Class -> onset threshold."""


def rows(condition: Condition, outcomes: Sequence[Outcome], negatives: Sequence[Outcome]) -> list[Row]:
    """Return the figures for each class and for all: of the streams with events, and those without any."""
    values = condition.onset_thresholds
    found = []
    for name in [*values, ALL]:
        distinct = set(values.values()) if name == ALL else {values[name]}
        threshold = distinct.pop() if len(distinct) == 1 else float("nan")
        found += [
            Row(
                method=condition.method,
                snr_db=condition.snr_db,
                class_name=name,
                metric=metric,
                value=e.value,
                low=e.low,
                high=e.high,
                n=n,
                thresholds=condition.thresholds,
                threshold=threshold,
            )
            for metric, e, n in _figures(outcomes, negatives, None if name == ALL else name)
        ]
    return found


def curve(method: str, snr_db: float, settings: Sequence[Setting]) -> list[Point]:
    """Return the points of one method's curve."""
    points = []
    for one in settings:
        summary = summarise(one.outcomes)
        rate = summary.false_alarms_per_hour.value
        points.append(Point(method, snr_db, one.threshold, summary.recall.value, rate))
    return points


def write_csv(path: Path, records: Sequence[msgspec.Struct]) -> None:
    """Write records of one kind, a column per field."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(records[0].__struct_fields__)
        writer.writerows(msgspec.structs.astuple(record) for record in records)


def draw(path: Path, points: Sequence[Point]) -> bool:
    """Draw recall against false alarms per hour, one panel per SNR; False where matplotlib is missing."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    snrs = sorted({point.snr_db for point in points}, reverse=True)
    figure = Figure(figsize=(5.0 * len(snrs), 4.0), layout="constrained")
    for axes, snr_db in zip(figure.subplots(1, len(snrs), squeeze=False)[0], snrs, strict=True):
        for method in dict.fromkeys(point.method for point in points):
            own = [point for point in points if (point.method, point.snr_db) == (method, snr_db)]
            axes.plot([p.false_alarms_per_hour for p in own], [p.recall for p in own], ".-", label=method)
        axes.set(title=f"{snr_db:g} dB SNR", xlabel="false alarms per hour", ylabel="recall", ylim=(0, 1))
        axes.set_xscale("symlog", linthresh=1.0)
        axes.set_xlim(0, 100)
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(path)
    return True


def terminal_table(records: Sequence[Row]) -> Table:
    """Return the figures of all classes together for a terminal."""
    head, *lines = _cells([row for row in records if row.class_name == ALL])
    table = Table(*head, caption="the figures of each class: --out DIR, or --json")
    for line in lines:
        table.add_row(*line)
    return table


def markdown(records: Sequence[Row]) -> str:
    """Return the figures of all classes together and of each class as one Markdown table."""
    head, *lines = _cells(records)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *lines])


def _cells(records: Sequence[Row]) -> list[list[str]]:
    """Return a head and a line per SNR, thresholds, class and method; loudest first, all classes first."""
    by_line: dict[tuple[float, str, bool, str, str], dict[str, Row]] = {}
    for row in records:
        key = (-row.snr_db, row.thresholds, row.class_name != ALL, row.class_name, row.method)
        by_line.setdefault(key, {})[row.metric] = row
    head = ["SNR dB", "thresholds", "class", "method", "onset at", "recall", "events"]
    head += ["false alarms/h", "in negatives/h", "latency s", "p90 s"]
    lines = sorted(by_line.items(), key=lambda item: item[0][:4])
    return [head, *(_line(figures) for _, figures in lines)]


def _line(figures: Mapping[str, Row]) -> list[str]:
    recall = figures["recall"]
    negatives = figures.get("negative_false_alarms_per_hour")
    return [
        f"{recall.snr_db:g}",
        recall.thresholds,
        recall.class_name,
        recall.method,
        "own" if np.isnan(recall.threshold) else f"{recall.threshold:.4f}",
        _range(recall),
        str(recall.n),
        _range(figures["false_alarms_per_hour"]),
        _range(negatives) if negatives else "",
        _range(figures["latency_median_s"]),
        _range(figures["latency_p90_s"]),
    ]


def _range(row: Row) -> str:
    if np.isnan(row.value):
        return "-"
    return f"{row.value:.2f} [{row.low:.2f}, {row.high:.2f}]"


def _figures(
    outcomes: Sequence[Outcome], negatives: Sequence[Outcome], class_name: str | None
) -> list[tuple[str, Estimate, int]]:
    """Return the metrics of one class, or of all (None)."""
    events, heard = _events(outcomes, class_name), summarise([*outcomes, *negatives], class_name)
    quiet = summarise(negatives, class_name)
    count, found = len(events), [event for event in events if event.latency_s is not None]
    figures = [
        ("recall", _recall(events, heard.recall), count),
        ("false_alarms_per_hour", heard.false_alarms_per_hour, round(heard.hours * 3600.0)),
        ("latency_median_s", _latency(found, 0.5), len(found)),
        ("latency_p90_s", _latency(found, 0.9), len(found)),
    ]
    if negatives:
        rate = quiet.false_alarms_per_hour
        figures.append(("negative_false_alarms_per_hour", rate, round(quiet.hours * 3600.0)))
    return figures


class _Event(msgspec.Struct, frozen=True):
    """A sound that was there, and how late it was found, if it was."""

    recording: str
    background: str
    latency_s: float | None


def _events(outcomes: Sequence[Outcome], class_name: str | None) -> list[_Event]:
    found = [
        _Event(hit.reference.recording, one.background, hit.latency_s)
        for one in outcomes
        for hit in one.hits
        if class_name in (None, hit.reference.class_name)
    ]
    return found + [
        _Event(event.recording, one.background, None)
        for one in outcomes
        for event in one.missed
        if class_name in (None, event.class_name)
    ]


def _recall(events: Sequence[_Event], independent: Estimate) -> Estimate:
    """Return the wider of two intervals: of independent events, and of recordings drawn again."""
    if not events:
        return independent
    found = np.array([event.latency_s is not None for event in events])
    drawn = estimate(accuracy(found, _weights(events)))
    return Estimate(independent.value, min(drawn.low, independent.low), max(drawn.high, independent.high))


def _latency(found: Sequence[_Event], share: float) -> Estimate:
    """Return a quantile of the latency of the found events; nan when none was."""
    if not found:
        return Estimate(float("nan"), float("nan"), float("nan"))
    latencies_s = np.array([event.latency_s for event in found], np.float64)
    return estimate(weighted_quantile(latencies_s, _weights(found), share))


def _weights(events: Sequence[_Event]) -> NDArray[np.float32]:
    return two_way_weights([event.recording for event in events], [event.background for event in events])
