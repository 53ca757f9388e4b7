"""Level meter: how loud it is, where the background's floor is, and how far above it the sound stands."""

from __future__ import annotations

from rich.style import Style
from textual.strip import Strip

from monitor.bus.messages import Level
from monitor.tui.readable import ACTIVITY
from monitor.tui.strips import Piece, bar, cell, fit, line, marked
from monitor.tui.theme import BAR_BACK, DIM, EVENT, GOOD, MARK, STRONG, TEXT, URGENT
from monitor.tui.view import View
from monitor.wording import over_background

LOWEST_DBFS = -90.0
CLIPPING_DBFS = -0.3
STALE_S = 1.0
_INK = {"silent": DIM, "low": GOOD, "normal": GOOD, "high": EVENT}


def meter_lines(view: View, width: int, height: int) -> list[Strip]:
    """Return one row, or a bar with a row of words below it where there is room."""
    level = view.state.level
    if level is None or view.now_s - view.state.level_seen_s > STALE_S:
        words: list[Piece] = [(" level  ", DIM), ("no sound is being measured", TEXT)]
        return [line(words, width), *_blank(width, height - 1)]
    if height == 1:
        numbers = _words(level, brief=width < 100)
        return [line([*_scale(level, width - sum(len(text) for text, _ in numbers)), *numbers], width)]
    wide = [*_words(level, brief=False), (f" · peak {level.peak_dbfs:.0f} dBFS", DIM)]
    return [
        line([*_scale(level, width - 1), (" ", TEXT)], width),
        line([("      ", TEXT), *wide], width),
        *_blank(width, height - 2),
    ]


def _blank(width: int, count: int) -> list[Strip]:
    return [line([], width) for _ in range(max(0, count))]


def _place(level_dbfs: float, width: int) -> int:
    """Return the cell of a level on a scale of `width` cells from `LOWEST_DBFS` to full scale."""
    return cell((level_dbfs - LOWEST_DBFS) / -LOWEST_DBFS, width)


def _scale(level: Level, width: int) -> list[Piece]:
    label = " level "
    cells = max(8, width - len(label))
    ink = _INK[level.activity].color
    style = Style(color=ink, bgcolor=BAR_BACK)
    text = bar((level.level_dbfs - LOWEST_DBFS) / -LOWEST_DBFS, cells)
    mark = MARK + Style(bgcolor=BAR_BACK)
    marks = {_place(level.peak_dbfs, cells): ("╎", mark), _place(level.floor_dbfs, cells): ("┃", mark)}
    return [(label, DIM), *marked(text, marks, style)]


def _words(level: Level, *, brief: bool) -> list[Piece]:
    pieces: list[Piece] = [
        (f" {level.level_dbfs:4.0f} dBFS", STRONG),
        ("  " if brief else f" · ┃ floor {level.floor_dbfs:.0f} · ", DIM),
        (fit(over_background(level.snr_db), 31), TEXT),
        (fit(ACTIVITY[level.activity], 8), _INK[level.activity]),
    ]
    return [*pieces, (" CLIPPING", URGENT)] if level.peak_dbfs >= CLIPPING_DBFS else pieces
