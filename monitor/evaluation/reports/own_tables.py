"""What `monitor eval own` leaves behind: CSV, tables, and a plot of recall against the number of examples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from monitor.evaluation.eval_own import OwnReport
from monitor.evaluation.eval_streams import write_report as write_streams
from monitor.evaluation.metrics.clip_figures import LESS, ClassRow, ClipRow
from monitor.evaluation.metrics.figures import ALL, BEFOREHAND, LABELS, OVER, Row
from monitor.evaluation.reports.plotting import new_figure
from monitor.evaluation.reports.text_tables import markdown_table, write_csv
from monitor.evaluation.synthesis.plans import write_plans
from monitor.evaluation.taught import WORDS_ONLY

_METRIC = "recall"


def write_report(out: Path, report: OwnReport) -> bool:
    """Write tables and plots into a folder; False where a plot needs matplotlib and it is missing."""
    write_csv(out / "clips.csv", report.rows)
    write_csv(out / "classes.csv", report.classes)
    if report.takes:
        write_csv(out / "takes.csv", report.takes)
    write_plans(out / "mixtures.jsonl", report.mixtures)
    (out / "results.md").write_text(markdown(report) + "\n", "utf-8")
    drawn = draw(out / "own_sounds.png", report)
    if report.streams is not None:
        (out / "streams").mkdir(exist_ok=True)
        drawn = write_streams(out / "streams", report.streams) and drawn
    return drawn


def terminal_table(report: OwnReport) -> Table:
    """Return the figures over all classes for a terminal."""
    head, *lines = _together(report)
    table = Table(*head, caption="the figures of each class: --out DIR, or --json")
    for line in lines:
        table.add_row(*line)
    return table


def markdown(report: OwnReport) -> str:
    """Return the figures of single sounds over all classes and of each, and of streams."""
    share = f"{100.0 * report.false_alarm_rate:g} %"
    parts = [
        f"Recall of single sounds where {share} of all others are taken for the class, mean over classes.",
        _table(_together(report)),
        "Each class, and what examples have over its words.",
        _table(_each(report)),
    ]
    if report.takes:
        parts += ["Taught by other takes of the very recording.", _table(_of_takes(report))]
    if report.streams is not None:
        rows = _of_streams(report.streams.rows)
        parts += ["Streams: recall, and what examples have over words.", _table(rows)]
    return "\n\n".join(parts)


def draw(path: Path, report: OwnReport) -> bool:
    """Draw recall of single sounds by number of examples, a line per SNR; False: matplotlib is missing.

    Taught by other takes there is a second panel; dashed is what words find of the same clips.
    """
    figure = new_figure(10.0 if report.takes else 5.0, 4.0)
    if figure is None:
        return False
    panels = figure.subplots(1, 2 if report.takes else 1, sharey=True, squeeze=False)[0]
    panels[0].set(title="examples of other recordings", ylabel="recall, mean over the classes", ylim=(0, 1))
    _lines(panels[0], [row for row in _rows(report.rows) if LESS not in row.method])
    if report.takes:
        panels[1].set(title="other takes of the very recording; dashed: words")
        of_all = [row for row in report.takes if row.class_name == ALL and LESS not in row.method]
        _lines(panels[1], [row for row in of_all if not row.method.startswith(WORDS_ONLY)])
        panels[1].set_prop_cycle(None)
        _lines(panels[1], [row for row in of_all if row.method.startswith(WORDS_ONLY)], "--")
    panels[0].legend()
    figure.savefig(path)
    return True


def _lines(axes: Any, rows: Sequence[ClipRow | ClassRow], style: str = "-") -> None:
    for snr_db in dict.fromkeys(row.snr_db for row in rows):
        own = [row for row in rows if row.snr_db == snr_db]
        counts, values = [_count(row.method) for row in own], [row.value for row in own]
        (line,) = axes.plot(counts, values, style, marker="o", label=_db(snr_db))
        lows, highs = [row.low for row in own], [row.high for row in own]
        axes.fill_between(counts, lows, highs, color=line.get_color(), alpha=0.1)
    axes.set_xlabel("examples")
    axes.grid(alpha=0.3)


def _count(method: str) -> int:
    """Return the number of examples; of words, as asked beside examples, that of these."""
    return 0 if method == WORDS_ONLY else int(method.rpartition(", ")[2].split(maxsplit=1)[0])


def _rows(rows: Sequence[ClipRow]) -> list[ClipRow]:
    return [row for row in rows if row.metric == f"{_METRIC}_macro"]


def _db(snr_db: float) -> str:
    return "clean" if math.isinf(snr_db) else f"{snr_db:g} dB"


def _together(report: OwnReport) -> list[list[str]]:
    rows = _rows(report.rows)
    snrs = list(dict.fromkeys(row.snr_db for row in rows))
    by = {(row.method, row.snr_db): row for row in rows}
    methods = dict.fromkeys(row.method for row in rows)
    return [
        ["method", *map(_db, snrs)],
        *([method, *(_range(by[method, snr_db], LESS in method) for snr_db in snrs)] for method in methods),
    ]


def _each(report: OwnReport) -> list[list[str]]:
    rows = [row for row in report.classes if row.metric == _METRIC]
    by = {(row.class_name, row.method, row.snr_db): row for row in rows}
    methods = [method for method in dict.fromkeys(row.method for row in rows) if LESS in method]
    keys = dict.fromkeys((row.class_name, row.snr_db) for row in rows)
    counts = {row.class_name: row.n for row in rows}
    return [
        ["class", "clips", "taught by", "SNR", WORDS_ONLY, *methods],
        *(
            [
                name,
                str(counts[name]),
                str(len(report.examples.get(name, []))),
                _db(snr_db),
                _range(by[name, WORDS_ONLY, snr_db]),
                *(_range(by[name, method, snr_db], signed=True) for method in methods),
            ]
            for name, snr_db in sorted(keys, key=lambda key: (key[0], -key[1]))
        ),
    ]


def _of_takes(report: OwnReport) -> list[list[str]]:
    """Return a head, and a line per number of examples, class and SNR; all classes first."""
    by = {(row.method, row.class_name, row.snr_db): row for row in report.takes}
    methods = [method for method in dict.fromkeys(row.method for row in report.takes) if LESS in method]
    snrs = list(dict.fromkeys(row.snr_db for row in report.takes))
    lines = []
    for method in (one.partition(LESS)[0] for one in methods):
        names = dict.fromkeys(row.class_name for row in report.takes if row.method == method)
        for name in sorted(names, key=lambda one: (one != ALL, one)):
            cells = [method, name, str(by[method, name, snrs[0]].n)]
            for snr_db in snrs:
                cells.append(_range(by[f"{WORDS_ONLY}, {method}", name, snr_db]))
                cells.append(_range(by[f"{method}{LESS}{WORDS_ONLY}", name, snr_db], signed=True))
            lines.append(cells)
    return [
        ["taught by", "class", "clips", *(t for s in snrs for t in (f"{_db(s)}: words", "over words"))],
        *lines,
    ]


def _of_streams(rows: Sequence[Row]) -> list[list[str]]:
    """Return a head, and a line per SNR, thresholds, class and method."""
    shown = [row for row in rows if not row.thresholds.endswith("per class")]
    truth = LABELS if all(row.truth == LABELS for row in shown) else "annotated"
    shown = [row for row in shown if row.truth == truth and row.class_name != "any"]
    by = {
        (row.snr_db, row.thresholds, row.class_name, row.method.partition(OVER)[0], row.metric): row
        for row in shown
    }
    keys = dict.fromkeys(
        (row.snr_db, row.thresholds, row.class_name, row.method)
        for row in shown
        if row.metric == "recall" and (row.thresholds.endswith(BEFOREHAND) or row.thresholds.endswith("/h"))
    )
    metrics = ("recall", "recall_difference", "false_alarms_per_hour")
    ordered = sorted(keys, key=lambda key: (key[1], -key[0], key[2] != ALL, key[2]))
    return [
        ["thresholds", "SNR dB", "class", "method", "events", "recall", "over words", "false alarms/h"],
        *(
            [
                thresholds,
                f"{snr_db:g}",
                name,
                method,
                str(by[snr_db, thresholds, name, method, "recall"].n),
                *(
                    _range(by.get((snr_db, thresholds, name, method, metric)), metric == "recall_difference")
                    for metric in metrics
                ),
            ]
            for snr_db, thresholds, name, method in ordered
        ),
    ]


def _table(lines: Sequence[Sequence[str]]) -> str:
    return markdown_table(lines[0], lines[1:])


def _range(row: ClipRow | ClassRow | Row | None, signed: bool = False) -> str:
    if row is None or math.isnan(row.value):
        return "-"
    sign = "+" if signed else ""
    return f"{row.value:{sign}.2f} [{row.low:{sign}.2f}, {row.high:{sign}.2f}]"
