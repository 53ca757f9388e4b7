"""What `monitor eval paper` leaves behind: our figures beside the published ones, as tables and plots."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from monitor.evaluation.eval_paper import MEAN, PaperFigure, PaperReport
from monitor.evaluation.papers.findings import Finding
from monitor.evaluation.papers.protocols import PROTOCOLS
from monitor.evaluation.reports.clip_tables import METRICS, condition, rests_on
from monitor.evaluation.reports.noise_tables import write_report as write_noise
from monitor.evaluation.reports.paper_plots import draw
from monitor.evaluation.reports.text_tables import markdown_table, write_csv

_FEW = 4
"""Columns of our figures that leave room for their intervals."""
Lines = tuple[list[str], list[list[str]]]


def write_report(out: Path, report: PaperReport) -> bool:
    """Write everything into the folder `out`; False where the plots need matplotlib and it is missing."""
    out.mkdir(parents=True, exist_ok=True)
    write_csv(out / "figures.csv", report.figures)
    write_csv(out / "findings.csv", report.findings)
    (out / "results.md").write_text(markdown(report) + "\n", "utf-8")
    drawn = [draw(out / "published.png", report)]
    for fold, one in report.reports.items():
        drawn.append(write_noise(out / f"fold_{fold}", one))
    return all(drawn)


def markdown(report: PaperReport) -> str:
    """Return our figures beside the published ones, what they say, and what could not be run."""
    paper, address = report.paper, f"https://arxiv.org/abs/{report.number}"
    of = f"{paper.authors}, [arXiv {report.number}]({address}); published figures: {paper.where}."
    parts = [
        f"# {paper.title}",
        of,
        "\n".join(f"- fold {fold}: {rests_on(one.mixtures)}." for fold, one in report.reports.items()),
        f"## {METRICS[report.figures[0].metric].capitalize()}",
        markdown_table(*figure_lines(report)),
        _note(report),
        "## What the paper says, and what is found here",
        markdown_table(*finding_lines(report)),
    ]
    if report.left_out:
        parts += ["## What could not be run", "\n".join(f"- {sentence}" for sentence in report.left_out)]
    return "\n\n".join(parts)


def terminal_tables(report: PaperReport) -> tuple[Table, Table]:
    """Return the figures and what they say, for a terminal."""
    figures = Table(
        title=f"arXiv {report.number}: {METRICS[report.figures[0].metric]}", caption=_note(report)
    )
    says = Table(title="what the paper says, and what is found here")
    for table, (head, lines) in ((figures, figure_lines(report)), (says, finding_lines(report))):
        for name in head:
            table.add_column(name)
        for at, line in enumerate(lines):
            ends = table is figures and at + 1 < len(lines) and lines[at + 1][0] != line[0]
            table.add_row(*line, end_section=ends)
    return figures, says


def figure_lines(report: PaperReport) -> Lines:
    """Return head and lines: ours in per cent, a column per fold and SNR, then the published ones."""
    means = [one for one in report.figures if one.fold == MEAN]
    ours = means or report.figures
    columns = list(dict.fromkeys((one.fold, one.snr_db) for one in ours))
    found = {(one.model, one.method, one.fold, one.snr_db): one for one in ours}
    published = dict.fromkeys((row.model, row.method) for row in report.paper.rows)
    head = ["model", "method", *(_column(*column) for column in columns)]
    lines = []
    for model, method in dict.fromkeys([*((one.model, one.method) for one in ours), *published]):
        cells = [found.get((model, method, *column)) for column in columns]
        values = [report.paper.value(model, method, data) for data in report.paper.data]
        of_paper = ["" if value is None else f"{100 * value:.0f}" for value in values]
        lines.append([model, method, *(_cell(cell, len(columns)) for cell in cells), *of_paper])
    return [*head, *(f"published, {data}" for data in report.paper.data)], lines


def finding_lines(report: PaperReport) -> Lines:
    """Return head and lines: what is spoken of, what the paper says, and ours by model and fold."""
    says = {one.what: one.says for one in report.paper.findings}
    columns = list(dict.fromkeys((one.model, one.fold) for one in report.findings))
    found = {(one.what, one.model, one.fold): one for one in report.findings}
    names = dict.fromkeys([*says, *(one.what for one in report.findings)])
    lines = [
        [what, says.get(what, ""), *(_finding(found.get((what, *column))) for column in columns)]
        for what in names
    ]
    return ["", "paper", *(f"{model}, fold {fold}" for model, fold in columns)], lines


def _column(fold: str, snr_db: float) -> str:
    return f"{fold if fold == MEAN else f'fold {fold}'}, {condition(snr_db)}"


def _cell(figure: PaperFigure | None, columns: int) -> str:
    if figure is None:
        return ""
    interval = f" [{100 * figure.low:.1f}, {100 * figure.high:.1f}]" if columns <= _FEW else ""
    return f"{100 * figure.value:.1f}{interval}"


def _finding(finding: Finding | None) -> str:
    if finding is None:
        return ""
    if finding.what.startswith("best"):
        return f"{finding.value:g} ({finding.low:g} to {finding.high:g})"
    is_loss = finding.what.startswith("lost")
    shown = f"{finding.value:.1f}" if is_loss else f"{finding.value:+.1f}"
    return shown if finding.low == finding.high else f"{shown} ({finding.low:+.1f} to {finding.high:+.1f})"


def _note(report: PaperReport) -> str:
    is_mean = any(one.fold == MEAN for one in report.figures)
    ours = dict.fromkeys((one.fold, one.snr_db) for one in report.figures)
    brackets = "brackets: lowest and highest fold" if is_mean else "brackets: 95 % intervals"
    if not is_mean and len(ours) > _FEW:
        brackets = "intervals: --out DIR, or --json"
    prompts: Sequence[int] = PROTOCOLS[report.number].prompts
    named = " prompt-1 to 5 are zero-shot in other templates." if prompts else ""
    return (
        f"In %, of {report.data}; {brackets}.{named} Of a number that is tried: the best in "
        "hindsight, and where others are within a point of it; of gains, in points: the mean over SNRs and "
        "variants, smallest and largest."
    )
