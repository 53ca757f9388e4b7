"""The event list: what sounds now, then what has sounded; near misses between them when asked for."""

from __future__ import annotations

from dataclasses import dataclass

from rich.style import Style
from textual.strip import Strip

from monitor.bus.messages import Event, NearMissMessage
from monitor.tui.readable import short_duration, when
from monitor.tui.shown import Nearly, ShownEvent
from monitor.tui.strips import Piece, fit, line
from monitor.tui.theme import DIM, EVENT, HEADING, HEADING_DIM, SHAPES, TEXT, URGENT
from monitor.tui.view import View
from monitor.wording import NEAR_MISS, called, ended_by, snr

FIXED = 24
"""Cells of shape, time, length and peak, which always show."""

_NEAR = ("class, ~ near miss", "~ near miss", "~ near", "~")
"""Heads the names while near misses are shown, long to short."""

NARROW_END, WIDE_END = 6, 13
"""Cells of the last column, which says how it ended."""


def events_lines(view: View, width: int, height: int) -> list[Strip]:
    """Return a heading and the rows that fit; open events stay on top while the rest scrolls."""
    shown, above = window(view, height - 1)
    body = [_listed_row(view, row, width) for row in shown]
    if not body:
        body = [[("  no events yet: they will be listed here", DIM)]]
    lines = [_heading(view, width, above), *(line(row, width) for row in body)]
    return (lines + [line([], width)] * (height - len(lines)))[:height]


def window(view: View, most_rows: int) -> tuple[list[ShownEvent | Nearly], int]:
    """Return the rows that show, the selected one among them, and how many past ones are above them."""
    sounding, past = view.open_events, view.past_rows
    rest = max(0, most_rows - len(sounding))
    at = view.cursor_at
    first = 0 if at is None else max(0, min(at - len(sounding) - rest + 1, len(past) - rest))
    return [*sounding[: max(0, most_rows)], *past[first : first + rest]], first


def _listed_row(view: View, row: ShownEvent | Nearly, width: int) -> list[Piece]:
    pieces = (
        _near_miss_row(view, row.miss, width) if isinstance(row, Nearly) else _event_row(view, row, width)
    )
    if row.key != view.cursor:
        return pieces
    (text, style), rest = pieces[0], pieces[1:]
    return [("▶", EVENT), (text[1:], style + Style(bold=True)), *rest]


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which columns there are."""

    name: int
    """Cells of the class name."""
    source: int
    """Cells of the source's number and name, with the blank before them; 0 where there is only one."""
    snr: bool
    level: bool
    wide: bool
    """The last column has room for words."""


def _columns(view: View, width: int) -> _Columns:
    rest = width - FIXED - (12 if view.several else 0)
    wide, snr, level = (rest >= 12 + WIDE_END + more for more in (0, 5, 11))
    names = width - FIXED - (WIDE_END if wide else NARROW_END) - 5 * snr - 6 * level
    source = max(2, min(24, names // 2)) if view.several else 0
    return _Columns(name=max(4, min(24, names - source)), source=source, snr=snr, level=level, wide=wide)


def _names(view: View, columns: _Columns, record: Event | NearMissMessage) -> str:
    """Return the class, and the source where there are several; of that at least the number shows."""
    where = fit(f" {view.tag(record.source_id)}", columns.source) if columns.source else ""
    return fit(called(record), columns.name) + where


def _heading(view: View, width: int, first: int) -> Strip:
    columns = _columns(view, width)
    names = _fitting(_NEAR if view.show_near_misses else ("class",), columns.name)
    names = fit(names, columns.name) + fit(" source", columns.source)
    words = f" {'events':<10} {names} {'lasts':>5} peak "
    words += " SNR " * columns.snr + " dBFS " * columns.level
    above = f"from {first + 1}" if columns.wide else f"↓{first + 1}"
    return line([(words, HEADING), (above if first else "", HEADING_DIM)], width, HEADING)


def _fitting(texts: tuple[str, ...], width: int) -> str:
    """Return the first of `texts` that fits, at worst the last one."""
    return next((text for text in texts if len(text) <= width), texts[-1])


def _event_row(view: View, heard: ShownEvent, width: int) -> list[Piece]:
    event = heard.event
    columns = _columns(view, width)
    shape = SHAPES["missed" if heard.missed else "recent"]
    if heard.open:
        shape = SHAPES["urgent" if event.urgent else "event"]
    time = when(event.onset_time, event.onset_position_s, view.today)
    text = (
        f" {shape} {time} {_names(view, columns, event)} "
        f"{short_duration(view.lasted_s(heard)):>5} {heard.peak_score:.2f} "
    )
    text += f"{snr(heard.snr_db):>4} " * columns.snr + f"{heard.level_dbfs:5.0f} " * columns.level
    if heard.ended_by is None and not view.hears(event.source_id):
        return [(text, TEXT), ("unknown" if columns.wide else "?", DIM)]
    if heard.ended_by is None:
        style = URGENT if event.urgent else EVENT
        return [(text, style), ("SOUNDS NOW" if columns.wide else "NOW", style)]
    if heard.missed:
        return [(text, TEXT), ("MISSED", URGENT)]
    ending = ended_by(heard.ended_by)
    return [(text, TEXT), (ending.label if columns.wide else ending.short, DIM)]


def _near_miss_row(view: View, miss: NearMissMessage, width: int) -> list[Piece]:
    columns = _columns(view, width)
    reason = NEAR_MISS[miss.reason].label
    if miss.reason == "below_threshold":
        reason += f" {miss.threshold:.2f}"
    time = when(miss.time, miss.position_s, view.today)
    text = f" ~ {time} {_names(view, columns, miss)} "
    if not columns.wide:
        return [(f"{text}{miss.score:.2f} {reason}", DIM)]
    text += f"{'near':>5} {miss.score:.2f} "
    text += f"{snr(miss.snr_db):>4} " * columns.snr + f"{miss.level_dbfs:5.0f} " * columns.level
    return [(text + reason, DIM)]
