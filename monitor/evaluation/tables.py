"""From what was heard to rows of figures: CSV, JSON, a table, a curve."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from monitor.config import Config
from monitor.encoders import Encoder
from monitor.evaluation.metrics import Estimate, Outcome, Reference, Summary, summarise
from monitor.evaluation.trial import THRESHOLDS, Heard, at_threshold

ALL = "all"


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
    threshold: float


class Point(msgspec.Struct, frozen=True):
    """One threshold of a method's curve, over all streams of one SNR."""

    method: str
    snr_db: float
    threshold: float
    recall: float
    false_alarms_per_hour: float


def rows(method: str, snr_db: float, threshold: float, outcomes: Sequence[Outcome]) -> list[Row]:
    """Return the figures of one method at one SNR, for each class and for all."""
    names = sorted({event.class_name for one in outcomes for event in _events(one)})
    found = []
    for name in [*names, ALL]:
        summary = summarise(outcomes, None if name == ALL else name)
        found += [
            Row(method, snr_db, name, metric, e.value, e.low, e.high, n, threshold)
            for metric, e, n in _figures(summary)
        ]
    return found


def curve(
    heard: Sequence[Heard], snr_db: float, config: Config, encoder: Encoder
) -> list[tuple[Point, list[Outcome]]]:
    """Return the points of one method's curve, with the outcomes behind each."""
    points = []
    for threshold in THRESHOLDS:
        outcomes = [at_threshold(one, config, threshold, encoder) for one in heard]
        summary = summarise(outcomes)
        rate = summary.false_alarms_per_hour.value
        points.append((Point(heard[0].method, snr_db, threshold, summary.recall.value, rate), outcomes))
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


def markdown(records: Sequence[Row]) -> str:
    """Return the figures of all classes together and of each class as one Markdown table."""
    by_line: dict[tuple[float, str, str], dict[str, Row]] = {}
    for row in records:
        by_line.setdefault((-row.snr_db, row.class_name, row.method), {})[row.metric] = row
    lines = [
        "| SNR dB | class | method | threshold | recall | events | false alarms/h | latency s (p90) |",
        "|---:|---|---|---:|---|---:|---|---|",
    ]
    for (minus_snr, name, method), figures in sorted(by_line.items(), key=lambda item: item[0][:2]):
        lines.append(_line(-minus_snr, name, method, figures))
    return "\n".join(lines)


def _line(snr_db: float, name: str, method: str, figures: Mapping[str, Row]) -> str:
    recall, rate = figures["recall"], figures["false_alarms_per_hour"]
    latency, p90 = figures["latency_median_s"], figures["latency_p90_s"]
    return (
        f"| {snr_db:g} | {name} | {method} | {recall.threshold:.2f} | {_range(recall)} | {recall.n} | "
        f"{_range(rate)} | {latency.value:.2f} ({p90.value:.2f}) |"
    )


def _range(row: Row) -> str:
    return f"{row.value:.2f} [{row.low:.2f}, {row.high:.2f}]"


def _figures(summary: Summary) -> list[tuple[str, Estimate, int]]:
    seconds = round(summary.hours * 3600.0)
    median, p90 = summary.latency_median_s, summary.latency_p90_s
    return [
        ("recall", summary.recall, summary.events),
        ("false_alarms_per_hour", summary.false_alarms_per_hour, seconds),
        ("latency_median_s", Estimate(median, median, median), summary.found),
        ("latency_p90_s", Estimate(p90, p90, p90), summary.found),
    ]


def _events(outcome: Outcome) -> list[Reference]:
    return [*(hit.reference for hit in outcome.hits), *outcome.missed]
