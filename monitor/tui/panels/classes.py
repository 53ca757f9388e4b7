"""The listed classes: what each scores now, against its threshold, and what is being done with it."""

from __future__ import annotations

from rich.style import Style
from textual.strip import Strip

from monitor.records import ClassState
from monitor.tui.lines import Piece, bar, fit, line, marked
from monitor.tui.theme import (
    BAR_BACK,
    DIM,
    EVENT,
    GOOD,
    HEADING,
    HEADING_DIM,
    MARK,
    MUTED,
    SHAPES,
    STRONG,
    TEXT,
    URGENT,
)
from monitor.tui.view import View
from monitor.tui.words import spoken

NUMBERS = 11
"""Cells of ` 0.87/0.50 `: score and onset threshold."""
STATE = 10


def classes_lines(view: View, width: int, height: int) -> list[Strip]:
    """Return a heading, the classes (scrolled so that the selected one shows) and the nearest other sound."""
    name_width, bar_width = _split(view, width)
    heading = [
        (fit(" classes", 3 + name_width + bar_width), HEADING),
        (fit("score/from ", NUMBERS, "right"), HEADING_DIM),
        (fit("state", STATE), HEADING_DIM),
    ]
    classes = view.state.classes
    room = max(1, height - 2)
    selected = min(view.selected, max(0, len(classes) - 1))
    first = max(0, min(selected - room // 2, len(classes) - room))
    sounding = {heard.event.class_ for heard in view.state.open_events}
    rows = [
        _row(view, entry, (name_width, bar_width), index == selected, entry.class_ in sounding)
        for index, entry in enumerate(classes[first : first + room], first)
    ]
    hidden = len(classes) - len(rows)
    lines = [line(heading, width, HEADING), *(line(row, width) for row in rows)]
    lines += [line([], width)] * (height - 1 - len(lines))
    return [*lines[: height - 1], line(_other(view, hidden), width)]


def _split(view: View, width: int) -> tuple[int, int]:
    """Return the cells of name and bar."""
    rest = width - 3 - NUMBERS - STATE
    longest = max((len(spoken(entry.class_)) for entry in view.state.classes), default=8)
    name = max(4, min(longest, rest // 2))
    return name, max(0, rest - name - 1) if rest > name else 0


def _row(
    view: View, entry: ClassState, widths: tuple[int, int], selected: bool, sounding: bool
) -> list[Piece]:
    name_width, bar_width = widths
    scores = view.state.scores
    score = scores.scores.get(entry.class_) if scores else None
    name_style = STRONG if selected or sounding else TEXT
    pieces: list[Piece] = [
        ("▶ " if selected else "  ", EVENT if selected else DIM),
        (fit(spoken(entry.class_), name_width) + " ", name_style),
    ]
    if bar_width:
        pieces += [*_score_bar(score or 0.0, entry, bar_width), (" ", TEXT)]
    number = f"{score:.2f}" if score is not None else " -- "
    above = score is not None and score >= entry.onset_threshold and not entry.muted
    pieces += [(f" {number}", STRONG if above else TEXT), (f"/{entry.onset_threshold:.2f} ", DIM)]
    return [*pieces, _state(entry, sounding)]


def _score_bar(score: float, entry: ClassState, width: int) -> list[Piece]:
    ink = MUTED if entry.muted else EVENT if score >= entry.onset_threshold else GOOD
    style = Style(color=ink.color, bgcolor=BAR_BACK)
    place = min(width - 1, int(entry.onset_threshold * width))
    return marked(bar(score, width), {place: ("┃", MARK + Style(bgcolor=BAR_BACK))}, style)


def _state(entry: ClassState, sounding: bool) -> Piece:
    if entry.muted:
        return fit("⊘ muted", STATE), MUTED
    if sounding:
        return (
            (f"{SHAPES['urgent']} SOUNDS", URGENT) if entry.urgent else (f"{SHAPES['event']} SOUNDS", EVENT)
        )
    return ("△ urgent", DIM) if entry.urgent else ("· quiet", DIM)


def _other(view: View, hidden: int) -> list[Piece]:
    scores = view.state.scores
    if scores is None:
        return [("  waiting for the first scores", DIM)]
    more = f"  ({hidden} more classes: ↑ ↓)" if hidden else ""
    return [("  other: ", DIM), (f"{spoken(scores.other)} {scores.other_score:.2f}", TEXT), (more, DIM)]
