"""Bars that stay until somebody does something: what urgent was missed, what urgent is muted."""

from __future__ import annotations

from textual.strip import Strip

from monitor.tui.readable import dated
from monitor.tui.shown import ShownEvent
from monitor.tui.strips import fit, line
from monitor.tui.theme import BANNERS, SHAPES, Kind
from monitor.tui.view import View
from monitor.wording import called


def alerts_lines(view: View, width: int, height: int) -> list[Strip]:
    """Return a bar for each thing to do, and blank rows below."""
    bars = [_bar(kind, text, width) for kind, text in alerts(view)[:height]]
    return bars + [line([], width)] * (height - len(bars))


def alerts(view: View) -> list[tuple[Kind, str]]:
    """Return what the bars say, the most important one first."""
    found: list[tuple[Kind, str]] = []
    if missed := view.missed_events:
        found.append(("missed", f"MISSED  {missed_words(view, missed)} · press a"))
    if muted := view.muted_urgent:
        names = ", ".join(called(entry).upper() for entry in muted)
        are = "are" if len(muted) > 1 else "is"
        found.append(("impaired", f"MUTED  {names} {are} urgent and will not be reported · select, then m"))
    return found


def missed_words(view: View, missed: list[ShownEvent]) -> str:
    """Return the classes of missed events, the newest first: the time of a single one, else how many."""
    by_class: dict[str, list[ShownEvent]] = {}
    for heard in missed:
        by_class.setdefault(called(heard.event).upper(), []).append(heard)
    return " · ".join(
        f"{name} x{len(all_of_it)}" if len(all_of_it) > 1 else f"{name} {_time(view, all_of_it[0])}"
        for name, all_of_it in by_class.items()
    )


def _time(view: View, heard: ShownEvent) -> str:
    """Return when it began, to the minute where it was heard live."""
    position_s = heard.event.onset_position_s
    text = dated(heard.event.onset_time, position_s, view.today)
    return text[:5] if position_s is None and text[2] == ":" else text


def _bar(kind: Kind, text: str, width: int) -> Strip:
    shape = SHAPES[kind] if kind != "impaired" else "⊘"
    return line([(fit(f" {shape} {text}", width), BANNERS[kind])], width, BANNERS[kind])
