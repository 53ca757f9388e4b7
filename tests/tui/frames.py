"""The whole screen of a view as lines, without a terminal: the layout and all parts put together."""

from __future__ import annotations

from rich.segment import Segment
from textual.strip import Strip

from monitor.tui.headline import headline
from monitor.tui.layout import SIDE_BY_SIDE, Wanted, rows_for, table_heights, table_widths
from monitor.tui.panels.alerts import alerts
from monitor.tui.parts import PARTS
from monitor.tui.theme import TEXT
from monitor.tui.themes import themed
from monitor.tui.view import View


def frame(view: View, width: int, height: int) -> list[Strip]:
    """Return the rows of the screen, top to bottom, in the standard colours."""
    wanted = Wanted(len(view.healths) or 1, len(alerts(view)), view.maker, headline(view).alarm)
    rows = rows_for(height, wanted)
    lines: list[Strip] = []
    for name in ("banner", "alerts", "hearing", "meter", "spectrogram", "tables", "why", "status", "footer"):
        count = getattr(rows, name)
        if count:
            lines += _tables(view, width, count) if name == "tables" else PARTS[name](view, width, count)
    return lines


def _tables(view: View, width: int, height: int) -> list[Strip]:
    widths, heights = table_widths(width), table_heights(width, height)
    classes, events = (
        PARTS[name](view, *size) if all(size) else []
        for name, *size in zip(("classes", "events"), widths, heights, strict=True)
    )
    if width < SIDE_BY_SIDE:
        return [*classes, *events]
    gap = [Segment(" ", TEXT)]
    return [Strip([*left, *gap, *right]) for left, right in zip(classes, events, strict=True)]


def in_theme(lines: list[Strip], theme: str) -> list[Strip]:
    """Return `lines` in other colours."""
    return [Strip([Segment(text, themed(style or TEXT, theme)) for text, style, _ in line]) for line in lines]
