"""One event in full: what it may have been, why it was told, how loud it was, and who has seen it."""

from __future__ import annotations

from dataclasses import replace

from rich.cells import cell_len
from textual.strip import Strip

from monitor.bus.messages import CorrectionState, Event
from monitor.tui.panels.spectrogram import GUTTER, spectrogram_lines
from monitor.tui.readable import duration, follows
from monitor.tui.shown import Column, ShownEvent
from monitor.tui.strips import Piece, bar, fit, line
from monitor.tui.theme import DIM, EVENT, HEADING, HEADING_DIM, SHAPES, STRONG, TEXT, URGENT
from monitor.tui.view import View
from monitor.wording import HEARING, called, ended_by, over_background, position, sureness

_LABEL = 13
_BAR = 20
_LEAST_SPECTROGRAM = 6
_BESIDE_S = 2.0
"""Seconds of spectrogram before and after the event."""

_MOST_CANDIDATES = 4
_LEAST_SCORE = 0.02
_KEYS = (
    ("esc", "close"), ("w", "it was wrong"), ("r", "right"), ("u", "take back"), ("t", "teach"),
    ("←→", "older, newer"),
)  # fmt: skip


def detail_lines(  # noqa: PLR0913 - what is shown, and of it what the user has asked for
    view: View,
    heard: ShownEvent,
    width: int,
    height: int,
    *,
    teach: bool = False,
    said: CorrectionState | None = None,
) -> list[Strip]:
    """Return everything that is known of one event, `height` rows of `width` cells."""
    rows = [_title(view, heard), *_said(said), [], *_facts(view, heard, width)]
    if teach:
        rows += [[], *_teaching(heard.event)]
    lines = [line(row, width) for row in rows]
    free = height - len(lines) - 2
    columns = _columns(view, heard)
    if free >= _LEAST_SPECTROGRAM and columns and not teach:
        lines += [line([], width), *_spectrogram(view, heard, columns, width, min(free, 14))]
    lines = lines[: height - 1] + [line([], width)] * (height - 1 - len(lines))
    return [*lines, _keys(heard, width)]


def _said(state: CorrectionState | None) -> list[list[Piece]]:
    """Return what the user said of the event, and what follows."""
    if state is None:
        return []
    told = "right" if state.right else "wrong"
    return [[(f" you said: {told}", EVENT), (f"   {follows(state)}; u takes it back", TEXT)]]


def learn_command(event: Event) -> str:
    """Return the command that teaches the sound of an event."""
    return f"monitor learn {event.class_} --event {event.id}"


def _title(view: View, heard: ShownEvent) -> list[Piece]:
    event = heard.event
    name = called(event).upper()
    if heard.open and view.hears(event.source_id):
        kind, ink = ("urgent", URGENT) if event.urgent else ("event", EVENT)
        shape = SHAPES["urgent" if kind == "urgent" else "event"]
        return [(f" {shape} {name}", ink), ("   sounds now", ink)]
    if heard.missed:
        return [(f" {SHAPES['missed']} {name}", URGENT), ("   MISSED: nobody has seen it yet", URGENT)]
    how = "its end is not known" if heard.open else ended_by(heard.ended_by or "quiet").phrase
    return [(f" {SHAPES['recent']} {name}", STRONG), (f"   over: {how}", TEXT)]


def _facts(view: View, heard: ShownEvent, width: int) -> list[list[Piece]]:
    event = heard.event
    sure = f"{sureness(heard.peak_score)}: {heard.peak_score:.2f}, told from {event.threshold:.2f} on"
    level = f"{heard.level_dbfs:.0f} dBFS, {over_background(heard.snr_db)} ({event.floor_dbfs:.0f} dBFS)"
    facts = [
        ("began", _began(event)),
        ("lasted", duration(view.lasted_s(heard))),
        ("where", f"{event.source_name}{f' on {event.node}' if event.node else ''}"),
        ("how sure", sure),
    ]
    rows = [_fact(label, text) for label, text in facts]
    rows += _candidates(heard, min(24, max(8, width - _LABEL - _BAR - 8)))
    more = [
        ("pattern", event.rhythm or ""),
        ("level", level),
        ("no alarm", event.rejected_because or ""),
        ("hearing then", HEARING[event.hearing]),
        ("seen", _seen(event)),
        ("recording", event.clip or ""),
        ("computed in", f"{event.latency_s.capture_to_publish:.2f} s"),
        ("id", event.id),
    ]
    return rows + [_fact(label, text) for label, text in more if text]


def _fact(label: str, text: str) -> list[Piece]:
    return [(f" {label:<{_LABEL}}", DIM), (text, TEXT)]


def _began(event: Event) -> str:
    if event.onset_position_s is not None:
        return f"at {position(event.onset_position_s)} of the recording"
    local = event.onset_time.astimezone()
    return f"{local:%A %d %B %Y, %H:%M:%S}"


def _seen(event: Event) -> str:
    if event.acknowledged_at is None:
        return "by nobody yet" if event.urgent else ""
    return f"by {event.acknowledged_by or 'somebody'}, {event.acknowledged_at.astimezone():%d %b %H:%M}"


def _candidates(heard: ShownEvent, names: int) -> list[list[Piece]]:
    """Return the classes it might be, best first; of an event of the history those of its end are known."""
    known = heard.candidates or tuple(heard.event.candidates)
    worth = [one for one in known if one.score >= _LEAST_SCORE][:_MOST_CANDIDATES]
    return [
        [
            (f" {'may be' if not number else '':<{_LABEL}}", DIM),
            (fit(called(one), names) + " ", TEXT),
            (bar(one.score, _BAR), EVENT),
            (f" {one.score:.2f}", TEXT),
        ]
        for number, one in enumerate(worth)
    ]


def _teaching(event: Event) -> list[list[Piece]]:
    return [
        _fact("teach", "in another terminal, with a name of your own:"),
        [(f" {'':<{_LABEL}}", DIM), (learn_command(event), STRONG)],
    ]


def _columns(view: View, heard: ShownEvent) -> tuple[Column, ...]:
    """Return the moments of the event that are still known."""
    start_s = heard.began_s - _BESIDE_S
    stop_s = (view.now_s if heard.open else heard.ended_s) + _BESIDE_S
    columns = view.state_of(heard.event.source_id).columns
    return tuple(column for column in columns if start_s <= column.seen_s <= stop_s)


def _spectrogram(
    view: View, heard: ShownEvent, columns: tuple[Column, ...], width: int, height: int
) -> list[Strip]:
    state = view.state_of(heard.event.source_id)
    then = replace(state, columns=columns, level_seen_s=columns[-1].seen_s)
    known = min(width, GUTTER + len(columns))
    lines = spectrogram_lines(replace(view, state=then, now_s=columns[-1].seen_s), known, height)
    return [strip.adjust_cell_length(width, TEXT) for strip in lines]


def _keys(heard: ShownEvent, width: int) -> Strip:
    keys = [("a", "seen")] * (heard.event.urgent and heard.event.acknowledged_at is None)
    keys += [*_KEYS]
    pieces: list[Piece] = []
    for key, does in keys:
        if sum(cell_len(text) for text, _ in pieces) + len(key) + len(does) + 3 <= width:
            pieces += [(f" {key}", HEADING), (f" {does} ", HEADING_DIM)]
    return line(pieces, width, HEADING_DIM)
