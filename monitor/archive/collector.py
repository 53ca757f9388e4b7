"""What the line of one recording tells, as the rows of its tables. Satisfies `Sink`."""

from __future__ import annotations

from typing import Any

from monitor.bus.messages import Event, Health, PublishedRecord, ScoresMessage
from monitor.records import HearingState
from monitor.sinks import Measurement

HEARINGS: tuple[HearingState, ...] = ("good", "too_quiet", "noisy", "overloaded", "deaf")
_DIGITS = 3
"""Seconds are told to the millisecond; samples beside them are exact."""


class Collector:
    """Keeps the events that are over, how the recording was heard, and scores if they are asked for."""

    def __init__(self, scores: bool) -> None:
        self._wants_scores = scores
        self._events: dict[str, Event] = {}
        self._hearing: HearingState = "good"
        self._since_s = 0.0
        self._changes = 0
        self.health: Health | None = None
        """As it was told last."""
        self.heard_s: dict[HearingState, float] = dict.fromkeys(HEARINGS, 0.0)
        """Seconds of sound in each state of hearing."""
        self.scores: list[ScoresMessage] = []
        """Since they were taken last."""

    def takes(self, kind: type[Measurement]) -> bool:
        """Say whether it wants to be told what is measured: scores, if they are kept."""
        return kind is ScoresMessage and self._wants_scores

    def emit(self, record: PublishedRecord) -> None:
        """Take in a record."""
        if isinstance(record, ScoresMessage):
            self.scores.append(record)
        elif isinstance(record, Event):
            self._events[record.id] = record
        elif isinstance(record, Health):
            self.health = record
            self._follow(record)

    def close(self) -> None:
        """Keep everything."""

    def finish(self, position_s: float) -> None:
        """Note that the recording has ended at `position_s`."""
        self.heard_s[self._hearing] += max(0.0, position_s - self._since_s)
        self._since_s = position_s

    def take_events(self) -> list[Event]:
        """Return the events that have ended since the last call, by onset, each as it was at its end."""
        over = [one for one in self._events.values() if one.offset_sample is not None]
        for one in over:
            del self._events[one.id]
        return sorted(over, key=lambda one: (one.onset_sample, one.class_))

    def _follow(self, health: Health) -> None:
        change = health.hearing_change
        if change is not None and change.number != self._changes and change.position_s is not None:
            self._changes = change.number
            self.finish(change.position_s)
            self._hearing = change.hearing


def event_row(event: Event) -> dict[str, Any]:
    """Return what the table of events says of one that is over."""
    rate = event.sample_rate
    return {
        "class": event.class_,
        "label": event.label or event.class_,
        "onset_s": round(event.onset_sample / rate, _DIGITS),
        "offset_s": None if event.offset_sample is None else round(event.offset_sample / rate, _DIGITS),
        "score": event.peak_score,
        "threshold": event.threshold,
        "ended_by": event.ended_by,
        "onset_sample": event.onset_sample,
        "offset_sample": event.offset_sample,
        "sample_rate": rate,
        "level_dbfs": event.level_dbfs,
        "floor_dbfs": event.floor_dbfs,
        "snr_db": event.snr_db,
        "urgent": event.urgent,
        "hearing": event.hearing,
        "rhythm": event.rhythm,
        "rejected_because": event.rejected_because,
    }


def duration_of(collector: Collector) -> float:
    """Return how long the recording was, as far as it was heard, in seconds."""
    health = collector.health
    return round(health.captured / health.sample_rate, _DIGITS) if health and health.sample_rate else 0.0


def heard_row(collector: Collector) -> dict[str, Any]:
    """Return what the table of files says of how a recording was heard."""
    health = collector.health
    rate = health.sample_rate if health is not None else 0
    told: dict[str, Any] = {
        f"{name}_s": round(seconds, _DIGITS) for name, seconds in collector.heard_s.items()
    }
    if health is None or not rate:
        return told
    return told | {
        "duration_s": duration_of(collector),
        "sample_rate": health.device_sample_rate,
        "gap_s": round(health.gap / rate, _DIGITS),
        "skipped_s": round((health.skipped + health.overwritten) / rate, _DIGITS),
        "invalid": health.invalid,
        "channels": health.channels,
    }
