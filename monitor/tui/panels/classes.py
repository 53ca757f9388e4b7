"""The listed classes: what each scores now, against its threshold, and what is being done with it."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

from monitor.bus.messages import ClassState, Health
from monitor.tui.strips import Piece, bar, cell, fit, line, marked
from monitor.tui.theme import (
    BAR_BACK,
    DIM,
    DOUBTFUL,
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
from monitor.wording import called, rarity, spoken

STATE = 9
"""Cells of the state: a shape and a word."""

NARROW = 46
"""Below this width the threshold is a mark in the bar, and a number for the selected class only."""

UNKNOWN_WORD = "? unknown word"
"""Of a class that the model does not know: that nothing is told of it does not mean that all is quiet."""

_SCALED = 13
"""A bar of so many cells has room for its scale."""
_HOURLY, _DAILY = 1.0 / (1.0 + 1.0), 1.0 / (1.0 + 1.0 / 24.0)
"""Scores that ordinary sound reaches once an hour, once a day."""


@dataclass(frozen=True, slots=True)
class _Columns:
    """Cells of each column."""

    name: int
    bar: int
    numbers: int
    """Score, and the onset threshold where there is room."""


def classes_lines(view: View, width: int, height: int) -> list[Strip]:
    """Return a heading, the classes (scrolled so that the selected one shows) and the nearest other sound."""
    columns = _columns(view, width)
    classes = view.state.classes
    most_rows = max(1, height - 2)
    first = first_shown(view, most_rows)
    sounding = {heard.event.class_ for heard in view.state.open_events if view.hearing}  # of the source shown
    rows = [
        _row(view, entry, columns, index == view.selected_at, entry.class_ in sounding)
        for index, entry in enumerate(classes[first : first + most_rows], first)
    ]
    lines = [_heading(view, columns, width), *(line(row, width) for row in rows)]
    lines.append(line(_other(view, width, len(classes) - len(rows)), width))
    return (lines + [line([], width)] * (height - len(lines)))[:height]


def first_shown(view: View, most_rows: int) -> int:
    """Return the place of the first class that shows, so that the selected one does."""
    return max(0, min(view.selected_at - most_rows // 2, len(view.state.classes) - most_rows))


def _columns(view: View, width: int) -> _Columns:
    numbers = 6 if width < NARROW else 11
    rest = width - 3 - numbers - STATE - 1
    longest = max((cell_len(called(entry)) for entry in view.state.classes), default=8)
    name = max(4, min(longest, rest - 7, 24))
    return _Columns(name=name, bar=max(0, rest - name), numbers=numbers)


def _heading(view: View, columns: _Columns, width: int) -> Strip:
    numbers = " score/from" if columns.numbers > 6 else "score "
    health = view.state.health
    where = f" at {view.tag(health.source_id)}" if health and view.several else ""
    words = fit(f" classes{where}", width - len(numbers) - STATE - 1) + numbers
    if health and health.calibrated and columns.bar >= _SCALED and not where:
        left = fit(" classes", columns.name + 3)
        words = left + fit(_scale(columns.bar), columns.bar) + numbers
    return line([(words, HEADING), (" state", HEADING_DIM)], width, HEADING)


def _scale(width: int) -> str:
    """Return where in a bar ordinary sound gets once an hour, and once a day."""
    hour, day = cell(rarity(_HOURLY), width), cell(rarity(_DAILY), width)
    return (" " * hour + "╷1/h")[:day].ljust(day) + "╷1/d"


def _row(view: View, entry: ClassState, columns: _Columns, selected: bool, sounding: bool) -> list[Piece]:
    score = view.state.scores.scores.get(entry.class_) if view.state.scores and view.hearing else None
    above = score is not None and score >= entry.onset_threshold and not entry.muted
    numbers = " --" if score is None else f" {score:.2f}"
    name: list[Piece] = [
        ("▶ " if selected else "  ", EVENT if selected else DIM),
        (fit(called(entry), columns.name) + " ", STRONG if selected or sounding else TEXT),
    ]
    if entry.unknown and not (sounding or entry.muted):
        free = columns.bar + columns.numbers + 1 + STATE
        return [*name, (fit(f"{UNKNOWN_WORD} {numbers}", free), DOUBTFUL)]
    return [
        *name,
        *_score_bar(score or 0.0, entry, columns.bar, view.state.health),
        (f"{numbers:<5}", STRONG if above else TEXT),
        (f"/{entry.onset_threshold:.2f} " if columns.numbers > 6 else " ", DIM),
        (" ", DIM),
        state_of(entry, sounding, above, view.hearing),
    ]


def _score_bar(score: float, entry: ClassState, width: int, health: Health | None) -> list[Piece]:
    along = rarity if health is not None and health.calibrated else float
    ink = MUTED if entry.muted else EVENT if score >= entry.onset_threshold else GOOD
    style = Style(color=ink.color, bgcolor=BAR_BACK)
    if not width:
        return []
    place = cell(along(entry.onset_threshold), width)
    return marked(bar(along(score), width), {place: ("┃", MARK + Style(bgcolor=BAR_BACK))}, style)


def state_of(entry: ClassState, sounding: bool, above: bool, hearing: bool) -> Piece:
    """Return a shape and a word for what a class does now."""
    if entry.muted:
        return ("⊘ MUTED!", URGENT) if entry.urgent else ("⊘ muted", MUTED)
    if not hearing:
        return "? unheard", DIM
    if sounding:
        return (
            (f"{SHAPES['urgent']} SOUNDS", URGENT) if entry.urgent else (f"{SHAPES['event']} SOUNDS", EVENT)
        )
    if above:
        return f"{SHAPES['waiting']} maybe", TEXT
    return ("△ quiet", DIM) if entry.urgent else ("· quiet", DIM)


def _other(view: View, width: int, hidden: int) -> list[Piece]:
    """Return what it sounds like beside the classes, and what has no room above."""
    scores = view.state.scores
    if not view.hearing:
        return [("  no scores: nothing is heard", DIM)]
    if scores is None:
        return [("  first window in a moment", DIM)]
    pieces: list[Piece] = [("  like ", DIM), (f"{spoken(scores.other)} {scores.other_score:.2f}", TEXT)]
    selected = view.selected_class
    if selected and width < NARROW:
        pieces.append((f" · ▶ told from {selected.onset_threshold:.2f}", DIM))
    if hidden:
        pieces.append((f" · {hidden} more ↑↓", DIM))
    return pieces
