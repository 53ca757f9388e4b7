"""Lengths of time and level in words, for the screen."""

from __future__ import annotations

import math
from datetime import date, datetime

from monitor.bus.messages import CorrectionState
from monitor.records import Activity
from monitor.wording import position, spoken

ACTIVITY: dict[Activity, str] = {
    "silent": "no sound",
    "low": "calm",
    "normal": "active",
    "high": "loud",
}

_LONGEST_S = 1e9
"""What is longer is not told exactly."""
_MOST_EFFECT = 20.0
"""Log-odds; the same of what a correction does."""


def duration(seconds: float) -> str:
    """Return a length of time, whole seconds, in at most two units."""
    whole = int(min(_LONGEST_S, max(0.0, seconds)))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def short_duration(seconds: float) -> str:
    """Return a length of time in at most five cells, below 100 hours: `3.4 s`, `48 s`, `12m08`, `3h05`."""
    if seconds < 9.95:
        return f"{max(0.0, seconds):.1f} s"
    whole = int(min(_LONGEST_S, seconds))
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60}m{whole % 60:02d}" if whole < 3600 else f"{whole // 3600}h{whole % 3600 // 60:02d}"


def corrected(state: CorrectionState, *, undone: bool) -> str:
    """Return what was said of an event and what follows for the same sound."""
    if undone:
        return f"Taken back: what was said of {spoken(state.class_)}."
    said = "right" if state.right else "wrong"
    return f"{spoken(state.class_).capitalize()} was {said}: {follows(state)}."


def follows(state: CorrectionState) -> str:
    """Return what follows for the same sound of what was said of an event."""
    factor = math.exp(min(abs(state.effect), _MOST_EFFECT))
    if factor < 1.05:
        return "the same sound is told as before"
    return f"the same sound now counts {factor:.1f} times {'more' if state.effect > 0 else 'less'}"


def elapsed(seconds: float) -> str:
    """Return a length of time as h:mm:ss."""
    whole = int(min(_LONGEST_S, max(0.0, seconds)))
    return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


DATED = 12
"""Cells of `dated`."""


def dated(time: datetime, position_s: float | None, today: date | None) -> str:
    """Return a time of day, with the day where that is not today, or a place in a recording."""
    if position_s is not None:
        return position(position_s)[:8]
    local = time.astimezone()
    if today is None or local.date() == today:
        return f"{local:%H:%M:%S}"
    return f"{local:%d %b %H:%M}" if local.year == today.year else f"{local:%d %b %Y}"


def when(time: datetime, position_s: float | None, today: date | None) -> str:
    """Return a time of day or a place in a recording, in eight cells; another day instead of seconds."""
    if position_s is not None:
        return position(position_s)[:8]
    local = time.astimezone()
    if today is None or local.date() == today:
        return f"{local:%H:%M:%S}"
    if 0 < (today - local.date()).days < 7:
        return f"{local:%a}"[:2] + f"{local: %H:%M}"
    return f"{local:%d.%m.%y}"
