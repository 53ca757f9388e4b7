"""What `monitor eval streams` leaves behind: CSV, tables, a curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from rich.table import Table

from monitor.evaluation.metrics.figures import ALL, ANNOTATED, LABELS, LEARNT, OVER, Point, Row
from monitor.evaluation.metrics.provenance import Provenance
from monitor.evaluation.metrics.sed import COLLARS_S, SCENARIOS
from monitor.evaluation.reports.plotting import new_figure
from monitor.evaluation.reports.text_tables import markdown_table

_CLASS = 2
"""Column of the class."""


def draw(path: Path, points: Sequence[Point], records: Sequence[Row]) -> bool:
    """Draw recall against false alarms per hour, one panel per SNR; False where matplotlib is missing.

    A line per method, over all common thresholds; rings where thresholds that the stream set lead to.
    """
    snrs = sorted({point.snr_db for point in points}, reverse=True)
    figure = new_figure(5.0 * len(snrs), 4.0)
    if figure is None:
        return False
    for axes, snr_db in zip(figure.subplots(1, len(snrs), sharey=True, squeeze=False)[0], snrs, strict=True):
        for method in dict.fromkeys(point.method for point in points):
            own = [point for point in points if (point.method, point.snr_db) == (method, snr_db)]
            line = axes.plot([p.false_alarms_per_hour for p in own], [p.recall for p in own], label=method)
            rates, recalls = _learnt(records, method, snr_db)
            axes.plot(rates, recalls, "o", markerfacecolor="none", color=line[0].get_color())
        axes.set(title=f"{snr_db:g} dB SNR", xlabel="false alarms per hour", ylim=(0, 1))
        axes.set_xscale("symlog", linthresh=1.0)
        axes.set_xlim(0, 100)
        axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.axes[0].set_ylabel("recall")
    figure.savefig(path)
    return True


def _learnt(records: Sequence[Row], method: str, snr_db: float) -> tuple[list[float], list[float]]:
    """Return false alarms per hour and recall at thresholds from the stream, for each rate asked for."""
    own = [
        row
        for row in records
        if (row.method, row.snr_db, row.class_name) == (method, snr_db, ALL)
        and row.truth == max((one.truth for one in records), key=(LABELS, ANNOTATED).index)
        and row.thresholds.endswith(LEARNT)
    ]
    rates = [row.value for row in own if row.metric == "false_alarms_per_hour"]
    return rates, [row.value for row in own if row.metric == "recall"]


def terminal_table(records: Sequence[Row]) -> Table:
    """Return the figures of all classes together for a terminal."""
    head, *lines = (
        [*cells[:_CLASS], *cells[_CLASS + 1 :]]
        for cells in _cells([r for r in records if r.class_name == ALL])
    )
    table = Table(*head, caption="the figures of each class: --out DIR, or --json")
    for line in lines:
        table.add_row(*line)
    return table


def markdown(records: Sequence[Row], rests_on: Sequence[Provenance] = ()) -> str:
    """Return the figures of all classes together, ours and the field's, of each class, and their basis.

    Figures with "labels only" hold every detection of a sound that nobody labelled for a false alarm.
    """
    together = [row for row in records if row.class_name == ALL]
    alone = [row for row in records if row.class_name != ALL]
    tables = [_cells(together), _sed_cells(together), _cells(alone), _basis(rests_on)]
    return "\n\n".join(markdown_table(lines[0], lines[1:]) for lines in tables if len(lines) > 1)


_Key = tuple[float, int, str, str]
"""SNR, loudest first, number of the kind of thresholds, class, method."""


def _by_line(records: Sequence[Row], truth: str) -> dict[_Key, dict[str, Row]]:
    """Return the rows of one truth by line of a table and metric, in the order of the lines."""
    order = list(dict.fromkeys(row.thresholds for row in records))
    lines: dict[_Key, dict[str, Row]] = {}
    for row in records:
        if row.truth == truth:
            key = (-row.snr_db, order.index(row.thresholds), row.class_name, row.method.partition(OVER)[0])
            lines.setdefault(key, {})[row.metric] = row
    return dict(sorted(lines.items(), key=lambda item: item[0][:3]))


def _cells(records: Sequence[Row]) -> list[list[str]]:
    """Return a head and a line per SNR, thresholds, class and method; loudest first."""
    records = [row for row in records if row.metric not in COLLARS_S and row.metric not in SCENARIOS]
    reference = next((row.method.partition(OVER)[2] for row in records if OVER in row.method), "")
    annotated = any(row.truth == ANNOTATED for row in records)
    head = ["SNR dB", "thresholds", "class", "method", "onset at", "recall", "events"]
    head += [f"recall over {reference}", "times"] if reference else []
    head += ["false alarms/h", "in negatives/h", "latency s", "p90 s"]
    labelled = _by_line(records, LABELS)
    if not annotated:
        return [head, *(_line(figures, compared=bool(reference)) for figures in labelled.values())]
    head += ["labels only: recall", "false alarms/h", "in negatives/h"]
    return [
        head,
        *(
            [*_line(figures, compared=bool(reference)), *_labels_only(labelled.get(key, {}))]
            for key, figures in _by_line(records, ANNOTATED).items()
        ),
    ]


def _labels_only(figures: Mapping[str, Row]) -> list[str]:
    metrics = ("recall", "false_alarms_per_hour", "negative_false_alarms_per_hour")
    return [_range(figures.get(metric)) for metric in metrics]


def _sed_cells(records: Sequence[Row]) -> list[list[str]]:
    """Return a head and a line per SNR, thresholds and method of the figures in the field's terms."""
    names = {
        "event_f1_200ms": "event F1, 200 ms",
        "event_f1_1s": "event F1, 1 s",
        "psds1": "PSDS1",
        "psds2": "PSDS2",
    }
    found = [row for row in records if row.metric in names]
    lines: dict[tuple[float, str, str, str], dict[str, Row]] = {}
    for row in found:
        lines.setdefault((-row.snr_db, row.truth, row.thresholds, row.method), {})[row.metric] = row
    return [
        ["SNR dB", "truth", "thresholds", "method", *names.values()],
        *(
            [f"{-snr_db:g}", truth, thresholds, method, *(_range(figures.get(name)) for name in names)]
            for (snr_db, truth, thresholds, method), figures in sorted(
                lines.items(), key=lambda item: item[0][:2]
            )
        ),
    ]


def _basis(rests_on: Sequence[Provenance]) -> list[list[str]]:
    head = ["role", "class", "pieces", "recordings", "sources", "minutes", "unlabelled", "minutes of them"]
    return [
        head,
        *(
            [
                one.role,
                one.name or "all",
                str(one.pieces) if one.pieces else "none in these folds",
                str(one.recordings),
                str(one.sources),
                f"{one.minutes:.1f}",
                str(one.unlabelled) if one.role == "event" else "",
                f"{one.unlabelled_minutes:.1f}" if one.role == "event" else "",
            ]
            for one in rests_on
        ),
    ]


def _line(figures: Mapping[str, Row], *, compared: bool) -> list[str]:
    recall = figures["recall"]
    over = [_range(figures.get("recall_difference"), "+"), _range(figures.get("recall_ratio"))]
    return [
        f"{recall.snr_db:g}",
        recall.thresholds,
        recall.class_name,
        recall.method,
        "own" if np.isnan(recall.threshold) else f"{recall.threshold:.4f}",
        _range(recall),
        str(recall.n),
        *(over if compared else []),
        _range(figures["false_alarms_per_hour"]),
        _range(figures.get("negative_false_alarms_per_hour")),
        _range(figures["latency_median_s"]),
        _range(figures["latency_p90_s"]),
    ]


def _range(row: Row | None, sign: str = "") -> str:
    """Return a figure and its interval; `sign` "+": of a difference."""
    if row is None:
        return ""
    if np.isnan(row.value):
        return "-"
    interval = "" if np.isnan(row.low) else f" [{row.low:{sign}.2f}, {row.high:{sign}.2f}]"
    return f"{row.value:{sign}.2f}{interval}"
