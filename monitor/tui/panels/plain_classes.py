"""The listed classes in words: how often ordinary sound may be taken for each, and what it does now."""

from __future__ import annotations

from textual.strip import Strip

from monitor.bus.messages import ClassState
from monitor.tui.panels.classes import STATE, UNKNOWN_WORD, first_shown, state_of
from monitor.tui.strips import Piece, fit, line
from monitor.tui.theme import DIM, DOUBTFUL, EVENT, HEADING, HEADING_DIM, STRONG, TEXT
from monitor.tui.view import View
from monitor.wording import called, seldom

OFTEN = 12
"""Cells of how often."""

_STRICT = ((0.35, "easily"), (0.65, "when likely"), (1.0, "when sure"))
"""Up to which threshold a class is told how, where scores are not calibrated."""


def plain_classes_lines(view: View, width: int, height: int) -> list[Strip]:
    """Return a heading and the classes, scrolled so that the selected one shows."""
    classes = view.state.classes
    most_rows = max(1, height - 1)
    first = first_shown(view, most_rows)
    shown = classes[first : first + most_rows]
    names = max(4, min(width - 2 - 1 - OFTEN - 1 - STATE, 24))
    sounding = {heard.event.class_ for heard in view.state.open_events if view.hearing}
    rows = [
        _row(view, entry, names, index == view.selected_at, entry.class_ in sounding)
        for index, entry in enumerate(shown, first)
    ]
    if not classes:
        rows = [[("  no words yet", DIM)]]
    lines = [_heading(view, names, width, len(classes) - len(shown)), *(line(row, width) for row in rows)]
    return (lines + [line([], width)] * (height - len(lines)))[:height]


def _heading(view: View, names: int, width: int, hidden: int) -> Strip:
    health = view.state.health
    often = "false alarms" if health is None or health.calibrated else "is told"
    title = "listens for" if names >= 11 else "words"
    more = f"{hidden} more ↑↓" if hidden else ""
    if view.several and health:
        title = f"at {view.tag(health.source_id)}"
    left = fit(f" {title}", names + 2) + " " + fit(often, OFTEN)
    return line([(left, HEADING), (f" {more}", HEADING_DIM)], width, HEADING)


def _row(view: View, entry: ClassState, names: int, selected: bool, sounding: bool) -> list[Piece]:
    score = view.state.scores.scores.get(entry.class_) if view.state.scores and view.hearing else None
    above = score is not None and score >= entry.onset_threshold and not entry.muted
    chosen = selected and view.cursor is None
    name = fit(called(entry), names)
    if entry.unknown and not (sounding or entry.muted):
        now: list[Piece] = [(fit(UNKNOWN_WORD, OFTEN + 1 + STATE), DOUBTFUL)]
    else:
        state = state_of(entry, sounding, above, view.hearing)
        now = [(fit(often(view, entry), OFTEN) + " ", DIM), state]
    return [
        ("▶ " if chosen else "▷ " if selected else "  ", EVENT if chosen else DIM),
        (name + " ", STRONG if chosen or sounding else TEXT),
        *now,
    ]


def often(view: View, entry: ClassState) -> str:
    """Return how often ordinary sound may be taken for a class; uncalibrated, how easily it is told."""
    if view.state.health is not None and view.state.health.calibrated:
        return seldom(entry.onset_threshold)
    return next((words for most, words in _STRICT if entry.onset_threshold < most), "when sure")
