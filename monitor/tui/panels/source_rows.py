"""Where there are several sources: one row for each, the worst first, so that none falls silent unnoticed."""

from __future__ import annotations

from collections import Counter

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

from monitor.bus.messages import Health
from monitor.tui.headline import worst_first
from monitor.tui.panels.meter import STALE_S
from monitor.tui.readable import duration
from monitor.tui.state import State
from monitor.tui.strips import Piece, fit, line
from monitor.tui.theme import BANNERS, DIM, EVENT, GOOD, MUTED, SHAPES, STRONG, TEXT, URGENT
from monitor.tui.view import View
from monitor.wording import HEARING, SOURCE_STATE, called, hard_of_hearing

NAME = 30
"""Cells of number and name at most."""


def sources_lines(view: View, width: int, height: int) -> list[Strip]:
    """Return `height` rows; the last one counts the sources for which there is no row."""
    states = worst_first(view)
    names = max((cell_len(view.tag(health.source_id)) for health in view.healths), default=0)
    shown = states if len(states) <= height else states[: height - 1]
    lines = [line(_row(view, state, min(NAME, names)), width) for state in shown]
    if len(shown) < len(states):
        lines.append(line([(_rest(states[len(shown) :]), TEXT)], width))
    return lines + [line([], width)] * (height - len(lines))


def _row(view: View, state: State, names: int) -> list[Piece]:
    if state.health is None:
        return []
    here = state is view.state
    return [
        (" ▶ " if here else "   ", EVENT if here else DIM),
        (fit(view.tag(state.health.source_id), names) + "  ", STRONG if here else TEXT),
        *_condition(view, state, state.health),
    ]


def _condition(view: View, state: State, health: Health) -> list[Piece]:
    """Return what a source does, or what sounds there."""
    if view.contact != "alive":
        return [("? UNKNOWN", DIM)]
    words = SOURCE_STATE[health.state]
    since = f" since {duration(view.now_s - state.state_since_s)}"
    why = f" {health.reason.rstrip('.')}" if health.reason else ""
    match health.state:
        case "lost" | "failing" | "silent":
            paused = " and paused" * health.paused
            return [(f" {SHAPES['fault']} {words}{since}{paused} ", BANNERS["fault"]), (why, TEXT)]
        case "paused" | "starting" | "ended":
            shape = SHAPES["waiting" if health.state == "starting" else health.state]
            return [(f" {shape} {words}{since} {why}", MUTED)]
        case "running":
            return _heard(view, state)


def _heard(view: View, state: State) -> list[Piece]:
    fresh = state.level if view.now_s - state.level_seen_s < STALE_S else None
    pieces: list[Piece] = []
    if state.health is not None and hard_of_hearing(state.health):
        pieces.append((f" {SHAPES['impaired']} {HEARING[state.health.hearing]} ", BANNERS["impaired"]))
    pieces += [(f" ● {fresh.level_dbfs:4.0f} dBFS" if fresh else " ● running", GOOD)]
    for heard in state.open_events:
        style: Style = URGENT if heard.event.urgent else EVENT
        shape = SHAPES["urgent" if heard.event.urgent else "event"]
        pieces.append((f"  {shape} {called(heard.event)} {heard.peak_score:.2f}", style))
    return pieces


def _rest(states: list[State]) -> str:
    counts = Counter(SOURCE_STATE[state.health.state] for state in states if state.health)
    return f"   {len(states)} more: " + ", ".join(f"{count} {words}" for words, count in counts.items())
