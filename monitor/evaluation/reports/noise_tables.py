"""What `monitor eval noise` leaves behind: CSV, Markdown, plots, a table for the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from msgspec.structs import astuple, replace
from rich.table import Table

from monitor.evaluation.eval_noise import GridRow, NoiseReport
from monitor.evaluation.methods.method_runner import PROMPTS
from monitor.evaluation.methods.methods import ZERO_SHOT, parse_method
from monitor.evaluation.metrics.clip_figures import LESS, ClipRow
from monitor.evaluation.reports.clip_tables import METRICS, basis, conditions, figure_lines, rests_on
from monitor.evaluation.reports.model_tables import side_by_side_lines
from monitor.evaluation.reports.noise_plots import draw, draw_grid
from monitor.evaluation.reports.text_tables import markdown_table, write_csv
from monitor.evaluation.synthesis.plans import write_plans

_OVER = f"{LESS}{ZERO_SHOT.name}"
Kind = Callable[[ClipRow], bool]


def write_report(out: Path, report: NoiseReport) -> bool:
    """Write everything into the folder `out`; False where the plots need matplotlib and it is missing."""
    out.mkdir(parents=True, exist_ok=True)
    write_csv(out / "results.csv", report.rows)
    write_plans(out / "mixtures.jsonl", report.mixtures)
    (out / "results.md").write_text(markdown(report) + "\n", "utf-8")
    if report.grid:
        write_csv(out / "grid.csv", report.grid)
    names = dict.fromkeys(row.parameter for row in report.grid)
    drawn = [draw_grid(out / f"grid-{name}.png", report.grid, name) for name in names]
    return all([draw(out / "noise.png", report.rows), *drawn])


def terminal_table(report: NoiseReport) -> Table:
    """Return the first metric for a terminal, in per cent, and what is gained over zero-shot."""
    first = report.rows[0].metric
    gains = {
        (row.model, row.method.removesuffix(_OVER), row.snr_db): row
        for row in report.rows
        if row.metric == first and _is_gain(row)
    }
    lines: dict[tuple[str, str], list[str]] = {}
    for row in report.rows:
        if row.metric == first and _is_figure(row):
            cell = f"{100 * row.value:.1f}{_gain(gains.get((row.model, row.method, row.snr_db)))}"
            lines.setdefault((row.model, row.method), []).append(cell)
    caption = (
        f"{rests_on(report.mixtures)}; after each what is gained over zero-shot, * where the 95 % interval "
        "leaves out 0; all figures and intervals: --out DIR, or --json"
    )
    table = Table("model", "method", *conditions(report.rows), title=METRICS[first], caption=caption)
    for (model, method), cells in lines.items():
        table.add_row(model, method, *cells, end_section=method == list(lines)[-1][1])
    return table


def markdown(report: NoiseReport) -> str:
    """Return all figures, in per cent: each metric as methods x SNR, then what is gained over zero-shot."""
    parts = [basis(report.mixtures), *_notes(report)]
    head = ["model", "method", *conditions(report.rows)]
    for metric in dict.fromkeys(row.metric for row in report.rows):
        name = METRICS[metric].capitalize()
        for title, kind in (
            (name, _is_figure),
            (f"{name}: gained over zero-shot, draw by draw", _is_gain),
            (f"{name}: one model less another", _is_pair),
        ):
            if lines := _lines(report, metric, kind):
                parts += [f"## {title}", markdown_table(head, lines)]
    if beside := side_by_side_lines(report):
        parts += [f"## Models side by side: {METRICS[report.rows[0].metric]}", markdown_table(*beside)]
    if any(heard.drift for heard in report.heard):
        parts += ["## Drift directions", _DIRECTIONS, _drift(report)]
    if report.grid:
        parts += ["## Best of each grid, in hindsight", _HINDSIGHT, _best(report)]
        if lines := list(_by_themselves(report)):
            parts += [_THEMSELVES, markdown_table(["model", "", *conditions(report.rows)], lines)]
    return "\n\n".join(parts)


_HINDSIGHT = (
    "The value chosen at each SNR on these very mixtures: what no choice could beat, not what to expect."
)
_THEMSELVES = (
    "The best tau for the background, one for all mixtures of an SNR, and how far `auto`, which is given "
    "none, is from it, in points; no worse than -1 is the aim."
)
_DIRECTIONS = (
    "Of the plain directions: what they have in common moves no answer, since it adds the same to every "
    "class, and one with a cosine below 0 with its own class takes from that class."
)


def _notes(report: NoiseReport) -> Iterator[str]:
    settings = report.settings
    yield (
        f"tau {settings.tau_text:g} for text and {settings.tau_audio:g} for audio backgrounds, beta "
        f"{settings.beta:g}, k {settings.k}, {settings.shots} shots, unless a table says otherwise."
    )
    backgrounds = sum(bool(one.background) for one in report.mixtures)
    for heard in report.heard:
        overlap = (
            f" {heard.overlapping_backgrounds} of {backgrounds} backgrounds overlap what is in the mixture, "
            "for want of other sound of that recording."
        )
        pool = f" {heard.pool} clips to learn from." if heard.pool else ""
        yield f"{heard.model} (`{heard.identity}`):{overlap * bool(backgrounds)}{pool}".rstrip(":")
    prompts = {row.method for row in report.rows if row.method.startswith("prompt-") and _is_figure(row)}
    if prompts:
        said = (f"{name}: `{PROMPTS[int(name.removeprefix('prompt-')) - 1]}`" for name in sorted(prompts))
        yield "; ".join(said) + "."


def _lines(report: NoiseReport, metric: str, kind: Kind) -> list[list[str]]:
    rows = (row for row in report.rows if row.metric == metric and kind(row))
    return figure_lines(rows, lambda row: row.method.removesuffix(_OVER))


def _gain(row: ClipRow | None) -> str:
    if row is None:
        return ""
    return f" {100 * row.value:+.1f}{'*' if row.low > 0.0 or row.high < 0.0 else ''}"


def _drift(report: NoiseReport) -> str:
    lines = [
        [heard.model, *(f"{figure:.2f}" for figure in astuple(heard.drift))]
        for heard in report.heard
        if heard.drift is not None
    ]
    head = ["model", "cosine of two classes", "variance along the common direction", "cosine with the class"]
    return markdown_table(head, lines)


def _best(report: NoiseReport) -> str:
    lines = [[*names, *map(_at_best, best.values())] for names, best in _best_rows(report.grid).items()]
    return markdown_table(["model", "method", "grid", *conditions(report.rows)], lines)


def _by_themselves(report: NoiseReport) -> Iterator[list[str]]:
    """Yield the best tau of each method that has one, and `auto` beside it, which needs none."""
    figures = {(row.model, row.method, row.snr_db, row.metric): row.value for row in report.rows}
    measured = {(row.model, row.method) for row in report.rows}
    for (model, name, parameter), best in _best_rows(report.grid).items():
        method = parse_method(name)
        auto = replace(method, background="auto").name
        if parameter == "tau" and method.background == "audio" and (model, auto) in measured:
            yield [model, f"{name}, best tau", *map(_at_best, best.values())]
            less = (figures[model, auto, row.snr_db, row.metric] - row.value for row in best.values())
            yield [model, f"{auto} less that", *(f"{100 * value:+.1f}" for value in less)]


def _best_rows(grid: Sequence[GridRow]) -> dict[tuple[str, str, str], dict[float, GridRow]]:
    """Return the first of the best values: model, method and number -> SNR -> row."""
    found: dict[tuple[str, str, str], dict[float, GridRow]] = {}
    for row in grid:
        by_snr = found.setdefault((row.model, row.method, row.parameter), {})
        if row.snr_db not in by_snr or row.value > by_snr[row.snr_db].value:
            by_snr[row.snr_db] = row
    return found


def _at_best(row: GridRow) -> str:
    return f"{100 * row.value:.1f} at {row.at:g}"


def _is_pair(row: ClipRow) -> bool:
    return LESS in row.model


def _is_gain(row: ClipRow) -> bool:
    return LESS in row.method


def _is_figure(row: ClipRow) -> bool:
    return not _is_pair(row) and not _is_gain(row)
