"""The running spectrogram of the sound: pitch upwards, time to the right, now at the right edge.

Above it a lane shows where events began and how long they lasted. Moments that were not heard are hatched:
they must not look like silence.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

from monitor.tui.shown import Column, ShownEvent
from monitor.tui.state import TICK_S
from monitor.tui.strips import Piece, line
from monitor.tui.theme import (
    BAR_BACK,
    DIM,
    EVENT,
    HATCH,
    SHADES,
    SHAPES,
    SPECTROGRAM_STEPS,
    TEXT,
    URGENT,
    spectrogram_style,
)
from monitor.tui.view import View
from monitor.wording import called

GUTTER = 6
"""Cells at the left for the words of the pitch axis."""

HEADROOM_DB = 8.0
"""The darkest colour lies this far below a band's share of the floor, so that a quiet place still moves."""

RANGE_DB = 55.0
"""From the darkest to the brightest colour."""

LOWEST_FLOOR_DBFS = -90.0
"""A floor below this counts as this, so that a dead input does not paint its own noise."""

STALE_S = 0.35
UNHEARD = -1
_HATCH = Style(color="#4a5568", bgcolor=BAR_BACK)


def spectrogram_lines(view: View, width: int, height: int) -> list[Strip]:
    """Return a lane of events and `height` - 1 rows of spectrogram."""
    columns = _visible(view, width - GUTTER)
    rows = height - 1
    steps = _steps(columns, rows if view.mono else rows * 2)
    spectrogram = _shaded(steps) if view.mono else _coloured(steps)
    labels = _axis(rows)
    body = [line([(label, DIM), *cells], width) for label, cells in zip(labels, spectrogram, strict=True)]
    return [line([("      ", TEXT), *_lane(view, columns)], width), *body]


def _axis(rows: int) -> list[str]:
    words = {0: "high", rows - 1: "low"} if rows > 1 else {}
    if rows >= 5:
        words[rows // 2] = "pitch"
    return [words.get(row, "").rjust(GUTTER - 1) + " " for row in range(rows)]


def _visible(view: View, width: int) -> list[Column]:
    """Return exactly `width` columns, the newest last; unheard ones before the first and after the last."""
    columns = view.state.columns
    late_s = view.now_s - view.state.level_seen_s
    late = min(width, int(late_s / TICK_S)) if columns and late_s > STALE_S else 0
    shown = list(columns[-(width - late) :]) if width > late else []
    last_s = columns[-1].seen_s if columns else view.now_s
    shown += [Column(last_s + (k + 1) * TICK_S, None) for k in range(late)]
    first_s = shown[0].seen_s if shown else last_s
    missing = width - len(shown)
    return [Column(first_s - (missing - k) * TICK_S, None) for k in range(missing)] + shown


def _steps(columns: list[Column], pixels: int) -> NDArray[np.int64]:
    """Return the colour step of every pixel, int (pixels, columns), high pitch first, or `UNHEARD`."""
    steps = np.full((pixels, len(columns)), UNHEARD, dtype=np.int64)
    heard = [(x, c.level) for x, c in enumerate(columns) if c.level is not None and c.level.bands_dbfs]
    count = len(heard[-1][1].bands_dbfs) if heard else 0
    heard = [(x, level) for x, level in heard if len(level.bands_dbfs) == count]
    if not heard:
        return steps
    bands = np.array([level.bands_dbfs for _, level in heard], dtype=np.float64)
    floors = np.array([max(level.floor_dbfs, LOWEST_FLOOR_DBFS) for _, level in heard])
    share = (bands - (floors - 10.0 * np.log10(count) - HEADROOM_DB)[:, None]) / RANGE_DB
    edges = np.linspace(0, count, pixels + 1)
    starts = np.minimum(edges[:-1].astype(np.int64), count - 1)
    pooled = np.maximum.reduceat(share, starts, axis=1) if pixels <= count else share[:, starts]
    steps[:, [x for x, _ in heard]] = np.clip(pooled * SPECTROGRAM_STEPS, 0, SPECTROGRAM_STEPS - 1).T[::-1]
    return steps


def _coloured(steps: NDArray[np.int64]) -> list[list[Piece]]:
    """Return rows of half blocks: two pixels in each cell, equal neighbours joined."""
    rows = []
    for upper, lower in zip(steps[::2].tolist(), steps[1::2].tolist(), strict=True):
        runs = [(pair, sum(1 for _ in run)) for pair, run in groupby(zip(upper, lower, strict=True))]
        rows.append([_run(*pair, count) for pair, count in runs])
    return rows


def _run(upper: int, lower: int, count: int) -> Piece:
    """Return `count` equal cells of two pixels each."""
    if UNHEARD in (upper, lower):
        return HATCH * count, _HATCH
    return ("▀" if upper != lower else " ") * count, spectrogram_style(upper, lower)


def _shaded(steps: NDArray[np.int64]) -> list[list[Piece]]:
    """Return rows of shades for terminals without colour."""
    marks = [SHADES[step * len(SHADES) // SPECTROGRAM_STEPS] for step in range(SPECTROGRAM_STEPS)] + [HATCH]
    return [[("".join(marks[step] for step in row), TEXT)] for row in steps.tolist()]


def _lane(view: View, columns: list[Column]) -> list[Piece]:
    """Return one row that says which events began where, and until when they lasted."""
    times = [column.seen_s for column in columns]
    cells: list[Piece] = [(" ", DIM)] * len(columns)
    for heard in [*reversed(view.state.past_events[:20]), *reversed(view.state.open_events)]:
        _mark(cells, times, heard)
    return [("".join(text for text, _ in run), style) for style, run in groupby(cells, key=lambda c: c[1])]


def _mark(cells: list[Piece], times: list[float], heard: ShownEvent) -> None:
    """Draw one event into `cells`, from its onset to its end or to now."""
    style = URGENT if heard.event.urgent else EVENT
    stop = len(cells) if heard.open else bisect_left(times, heard.ended_s)
    start = bisect_left(times, heard.began_s)
    if not cells or start >= len(cells) or (start >= stop and not heard.open) or stop <= 0:
        return
    for x in range(start, stop):
        cells[x] = ("─", style)
    shape = "…" if heard.began_s < times[0] else SHAPES["urgent" if heard.event.urgent else "event"]
    label = shape + called(heard.event)
    if cell_len(label) != len(label):
        label = label[0]
    for x, letter in enumerate(label[: len(cells) - start], start):
        cells[x] = (letter, style)
