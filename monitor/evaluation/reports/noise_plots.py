"""The curves of `monitor eval noise`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

from monitor.evaluation.eval_noise import GridRow
from monitor.evaluation.metrics.clip_figures import LESS, ClipRow
from monitor.evaluation.reports.clip_tables import condition
from monitor.evaluation.reports.plotting import new_figure

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f3c8d")
"""Told apart with any kind of colour vision (M. Okabe and K. Ito, 2008; not its yellow, pale as a line)."""
_DASHES = ("-", "--", ":", "-.")


def draw(path: Path, rows: Sequence[ClipRow]) -> bool:
    """Draw the first metric against SNR, a line per method, a panel per model; False without matplotlib."""
    own = [row for row in rows if row.metric == rows[0].metric and _is_drawn(row)]
    snrs, models = sorted({row.snr_db for row in own}), list(dict.fromkeys(row.model for row in own))
    methods = list(dict.fromkeys(row.method for row in own))
    figure = new_figure(5.0 * len(models) + 2.5, 4.5)
    if figure is None:
        return False
    panels = figure.subplots(1, len(models), sharey=True, squeeze=False)[0]
    for axes, model in zip(panels, models, strict=True):
        for at, method in enumerate(methods):
            line = {row.snr_db: 100 * row.value for row in own if (row.model, row.method) == (model, method)}
            style = {"color": "black", "linewidth": 2.5} if at == 0 else _style(at - 1)
            axes.plot(range(len(snrs)), [line[snr_db] for snr_db in snrs], label=method, **style)
        axes.set(title=model, xlabel="SNR, dB")
        names = [condition(snr_db).removesuffix(" dB") for snr_db in snrs]
        axes.set_xticks(range(len(snrs)), names, rotation=90 if len(snrs) > 12 else 0)
        axes.grid(alpha=0.3)
    _finish(figure, panels[:1], rows[0].metric, path)
    return True


def draw_grid(path: Path, rows: Sequence[GridRow], parameter: str) -> bool:
    """Draw a metric against the values of a grid, a line per SNR, a panel per model and method."""
    own = [row for row in rows if row.parameter == parameter]
    models, methods = (
        list(dict.fromkeys(names)) for names in zip(*((r.model, r.method) for r in own), strict=True)
    )
    figure = new_figure(4.0 * len(methods) + 1.5, 3.5 * len(models))
    if figure is None:
        return False
    panels = figure.subplots(len(models), len(methods), sharey="row", squeeze=False)
    from matplotlib import colormaps

    snrs = sorted({row.snr_db for row in own}, reverse=True)
    for axes, (model, method) in zip(panels.flat, product(models, methods), strict=True):
        for at, snr_db in enumerate(snrs):
            line = [row for row in own if (row.model, row.method, row.snr_db) == (model, method, snr_db)]
            places, values = [row.at for row in line], [100 * row.value for row in line]
            colour = colormaps["viridis"](0.9 * at / max(1, len(snrs) - 1))
            axes.plot(places, values, ".-", color=colour, label=condition(snr_db))
        axes.set(title=f"{model}: {method}", xlabel=parameter, xscale="log" if parameter == "k" else "linear")
        axes.grid(alpha=0.3)
    _finish(figure, panels[:, 0], own[0].metric, path)
    return True


def _is_drawn(row: ClipRow) -> bool:
    """Leave out differences, and prompts: so many lines that none could be followed."""
    return LESS not in row.model + row.method and not row.method.startswith("prompt-")


def _style(at: int) -> dict[str, Any]:
    dashes = _DASHES[at // len(_COLOURS) % len(_DASHES)]
    return {"color": _COLOURS[at % len(_COLOURS)], "linestyle": dashes, "marker": "."}


def _finish(figure: Any, panels: Sequence[Any], metric: str, path: Path) -> None:
    """Name the vertical axis of some panels, explain the lines, and save."""
    for axes in panels:
        axes.set_ylabel({"top1": "top-1, %"}.get(metric, "average precision, %"))
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right center")
    figure.savefig(path, dpi=110)
