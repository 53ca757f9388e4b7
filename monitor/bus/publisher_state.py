"""What a late joiner needs to know of a run: open events, the last ones that ended, health, sequences."""

from __future__ import annotations

from collections import deque
from datetime import datetime

import msgspec

from monitor.bus.messages import Event, Health, PublishedRecord, Snapshot

RECENT = 50
"""Ended events kept for late joiners; the oldest is forgotten first."""
MISSED = 200
"""Urgent ones that nobody has acknowledged; the same."""


class PublisherState:
    """Numbers what is published per topic, and remembers its present state."""

    def __init__(self) -> None:
        self._sequences: dict[str, int] = {}
        self._health: dict[str, Health] = {}
        self._open: dict[str, Event] = {}
        self._recent: deque[Event] = deque(maxlen=RECENT)
        self._missed: dict[str, Event] = {}

    @property
    def sequences(self) -> dict[str, int]:
        """Number of messages so far per topic; a copy."""
        return dict(self._sequences)

    def skip(self, topic: str, number: int) -> None:
        """Take down that `number` messages of `topic` were dropped, so that its readers miss them."""
        self._sequences[topic] = self._sequences.get(topic, 0) + number

    def enter(self, topic: str, record: PublishedRecord) -> int:
        """Take `record` down and return its sequence: 1 for the first of `topic`, then without gaps."""
        if isinstance(record, Health):
            self._health[record.source_id] = record
        elif isinstance(record, Event):
            self._enter_event(record)
        sequence = self._sequences.get(topic, 0) + 1
        self._sequences[topic] = sequence
        return sequence

    def snapshot(self, epoch: str, time: datetime) -> Snapshot:
        """Return the state at `time`."""
        return Snapshot(
            epoch=epoch,
            time=time,
            sequences=self.sequences,
            health=list(self._health.values()),
            open_events=list(self._open.values()),
            recent_events=list(self._recent),
            missed_events=list(self._missed.values()),
        )

    def _enter_event(self, event: Event) -> None:
        match event.type:
            case "onset" | "update":
                self._open[event.id] = event
            case "offset":
                self._open.pop(event.id, None)
                self._recent.append(event)
                self._enter_missed(event)
            case "missed":
                self._enter_missed(event)
            case "acknowledged":
                self._missed.pop(event.id, None)
                self._replace(event)
            case "clip":
                self._replace(event)
                if event.id in self._missed:
                    self._enter_missed(event)

    def _replace(self, event: Event) -> None:
        """Let who joins late know what is new of an event."""
        if event.id in self._open:
            self._open[event.id] = msgspec.structs.replace(event, type="update")
        for at, ended in enumerate(self._recent):
            if ended.id == event.id:
                self._recent[at] = msgspec.structs.replace(event, type="offset")

    def _enter_missed(self, event: Event) -> None:
        if event.urgent and event.acknowledged_at is None:
            self._missed[event.id] = msgspec.structs.replace(event, type="missed")
            if len(self._missed) > MISSED:
                del self._missed[next(iter(self._missed))]
