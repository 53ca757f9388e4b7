"""One line, always: why did nothing fire? The loudest moment without a name, and what came nearest."""

from __future__ import annotations

from rich.cells import cell_len
from textual.strip import Strip

from monitor.tui.loud_moments import LoudMoment, loudest
from monitor.tui.readable import dated
from monitor.tui.shown import Nearly
from monitor.tui.strips import Piece, fit, line
from monitor.tui.theme import DIM, TEXT
from monitor.tui.view import View
from monitor.wording import NEAR_MISS, NOT_TOLD, called, spoken

_WAYS = ((0, 0), (1, 0), (1, 1), (2, 1), (2, 2), (3, 2), (3, 3))
"""How short each half is, from whole sentences to little more than a time."""

PAST_S = 3600.0
"""So far back it looks, seconds."""


def why_words(view: View) -> tuple[str, str]:
    """Return both halves as sentences."""
    return f"{_loud_words(view, _loudest(view), 0)}.", f"{_near_words(view, _nearest(view), 0)}."


def why_lines(view: View, width: int, height: int) -> list[Strip]:
    """Return one row, and blank ones below."""
    loud, near = _loudest(view), _nearest(view)
    head = " no event: " if width >= 60 else " "
    free = width - len(head) - 3
    ways = [(_loud_words(view, loud, brief), _near_words(view, near, briefer)) for brief, briefer in _WAYS]
    texts = next((both for both in ways if _width(both) <= free), ways[-1])
    pieces: list[Piece] = [(head, DIM), (texts[0], TEXT), (" │ ", DIM), (texts[1], TEXT)]
    shown = fit("".join(text for text, _ in pieces), width)
    first = line(pieces if _width(texts) <= free else [(shown, TEXT)], width)
    return [first] + [line([], width)] * (height - 1)


def _width(texts: tuple[str, str]) -> int:
    return cell_len(texts[0]) + cell_len(texts[1])


def _loudest(view: View) -> tuple[LoudMoment, float | None] | None:
    """Return the loudest moment of all sources, and its place in a recording."""
    found = [
        (moment, state)
        for state in view.everywhere
        if (moment := loudest(state.loud_moments, view.now_s - PAST_S)) is not None
    ]
    if not found:
        return None
    moment, state = max(found, key=lambda pair: pair[0].snr_db)
    of_file = state.health is not None and state.health.position_s is not None
    return moment, moment.sample / state.health.sample_rate if of_file and state.health else None


def _nearest(view: View) -> Nearly | None:
    recent = [near for near in view.near_misses if view.now_s - near.seen_s < PAST_S]
    return max(recent, key=lambda near: near.nearness, default=None)


def _loud_words(view: View, loud: tuple[LoudMoment, float | None] | None, brief: int) -> str:
    if loud is None:
        return "nothing loud" if brief > 1 else "nothing loud without a name"
    moment, position_s = loud
    time = dated(moment.time, position_s, view.today)
    over = f"{moment.snr_db:.0f} dB over the background" if brief < 1 else f"{moment.snr_db:+.0f} dB"
    like = f", like {spoken(moment.like)}" if moment.like and brief < 2 else ""
    return f"loudest {time}, {over}{like}" if brief < 3 else f"loudest {time}"


def _near_words(view: View, near: Nearly | None, brief: int) -> str:
    if near is None:
        return "nothing came near" if brief < 2 else "no near miss"
    miss = near.miss
    time = dated(miss.time, miss.position_s, view.today)
    short = NEAR_MISS[miss.reason].label if view.maker else NOT_TOLD[miss.reason]
    reason = NEAR_MISS[miss.reason].phrase if brief < 1 else short
    numbers = f" {miss.score:.2f} of {miss.threshold:.2f}" if view.maker and brief < 2 else ""
    return f"nearest {called(miss)} {time}{numbers}" + (f": {reason}" if brief < 3 else "")
