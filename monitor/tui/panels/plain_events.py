"""The events in words: what, when (with the day where that is not today), how long, how it ended."""

from __future__ import annotations

from rich.style import Style
from textual.strip import Strip

from monitor.tui.panels.events import window
from monitor.tui.readable import DATED, dated, short_duration
from monitor.tui.shown import Nearly, ShownEvent
from monitor.tui.strips import Piece, fit, line
from monitor.tui.theme import DIM, EVENT, HEADING, HEADING_DIM, SHAPES, STRONG, TEXT, URGENT
from monitor.tui.view import View
from monitor.wording import NOT_TOLD, called, ended_by

_FIXED = 1 + 2 + DATED + 1 + 1 + 5 + 1
"""Cells of mark, shape, time and length."""

_END, _WIDE_END = 6, 12


def plain_events_lines(view: View, width: int, height: int) -> list[Strip]:
    """Return a heading and the rows that fit; what sounds now stays on top while the rest scrolls."""
    shown, above = window(view, height - 1)
    body = [event_row(view, row, width) for row in shown]
    if not body:
        body = [[("  nothing yet; it will be listed here", DIM)]]
    day = f" · today is {view.today:%a %d %b}" if view.today is not None and width >= 38 else ""
    heading = [(f" events{day}", HEADING), (f"  ↑ {above} newer" if above else "", HEADING_DIM)]
    lines = [line(heading, width, HEADING), *(line(row, width) for row in body)]
    return (lines + [line([], width)] * (height - len(lines)))[:height]


def event_row(view: View, row: ShownEvent | Nearly, width: int) -> list[Piece]:
    """Return one row: what, when, how long, how it ended."""
    ending_len = _WIDE_END if width >= 60 else _END
    names = max(4, width - _FIXED - ending_len)
    source = max(2, min(20, names // 2)) if view.several else 0
    record = row.miss if isinstance(row, Nearly) else row.event
    where = fit(f" {view.tag(record.source_id)}", source) if source else ""
    name = fit(called(record), max(4, min(24, names - source))) + where
    mark: Piece = ("▶", EVENT) if row.key == view.cursor else (" ", TEXT)
    style = STRONG if row.key == view.cursor else TEXT
    if isinstance(row, Nearly):
        time = dated(row.miss.time, row.miss.position_s, view.today)
        reason = NOT_TOLD[row.miss.reason]
        return [mark, (f"~ {fit(time, DATED)} {name} nearly: {reason}", DIM)]
    event = row.event
    shape, ending, ink = _end(view, row, wide=width >= 60)
    time = dated(event.onset_time, event.onset_position_s, view.today)
    text = f"{shape} {fit(time, DATED)} {name} {short_duration(view.lasted_s(row)):>5} "
    now = row.open and view.hears(event.source_id)
    return [mark, (text, ink if now else style), (ending, ink)]


def _end(view: View, row: ShownEvent, *, wide: bool) -> tuple[str, str, Style]:
    """Return the shape, the last word and its style."""
    event = row.event
    if row.open and not view.hears(event.source_id):
        return SHAPES["recent"], "unknown" if wide else "?", DIM
    if row.open:
        kind, ink = ("urgent", URGENT) if event.urgent else ("event", EVENT)
        return SHAPES["urgent" if kind == "urgent" else "event"], "SOUNDS NOW" if wide else "NOW", ink
    if row.missed:
        return SHAPES["missed"], "MISSED", URGENT
    if event.urgent:
        return SHAPES["recent"], "seen", DIM
    ending = ended_by(row.ended_by or "quiet")
    return SHAPES["recent"], ending.label if wide else ending.short, DIM
