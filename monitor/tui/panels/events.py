"""The event list: what sounds now, then what has sounded; near misses between them when asked for."""

from __future__ import annotations

from datetime import datetime

from textual.strip import Strip

from monitor.records import NearMiss
from monitor.tui.lines import Piece, fit, line
from monitor.tui.state import Heard
from monitor.tui.theme import DIM, EVENT, HEADING, HEADING_DIM, SHAPES, TEXT, URGENT
from monitor.tui.view import View
from monitor.tui.words import ENDED_BY, NEAR_MISS, clock, short_duration, spoken

FIXED = 28
"""Cells of shape, time, length and peak, which always show."""


def events_lines(view: View, width: int, height: int) -> list[Strip]:
    """Return a heading and the rows that fit; open events stay on top while the rest scrolls."""
    sounding = [_event_row(view, heard, width) for heard in view.state.open_events]
    past = _past_rows(view, width)
    room = height - 1
    sounding = sounding[:room]
    rest = max(0, room - len(sounding))
    first = min(view.scroll, max(0, len(past) - rest))
    body = [*sounding, *past[first : first + rest]]
    if not body:
        body = [[("  no events yet: they will be listed here", DIM)]]
    lines = [_heading(view, width, first), *(line(row, width) for row in body)]
    return (lines + [line([], width)] * (height - len(lines)))[:height]


def _layout(width: int) -> tuple[int, bool, bool]:
    """Return the cells of the class name and whether SNR and level have a column."""
    rest = width - FIXED
    snr, level = rest >= 8 + 7 + 12, rest >= 10 + 7 + 6 + 14
    ended = 14 if level else 12
    return max(6, min(24, rest - 7 * snr - 6 * level - ended)), snr, level


def _heading(view: View, width: int, first: int) -> Strip:
    name, snr, level = _layout(width)
    words = f" {'events':<10} {fit('class', name)} {'lasted':>6}  peak "
    words += f"{'SNR dB':>6} " * snr + f"{'dBFS':>5} " * level
    near = "near misses on" if view.show_near_misses else ""
    tail = " · ".join(text for text in (near, f"from {first + 1}" if first else "") if text)
    return line([(words, HEADING), (tail, HEADING_DIM)], width, HEADING)


def _past_rows(view: View, width: int) -> list[list[Piece]]:
    rows: list[tuple[datetime, list[Piece]]] = [
        (heard.event.onset_time, _event_row(view, heard, width)) for heard in view.state.past_events
    ]
    if view.show_near_misses:
        rows += [(miss.time, _near_miss_row(miss, width)) for miss in view.state.near_misses]
    return [row for _, row in sorted(rows, key=lambda entry: entry[0], reverse=True)]


def _event_row(view: View, heard: Heard, width: int) -> list[Piece]:
    event = heard.event
    name, snr, level = _layout(width)
    shape = SHAPES["urgent" if event.urgent else "event"] if heard.open else SHAPES["recent"]
    text = (
        f" {shape} {clock(event.onset_time)} {fit(spoken(event.class_), name)} "
        f"{short_duration(heard.lasted_s(view.now)):>6}  {heard.peak_score:.2f} "
    )
    text += f"{heard.snr_db:+6.0f} " * snr + f"{heard.level_dbfs:5.0f} " * level
    if heard.ended_by is None:
        style = URGENT if event.urgent else EVENT
        return [(text, style), ("SOUNDS NOW", style)]
    return [(text, TEXT), (ENDED_BY.get(heard.ended_by, heard.ended_by), DIM)]


def _near_miss_row(miss: NearMiss, width: int) -> list[Piece]:
    name, snr, level = _layout(width)
    text = f" ~ {clock(miss.time)} {fit(spoken(miss.class_), name)} {'missed':>6}  {miss.score:.2f} "
    text += f"{miss.snr_db:+6.0f} " * snr + f"{miss.level_dbfs:5.0f} " * level
    reason = NEAR_MISS[miss.reason]
    return [
        (text, DIM),
        (f"{reason} {miss.threshold:.2f}" if miss.reason == "below_threshold" else reason, DIM),
    ]
