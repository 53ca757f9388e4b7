"""Several models on the very same mixtures, laid side by side: a line for each, a column for each method.

This is the table of Kushwaha and Fuentes (arXiv 2306.12300) for one collection of clips, where zero-shot,
tgap and a method that knows labels are among the methods.
"""

from __future__ import annotations

from rich.table import Table

from monitor.evaluation.eval_noise import NoiseReport
from monitor.evaluation.metrics.clip_figures import LESS, ClipRow
from monitor.evaluation.reports.clip_tables import METRICS, condition, with_interval


def models_side_by_side(report: NoiseReport) -> Table | None:
    """Return them for a terminal; None where there is one model."""
    found = side_by_side_lines(report)
    if found is None:
        return None
    head, lines = found
    table = Table(*head, title=f"models side by side: {METRICS[report.rows[0].metric]}, %")
    for at, line in enumerate(lines):
        ends = at + 1 < len(lines) and lines[at + 1][0] != line[0]
        table.add_row(*line, end_section=ends)
    return table


def side_by_side_lines(report: NoiseReport) -> tuple[list[str], list[list[str]]] | None:
    """Return head and lines, the first metric in per cent with its interval; None: there is one model."""
    first = report.rows[0].metric if report.rows else ""
    rows = [row for row in report.rows if row.metric == first and _is_of_one(row)]
    models = list(dict.fromkeys(row.model for row in rows))
    if len(models) < 2:
        return None
    methods = list(dict.fromkeys(row.method for row in rows))
    found = {(row.snr_db, row.model, row.method): with_interval(row) for row in rows}
    lines = [
        [condition(snr_db), model, *(found[snr_db, model, method] for method in methods)]
        for snr_db in dict.fromkeys(row.snr_db for row in rows)
        for model in models
    ]
    return ["", "model", *methods], lines


def _is_of_one(row: ClipRow) -> bool:
    return LESS not in row.model + row.method
