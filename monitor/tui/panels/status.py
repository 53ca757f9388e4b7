"""Two lines for makers: can the monitor hear, does it keep up, and what was lost on the way."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

from monitor.bus.messages import Health
from monitor.tui.headline import FAULTS
from monitor.tui.readable import duration, elapsed, short_duration
from monitor.tui.strips import Piece, line
from monitor.tui.theme import DIM, GOOD, HEADING_DIM, RAISED, SHAPES, STRONG, URGENT
from monitor.tui.view import View
from monitor.wording import HEARING, SOURCE_STATE, clock, clock_set, hard_of_hearing, how_often, self_tested

_BACK = Style(bgcolor=RAISED)
_LABEL = HEADING_DIM
_VALUE = STRONG + _BACK
_FINE = GOOD + _BACK
_BAD = URGENT + _BACK
_LATE_S = 2.0
"""Behind by more is late; a model that listens once a second is a second behind, and the time it takes."""

_NEWS_S = 60.0
"""For so long the status says that another background was noticed, or that the clock was set."""

_STATE_SHAPES = {
    SOURCE_STATE["running"]: "●",
    SOURCE_STATE["starting"]: SHAPES["waiting"],
    SOURCE_STATE["paused"]: SHAPES["paused"],
    SOURCE_STATE["ended"]: SHAPES["ended"],
}


@dataclass(frozen=True, slots=True)
class _Item:
    """Something to say, left out when there is no room and it matters less than the rest."""

    label: str
    value: str
    weight: int
    style: Style = _VALUE


def status_lines(view: View, width: int, height: int) -> list[Strip]:
    """Return one row, or two and blank ones; what was lost is never left out for want of room."""
    health = view.state.health
    if health is None:
        items = [_Item("", "no health report yet", 9), _Item("from", view.endpoint, 5)]
        return [_fill(items, width)] + [_fill([], width)] * (height - 1)
    if height == 1:
        return [_fill([*_about(view, health)[:2], *_losses(view, health)], width)]
    about, losses = _fill(_about(view, health), width), _fill(_losses(view, health), width)
    return [about, losses] + [_fill([], width)] * (height - 2)


def _about(view: View, health: Health) -> list[_Item]:
    words = HEARING[health.hearing] if hard_of_hearing(health) else SOURCE_STATE[health.state]
    state = "UNKNOWN" if view.contact != "alive" else words
    shape = _STATE_SHAPES.get(state, SHAPES["fault"])
    style = _BAD if shape == SHAPES["fault"] else _FINE
    rates = f"{health.device_sample_rate / 1000:g}→{health.sample_rate / 1000:g} kHz"
    items = [
        _Item("", f"{shape} {state}{_more(view, health)}", 10, style),
        _Item("", view.tag(health.source_id) or health.source_name, 9),
        _Item("heard", elapsed((health.captured - health.gap) / max(1, health.sample_rate)), 6),
        *_sound_level(health),
        _Item("background", _background(view, health), 5),
        *_thresholds(health),
        *_clock_set(view, health),
        *_self_test(health),
        _Item("model", health.model, 4),
        _Item("", rates, 3),
    ]
    ppm = "measuring" if health.clock_ppm is None else f"{health.clock_ppm:+.0f} ppm"
    return [
        *items,
        _Item("clock", ppm, 2),
        _Item("background learnt", f"{short_duration(health.background.age_s)} ago", 1),
    ]


def _self_test(health: Health) -> list[_Item]:
    """Return how the last self-test went, and when; one that did not pass stands out."""
    test = health.self_test
    if test is None:
        return []
    well = test.state in {"testing", "heard", "passed"}
    text = f"{self_tested(test)}, {clock(test.time)[:5]}"
    return [_Item("", text, 5, _FINE) if well else _Item("", f"{SHAPES['fault']} {text}", 8, _BAD)]


def _clock_set(view: View, health: Health) -> list[_Item]:
    """Return, for a while, that the computer's clock was set: times before and after do not fit together."""
    since_s = view.state.clock_set_s
    if health.clock_step is None or since_s is None or view.now_s - since_s > _NEWS_S:
        return []
    return [_Item("", f"{SHAPES['fault']} {clock_set(health.clock_step)}", 8, _BAD)]


def _background(view: View, health: Health) -> str:
    """Return how well the background is known; for a while, that it is another one."""
    background, changed_s = health.background, view.state.background_changed_s
    if changed_s is not None and view.now_s - changed_s < _NEWS_S:
        return f"another one, {background.windows} windows"
    if background.ready:
        return f"ready, {background.windows} windows"
    return f"learning, {background.windows}" + (f" of {background.needed}" if background.needed else "")


def _thresholds(health: Health) -> list[_Item]:
    """Return how many false alarms are allowed and what is known for it, where the stream sets thresholds."""
    calibration = health.calibration
    if calibration is None:
        return []
    heard = short_duration(calibration.heard_s)
    rest = f"learnt from {heard}" if calibration.ready else f"learning, {heard}"
    return [_Item("false alarms", f"{how_often(calibration.false_alarms_per_hour)}, {rest}", 5)]


def _sound_level(health: Health) -> list[_Item]:
    """Return how loud the last minute was, of a source that is calibrated."""
    level = health.level_dba
    return [] if level is None else [_Item("last minute", f"{level.leq_dba:.0f} dBA", 7)]


def _more(view: View, health: Health) -> str:
    """Return since when nothing is heard, and that it would be paused if it were."""
    if view.contact != "alive" or health.state not in FAULTS:
        return ""
    since = f" since {duration(view.now_s - view.state.state_since_s)}"
    return since + " and paused" * health.paused


def _losses(view: View, health: Health) -> list[_Item]:
    rate = max(1, health.sample_rate)
    begun = health.analysed or health.skipped  # before, all sound waits until it fills a window
    behind_s = max(health.pending / rate, health.behind_s) if begun else 0.0
    running = [one for one in view.healths if one.state != "ended"] or [health]
    rtf = sum(one.rtf for one in running)  # of the program, which hears all sources
    return [
        _Item("rtf", f"{rtf:.2f}" + (" TOO SLOW" if rtf >= 1 else ""), 9, _alarm(rtf >= 1)),
        _counter("overflow", health.overflow, 8),
        _counter("overwritten", health.overwritten / rate, 8, " s"),
        _counter("skipped", health.skipped / rate, 8, " s"),
        _counter("gap", health.gap / rate, 8, " s"),
        _counter("lost msg", view.lost, 7),
        _Item("behind", f"{behind_s:.1f} s" if begun else "--", 4, _alarm(behind_s > _LATE_S)),
        _counter("invalid", health.invalid, 3),
        _counter("reopened", health.reopened, 3),
        _counter("malformed", view.malformed, 2),
        _counter("restarts", view.restarts, 1),
    ]


def _alarm(bad: bool) -> Style:
    return _BAD if bad else _VALUE


def _counter(label: str, value: float, weight: int, unit: str = "") -> _Item:
    """Return a counter that stands out, and is kept longest, once it is not zero."""
    text = f"{value:.1f}{unit}" if unit and value else f"{value:g}{unit}"
    return _Item(label, f"!{text}" if value else text, weight + 10 * bool(value), _alarm(bool(value)))


def _fill(items: list[_Item], width: int) -> Strip:
    """Return the weightiest items that fit, in their order."""
    kept: list[_Item] = []
    used = 0
    for item in sorted(items, key=lambda item: -item.weight):
        needed = cell_len(_text(item)) + 3
        if used + needed <= width or not kept:
            kept.append(item)
            used += needed
    pieces: list[Piece] = []
    for item in (item for item in items if item in kept):
        pieces.append((" │ " if pieces else " ", DIM + _BACK))
        if item.label:
            pieces.append((f"{item.label} ", _LABEL))
        pieces.append((item.value, item.style))
    return line(pieces, width, _LABEL)


def _text(item: _Item) -> str:
    return f"{item.label} {item.value}" if item.label else item.value
