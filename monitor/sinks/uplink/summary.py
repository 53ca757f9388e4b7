"""What is so at a node, from its records: a `NodeState`, and the reports that are worth one. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec
from msgspec.structs import replace

from monitor.bus.codec import topic_of
from monitor.bus.hearing_changes import HearingChanges
from monitor.bus.messages import (
    Event,
    Health,
    HearingChange,
    LastEvent,
    NodeConfig,
    NodeSource,
    NodeState,
    Report,
)
from monitor.bus.publisher_state import PublisherState
from monitor.records import HearingState, Instant

REPORTED = frozenset({"onset", "offset", "acknowledged", "missed"})
"""Messages of an event's life that are reported; not its updates, nor where its recording is."""
HEARS_LEAST: tuple[HearingState, ...] = ("deaf", "too_quiet", "overloaded", "noisy", "good")
"""Worst first."""
_MOST_SOURCES = 50
_OWN = NodeConfig()
_STARTING = "it has only just begun"


class About(msgspec.Struct, frozen=True):
    """What of a node does not change in a run."""

    node: str
    run: str
    version: str
    place: str
    started: Instant
    heartbeat_s: float


class Waits(msgspec.Struct, frozen=True):
    """What the broker does not have yet."""

    reports: int = 0
    oldest: Instant | None = None
    lost: int = 0


class Summary:
    """Takes the records of a run, and tells how the node is."""

    def __init__(self, about: About) -> None:
        self._about = about
        self._known = PublisherState()
        self._changes = HearingChanges()
        self._healths: dict[str, Health] = {}
        self._last: LastEvent | None = None
        self._missed = 0

    @property
    def node(self) -> str:
        """What the node is called in topics."""
        return self._about.node

    def take(self, record: Event | Health, now: datetime) -> Iterator[Report]:
        """Take `record`, and yield what is to be reported of it."""
        if isinstance(record, Event):
            self._known.enter(topic_of(record), record)
            if record.type in REPORTED:
                self._missed = len(self._known.snapshot("", now).missed_events)
                self._last = _last(record, now)
                report = self._report(f"{record.id}:{record.type}", now)
                yield replace(report, event=replace(record, clip=None))  # a path of this machine
            return
        self._healths[record.source_id] = record
        if self._changes.is_news(record):
            change = record.hearing_change or HearingChange(
                0, record.time, record.hearing, record.hearing_reason, "good", 0.0
            )
            report = self._report(f"{self._about.run}:{record.source_id}:{change.number}", now)
            yield replace(report, source_id=record.source_id, source_name=record.source_name, hearing=change)

    def state(
        self, now: datetime, waits: Waits, config: NodeConfig = _OWN, stopped: bool = False
    ) -> NodeState:
        """Return how the node is."""
        sources = sorted(map(_source, self._healths.values()), key=lambda one: HEARS_LEAST.index(one.hearing))
        worst = sources[0] if sources else None
        waiting_s = 0.0 if waits.oldest is None else max(0.0, (now - waits.oldest).total_seconds())
        return NodeState(
            node=self._about.node,
            run=self._about.run,
            version=self._about.version,
            place=self._about.place,
            time=now,
            started=self._about.started,
            heartbeat_s=self._about.heartbeat_s,
            stopped=stopped,
            hearing="deaf" if worst is None else worst.hearing,
            reason=_STARTING if worst is None else worst.reason,
            sources=sources[:_MOST_SOURCES],
            more_sources=max(0, len(sources) - _MOST_SOURCES),
            last_event=self._last,
            missed=self._missed,
            waiting=waits.reports,
            waiting_s=round(waiting_s, 3),
            lost=waits.lost,
            config=config,
        )

    def _report(self, id_: str, now: datetime) -> Report:
        return Report(id=id_[:200], node=self._about.node, noted=now)


def is_wanted(record: object) -> bool:
    """Tell whether records of this kind are of use here."""
    return isinstance(record, Event | Health)


def shown(state: NodeState) -> NodeState:
    """Return what of a state is news: two that differ in nothing else need not both be sent."""
    return replace(state, time=state.started, waiting=0, waiting_s=0.0)


def _source(health: Health) -> NodeSource:
    return NodeSource(
        id=health.source_id,
        name=health.source_name,
        state=health.state,
        hearing=health.hearing,
        reason=health.hearing_reason or health.reason,
        paused=health.paused,
    )


def _last(event: Event, now: datetime) -> LastEvent:
    return LastEvent(
        id=event.id,
        type=event.type,
        class_=event.class_,
        label=event.label,
        source_name=event.source_name,
        urgent=event.urgent,
        onset_time=event.onset_time,
        time=now,
    )
