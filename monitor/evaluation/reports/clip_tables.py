"""What `monitor eval clips` leaves behind, and how figures of single sounds are shown in every table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from rich.table import Table

from monitor.evaluation.eval_clips import ClipReport
from monitor.evaluation.metrics.clip_figures import LESS, ClassRow, ClipRow
from monitor.evaluation.reports.plotting import new_figure
from monitor.evaluation.reports.text_tables import markdown_table, write_csv
from monitor.evaluation.synthesis.mixtures import CLEAN_DB, Mixture
from monitor.evaluation.synthesis.plans import write_plans

METRICS = {
    "top1": "top-1",
    "top1_macro": "top-1, mean over classes",
    "average_precision_macro": "average precision, mean over classes",
    "average_precision_micro": "average precision, all pairs of a clip and a class together",
    "recall_macro": "recall at {rate:g} % false alarms, mean over classes",
}


def write_report(out: Path, report: ClipReport) -> bool:
    """Write everything into the folder `out`; False where the plot needs matplotlib and it is missing."""
    out.mkdir(parents=True, exist_ok=True)
    write_csv(out / "results.csv", report.rows)
    write_csv(out / "classes.csv", report.classes)
    write_plans(out / "mixtures.jsonl", report.mixtures)
    (out / "results.md").write_text(markdown(report) + "\n", "utf-8")
    return draw(out / "accuracy.png", report)


def terminal_table(report: ClipReport) -> Table:
    """Return the figures over all classes for a terminal, in per cent."""
    table = Table("model", "metric", *conditions(report.rows), caption=rests_on(report.mixtures))
    for line in _lines(report):
        table.add_row(*line)
    return table


def markdown(report: ClipReport) -> str:
    """Return the figures over all classes, then the accuracy of each class, in per cent."""
    models = [name for name in dict.fromkeys(row.model for row in report.rows) if LESS not in name]
    heads = [
        f"{model}, {heard}" if len(models) > 1 else heard
        for model in models
        for heard in conditions(report.rows)
    ]
    counts = {row.class_name: row.n for row in report.classes}
    by_class = [[name, str(n), *_per_class(report, models, name)] for name, n in sorted(counts.items())]
    return "\n\n".join(
        [
            overall_table(report),
            "Top-1 of each class, %:",
            markdown_table(["class", "clips", *heads], by_class),
        ]
    )


def overall_table(report: ClipReport) -> str:
    """Return the figures over all classes as one Markdown table, with what they rest on."""
    return "\n\n".join(
        [
            basis(report.mixtures),
            markdown_table(["model", "metric", *conditions(report.rows)], _lines(report)),
        ]
    )


def draw(path: Path, report: ClipReport) -> bool:
    """Draw accuracy and average precision against SNR, a line per model; False without matplotlib."""
    order = sorted(snrs(report.rows))
    figure = new_figure(10.0, 4.0)
    if figure is None:
        return False
    for axes, metric in zip(figure.subplots(1, 2), ("top1", "average_precision_macro"), strict=True):
        for model in dict.fromkeys(row.model for row in report.rows if LESS not in row.model):
            own = {row.snr_db: row for row in report.rows if (row.model, row.metric) == (model, metric)}
            line = [own[snr_db] for snr_db in order]
            places = range(len(order))
            axes.plot(places, [100 * row.value for row in line], ".-", label=model)
            low, high = [100 * row.low for row in line], [100 * row.high for row in line]
            axes.fill_between(places, low, high, alpha=0.15)
        axes.set(title=_name(metric, report), xlabel="SNR, dB", ylabel="%", ylim=(0, 100))
        axes.set_xticks(range(len(order)), [condition(one).removesuffix(" dB") for one in order])
        axes.grid(alpha=0.3)
        axes.legend(loc="lower right")
    figure.savefig(path, dpi=110)
    return True


def condition(snr_db: float) -> str:
    """Return an SNR as words."""
    return "clean" if snr_db == CLEAN_DB else f"{snr_db:g} dB"


def snrs(rows: Iterable[ClipRow]) -> list[float]:
    """Return the SNRs of some figures, in their order."""
    return list(dict.fromkeys(row.snr_db for row in rows))


def conditions(rows: Iterable[ClipRow]) -> list[str]:
    """Return the SNRs of some figures as words, in their order."""
    return [condition(snr_db) for snr_db in snrs(rows)]


def rests_on(mixtures: Sequence[Mixture]) -> str:
    """Return what figures rest on, as words."""
    classes = len({one.label for one in mixtures})
    recordings = len({one.event_group for one in mixtures})
    backgrounds = len({one.background_group for one in mixtures if one.background})
    around = f"in backgrounds of {backgrounds} recordings" if backgrounds else "without backgrounds"
    return f"In %: {classes} classes, {len(mixtures)} clips of {recordings} recordings {around}"


def basis(mixtures: Sequence[Mixture]) -> str:
    """Return what figures and their intervals rest on, as a sentence."""
    two_way = all(one.background for one in mixtures)
    intervals = (
        "two-way bootstrap intervals over sources and recordings of both kinds"
        if two_way
        else "bootstrap intervals over sources and recordings"
    )
    return f"{rests_on(mixtures)}; 95 % {intervals}."


def with_interval(row: ClipRow) -> str:
    """Return a figure in per cent and its interval; a difference with its sign."""
    sign = "+" if LESS in row.model or LESS in row.method else ""
    return f"{100 * row.value:{sign}.1f} [{100 * row.low:.1f}, {100 * row.high:.1f}]"


def figure_lines(rows: Iterable[ClipRow], name: Callable[[ClipRow], str]) -> list[list[str]]:
    """Return a line for each model and name: these two, then the figure under every condition."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        found.setdefault((row.model, name(row)), []).append(with_interval(row))
    return [[model, what, *cells] for (model, what), cells in found.items()]


def _lines(report: ClipReport) -> list[list[str]]:
    return figure_lines(report.rows, lambda row: _name(row.metric, report))


def _per_class(report: ClipReport, models: Sequence[str], name: str) -> list[str]:
    found: dict[tuple[str, float], ClassRow] = {
        (row.model, row.snr_db): row
        for row in report.classes
        if row.class_name == name and row.metric == "top1"
    }
    return [f"{100 * found[model, snr_db].value:.0f}" for model in models for snr_db in snrs(report.rows)]


def _name(metric: str, report: ClipReport) -> str:
    return METRICS[metric].format(rate=100 * report.false_alarm_rate)
