"""Our figures and the published ones as one plot."""

from __future__ import annotations

from pathlib import Path

from monitor.evaluation.eval_paper import MEAN, PaperReport
from monitor.evaluation.reports.plotting import new_figure
from monitor.evaluation.synthesis.mixtures import CLEAN_DB

_OURS, _MARKS = ("#0072b2", "#d55e00", "#009e73"), ("o", "s", "D")
_APART = 0.2
"""Between the lines of two folds, in lines."""


def draw(path: Path, report: PaperReport) -> bool:
    """Draw the figures of clean sound, a line per model and method, published ones as open marks.

    False without matplotlib. Prompts are left out: so many lines that none could be followed.
    """
    means = [one for one in report.figures if one.fold == MEAN]
    ours = [
        one
        for one in means or report.figures
        if one.snr_db == CLEAN_DB and not one.method.startswith("prompt-")
    ]
    published = [(row.model, row.method) for row in report.paper.rows]
    names = list(dict.fromkeys([*((one.model, one.method) for one in ours), *published]))
    figure = new_figure(7.5, 1.5 + 0.28 * len(names))
    if figure is None:
        return False
    axes = figure.subplots()
    places = {name: -at for at, name in enumerate(names)}
    for at, fold in enumerate(dict.fromkeys(one.fold for one in ours)):
        own = [one for one in ours if one.fold == fold]
        rows = [places[one.model, one.method] - _APART * at for one in own]
        values, style = [100 * one.value for one in own], at % len(_MARKS)
        apart = [[100 * (one.value - one.low) for one in own], [100 * (one.high - one.value) for one in own]]
        label = f"{report.data}, {fold if fold == MEAN else f'fold {fold}'}"
        axes.errorbar(values, rows, xerr=apart, fmt=_MARKS[style], color=_OURS[style], label=label)
    for data, mark in zip(report.paper.data, _MARKS, strict=False):
        values = [100 * (report.paper.value(*name, data) or 0.0) for name in published]
        rows = [places[name] for name in published]
        axes.plot(values, rows, mark, color="black", fillstyle="none", label=f"published, {data}")
    axes.set_yticks([*places.values()], [f"{model}: {method}" for model, method in names])
    axes.set(xlabel="%", xlim=(0, 100), title=f"arXiv {report.number}")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper")
    figure.savefig(path, dpi=110)
    return True
