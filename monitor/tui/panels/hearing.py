"""Whether each source is heard, always in the same place, as a word, a shape and a colour.

One row for each source, the worst first, so that none falls silent unnoticed.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

from monitor.bus.messages import Event, Health
from monitor.tui.headline import FAULTS, worst_first
from monitor.tui.panels.meter import STALE_S
from monitor.tui.readable import ACTIVITY, duration
from monitor.tui.state import State
from monitor.tui.strips import Piece, bar, fit, line
from monitor.tui.theme import BANNERS, BAR_BACK, DIM, EVENT, GOOD, HEARS, SHAPES, STRONG, TEXT, URGENT
from monitor.tui.view import View
from monitor.wording import HEARING, SOURCE_STATE, called, hard_of_hearing, self_tested

NAME = 30
"""Cells of number and name at most."""

METER = 12
"""Cells of the bar that shows how loud it is."""

_QUIETEST_DBFS, _LOUDEST_DBFS = -75.0, -10.0
"""Ends of that bar."""

WORD = {
    "starting": "STARTING", "silent": "TOO QUIET", "lost": "LOST", "failing": "FAILING", "paused": "PAUSED",
    "ended": "ENDED", "running": "HEARS",
}  # fmt: skip
_BADGE = 15
"""Cells of shape and word."""


class Condition(NamedTuple):
    """How a source is heard."""

    shape: str
    word: str
    style: Style


def hearing_lines(view: View, width: int, height: int) -> list[Strip]:
    """Return `height` rows; the last one counts the sources for which there is no row."""
    states = worst_first(view)
    if not states or view.contact != "alive":
        return [line(_nobody(view), width)] + [line([], width)] * (height - 1)
    if len(states) > height:
        states = sorted(states, key=lambda state: _need(view, state))
    shown = states if len(states) <= height else states[: height - 1]
    names = max((cell_len(_name(view, state.health)) for state in shown if state.health), default=0)
    lines = [line(_row(view, state, min(NAME, names, width // 3)), width) for state in shown]
    if len(shown) < len(states):
        lines.append(line([(_rest(states[len(shown) :]), TEXT)], width))
    return lines + [line([], width)] * (height - len(lines))


def _need(view: View, state: State) -> int:
    """Return how early a source is told of where there are more than rows: deaf, sounding, shown, others."""
    health = state.health
    if health is None or health.state in FAULTS:
        return 0
    if health.state == "running" and hard_of_hearing(health):
        return 1
    if state.open_events:
        return 2
    return 3 if state is view.state else 4


def condition(health: Health) -> Condition:
    """Return how a source is heard, as one shape, one word and one style."""
    if hard_of_hearing(health):
        return Condition(SHAPES["impaired"], HEARING[health.hearing], BANNERS["impaired"])
    match health.state:
        case "lost" | "failing" | "silent":
            return Condition(SHAPES["fault"], WORD[health.state], BANNERS["fault"])
        case "paused" | "ended":
            return Condition(SHAPES[health.state], WORD[health.state], BANNERS[health.state])
        case "starting":
            return Condition(SHAPES["waiting"], WORD[health.state], BANNERS["waiting"])
        case "running":
            return Condition("●", WORD[health.state], HEARS)


def _nobody(view: View) -> list[Piece]:
    """Return that nothing is heard, because there is no monitor, or none that has told anything."""
    if view.contact == "gone":
        since = duration(view.now_s - view.contact_since_s)
        badge = f" {SHAPES['fault']} MONITOR GONE "
        return [(badge, BANNERS["fault"]), (f" since {since}: nothing is heard", TEXT)]
    words = "NOT LISTENING YET" if view.doing is not None or view.contact == "alive" else "NO MONITOR"
    return [(f" {SHAPES['waiting']} {words} ", BANNERS["waiting"]), (" nothing is heard", TEXT)]


def _name(view: View, health: Health | None) -> str:
    return "" if health is None else view.tag(health.source_id) or health.source_name


def _row(view: View, state: State, names: int) -> list[Piece]:
    if state.health is None:
        return []
    here = view.several and state is view.state
    how = condition(state.health)
    return [
        (fit(f" {how.shape} {how.word} ", _BADGE), how.style),
        (" ▶ " if here else "   ", EVENT if here else DIM),
        (fit(_name(view, state.health), names) + "  ", STRONG if here or not view.several else TEXT),
        *_what(view, state, state.health),
    ]


def _what(view: View, state: State, health: Health) -> list[Piece]:
    """Return what sounds at a source, else why it is not heard, else how loud it is."""
    pieces: list[Piece] = []
    if health.state == "running":
        pieces += _level(view, state)
        pieces += [_sounding(heard.event) for heard in state.open_events]
    else:
        paused = " and paused" * (health.paused and health.state != "paused")
        pieces.append((f"since {duration(view.now_s - state.state_since_s)}{paused}  ", DIM))
    heard = health.hearing_reason or health.warning or _tested(health)
    why = heard if health.state == "running" else health.reason
    return [*pieces, (f"  {why.rstrip('.')}", TEXT)] if why else pieces


def _tested(health: Health) -> str | None:
    """Return that a self-test goes on, or did not pass."""
    test = health.self_test
    return None if test is None or test.state == "passed" else self_tested(test)


def _sounding(event: Event) -> Piece:
    shape, style = (SHAPES["urgent"], URGENT) if event.urgent else (SHAPES["event"], EVENT)
    return f"  {shape} {called(event)}", style


def _level(view: View, state: State) -> list[Piece]:
    level = state.level if view.now_s - state.level_seen_s < STALE_S else None
    if level is None:
        return [("no level  ", DIM)]
    if view.maker:
        return [(f"{level.level_dbfs:4.0f} dBFS ", GOOD)]
    share = (level.level_dbfs - _QUIETEST_DBFS) / (_LOUDEST_DBFS - _QUIETEST_DBFS)
    ink = EVENT if level.activity == "high" else GOOD
    words = fit(f" {ACTIVITY[level.activity]}", 9)
    return [(bar(share, METER), Style(color=ink.color, bgcolor=BAR_BACK)), (words, DIM)]


def _rest(states: list[State]) -> str:
    healths = [state.health for state in states if state.health]
    counts = Counter(
        HEARING[one.hearing] if one.state == "running" and hard_of_hearing(one) else SOURCE_STATE[one.state]
        for one in healths
    )
    return f"   {len(states)} more: " + ", ".join(f"{count} {words}" for words, count in counts.items())
