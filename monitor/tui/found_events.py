"""Events of the history beside those that arrived, and which of them a user looks for. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from monitor.bus.messages import Event
from monitor.tui.shown import ShownEvent
from monitor.tui.view import View
from monitor.wording import called


def together(view: View, kept: Iterable[Event], now: datetime) -> list[ShownEvent]:
    """Return events of the history and of this run, each once, newest first."""
    here = [heard for state in view.everywhere for heard in state.heard.values()]
    by_id = {event.id: _of_history(event, view.now_s, now) for event in kept}
    by_id |= {heard.event.id: heard for heard in here}
    return sorted(by_id.values(), key=lambda heard: (heard.event.onset_time, heard.began_s), reverse=True)


def _of_history(event: Event, now_s: float, now: datetime) -> ShownEvent:
    """Return an event as if it had been seen, as long ago as its times say."""
    began_s = now_s - (now - event.onset_time).total_seconds()
    ended_s = now_s - (now - (event.offset_time or event.onset_time)).total_seconds()
    peak = max(event.peak_score, event.score)
    ended_by = event.ended_by or ("quiet" if event.offset_time else "unknown")
    return ShownEvent(
        event, 0, began_s, began_s, ended_s, peak, event.level_dbfs, event.snr_db, ended_by
    )  # fmt: skip


def matching(rows: Iterable[ShownEvent], typed: str) -> list[ShownEvent]:
    """Return those of which every word that was typed is a part: of class, source, day, time or state."""
    words = typed.lower().split()
    return [row for row in rows if all(word in _text(row) for word in words)]


def _text(row: ShownEvent) -> str:
    event = row.event
    local = event.onset_time.astimezone()
    states = [
        *["missed"] * row.missed, *["now"] * row.open, *["urgent"] * event.urgent,
        *["seen"] * (event.acknowledged_at is not None), *["clip"] * (event.clip is not None),
    ]  # fmt: skip
    day = f"{local:%A %d %b %Y %Y-%m-%d %H:%M:%S}"
    return " ".join([called(event), event.class_, event.source_name, event.node, day, *states]).lower()
