"""What the terminal interface knows about one source: a pure reducer over the records that arrive.

Meters coalesce (only the newest counts), events never do. Laws: an event is open from its onset to its
offset and never again; applying a message twice changes nothing; histories are bounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from monitor.records import (
    ClassState,
    Event,
    Health,
    Level,
    NearMiss,
    PublishedRecord,
    Scores,
    Snapshot,
)

COLUMNS = 600
"""Levels remembered for the picture; more than the cells of any terminal."""

TICK_S = 0.1
"""Seconds of sound in one column of the picture."""

MAX_PAST = 200
"""Past events, and near misses, remembered."""


@dataclass(frozen=True, slots=True)
class Column:
    """One tick of the picture."""

    time_s: float
    """POSIX time at the publisher, seconds."""
    level: Level | None
    """None: nothing was heard then."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One event, open or past, as far as its messages arrived."""

    event: Event
    """Its newest message."""
    published: datetime
    """When that was published."""
    seen_s: float
    """Clock of this program, seconds, when the event was first heard of."""
    peak_score: float
    level_dbfs: float
    """Highest of all messages."""
    snr_db: float
    """Highest of all messages."""
    ended_by: str | None = None
    """None while it is open."""

    @property
    def open(self) -> bool:
        """True until its end is known."""
        return self.ended_by is None


@dataclass(frozen=True, slots=True)
class State:
    """Everything worth drawing. Immutable: one thread applies, another reads."""

    health: Health | None = None
    state_since_s: float = 0.0
    """Clock of this program, seconds, when the source's state last changed."""
    room_changed_s: float | None = None
    """Clock of this program, seconds, when the monitor last said that it noticed another room."""
    scores: Scores | None = None
    sounded: Mapping[str, datetime] = field(default_factory=dict)
    """Per class, the middle of the last window that would keep an event open: until then it lasted."""
    columns: tuple[Column, ...] = ()
    """Oldest first."""
    level_seen_s: float = 0.0
    """Clock of this program, seconds, when the newest level arrived."""
    heard: Mapping[str, Heard] = field(default_factory=dict)
    """Events by id, in the order they were first heard of."""
    near_misses: tuple[NearMiss, ...] = ()
    """Oldest first."""
    published: datetime | None = None
    """Publisher's clock at the newest message."""
    published_seen_s: float = 0.0
    """Clock of this program, seconds, when that arrived."""

    @property
    def level(self) -> Level | None:
        """The newest level."""
        return self.columns[-1].level if self.columns else None

    @property
    def classes(self) -> list[ClassState]:
        """The listed classes, in the user's order; empty until the first health record."""
        return self.health.classes if self.health else []

    @property
    def open_events(self) -> list[Heard]:
        """Events that sound now, urgent ones first, then the newest."""
        sounding = [heard for heard in self.heard.values() if heard.open]
        return sorted(sounding, key=lambda heard: (heard.event.urgent, heard.event.onset_time), reverse=True)

    @property
    def past_events(self) -> list[Heard]:
        """Events that are over, newest first."""
        past = [heard for heard in self.heard.values() if not heard.open]
        return sorted(past, key=lambda heard: heard.event.onset_time, reverse=True)

    def lasted_s(self, heard: Heard, now: datetime) -> float:
        """Return seconds from onset to offset, or as far as `heard` is known to have lasted at `now`.

        An open event is reckoned as its end will be, by the middle of a window, so that its length never
        shrinks when it ends.
        """
        if heard.open:
            stop = self.sounded.get(heard.event.class_, now)
        else:
            stop = heard.event.offset_time or heard.published
        return max(0.0, (stop - heard.event.onset_time).total_seconds())

    def fading(self, heard: Heard) -> bool:
        """Tell whether an open event scores too little at present to go on for long."""
        event = heard.event
        if not heard.open or self.scores is None or self.scores.stop <= event.onset_sample:
            return False
        score = self.scores.scores.get(event.class_)
        return score is not None and not self.holds(event.class_, score)

    def holds(self, class_: str, score: float) -> bool:
        """Tell whether `score` keeps an event of `class_` open; also where its threshold is not known."""
        limits = [entry.offset_threshold for entry in self.classes if entry.class_ == class_]
        return not limits or score >= limits[0]

    def now(self, now_s: float) -> datetime | None:
        """Return the time of the sound at `now_s` of this program's clock, or None before any message.

        The time of the newest level, which is right also where a file is heard faster than it lasts; until
        there is one, the publisher's clock.
        """
        if self.columns:
            last, seen_s = datetime.fromtimestamp(self.columns[-1].time_s, UTC), self.level_seen_s
        elif self.published:
            last, seen_s = self.published, self.published_seen_s
        else:
            return None
        return last + timedelta(seconds=max(0.0, now_s - seen_s))

    def apply(self, record: PublishedRecord | Snapshot, time: datetime, now_s: float) -> State:
        """Return the state after `record`.

        Parameters
        ----------
        record
            A published record or the answer to a snapshot request.
        time
            When it was published, publisher's clock.
        now_s
            When it arrived, clock of this program, seconds.
        """
        if isinstance(record, Snapshot) and self.published and time < self.published:
            state = self
        else:
            state = replace(self, published=time, published_seen_s=now_s)
        match record:
            case Level():
                state = _with_level(state, record, now_s)
            case Scores():
                state = _with_scores(state, record)
            case Health():
                state = _with_health(state, record, now_s)
            case Event():
                state = _with_event(state, record, time, now_s)
            case NearMiss() if record not in state.near_misses:
                state = replace(state, near_misses=(*state.near_misses, record)[-MAX_PAST:])
            case Snapshot():
                state = _with_snapshot(state, record, now_s)
            case _:
                pass
        return state

    def restarted(self) -> State:
        """Return what is still true once the monitor has started anew: the events, until a snapshot comes."""
        return State(heard=self.heard, near_misses=self.near_misses, state_since_s=self.state_since_s)


def _with_level(state: State, level: Level, now_s: float) -> State:
    time_s = level.time.timestamp()
    columns = state.columns
    if columns and columns[-1].level == level:
        return state
    if columns and time_s <= columns[-1].time_s:
        columns = ()
    missed = round((time_s - columns[-1].time_s) / TICK_S) - 1 if columns else 0
    if missed > 1:
        columns += tuple(Column(time_s - k * TICK_S, None) for k in range(min(missed, COLUMNS), 0, -1))
    return replace(state, columns=(*columns, Column(time_s, level))[-COLUMNS:], level_seen_s=now_s)


def _with_scores(state: State, scores: Scores) -> State:
    middle = scores.time - timedelta(seconds=(scores.stop - scores.start) / 2 / scores.sample_rate)
    holding = {name: middle for name, score in scores.scores.items() if state.holds(name, score)}
    return replace(state, scores=scores, sounded={**state.sounded, **holding})


def _with_health(state: State, health: Health, now_s: float) -> State:
    changed = state.health is None or state.health.state != health.state
    moved = state.health is not None and health.background.changes > state.health.background.changes
    return replace(
        state,
        health=health,
        state_since_s=now_s if changed else state.state_since_s,
        room_changed_s=now_s if moved else state.room_changed_s,
    )


def _with_event(state: State, event: Event, time: datetime, now_s: float) -> State:
    known = state.heard.get(event.id)
    late = known is not None and event.type != "offset" and time < known.published
    if known and (not known.open or late):
        return state
    ended_by = (event.ended_by or "quiet") if event.type == "offset" else None
    heard = Heard(
        event=event,
        published=time,
        seen_s=known.seen_s if known else now_s,
        peak_score=max(event.peak_score, event.score, known.peak_score if known else 0.0),
        level_dbfs=max(event.level_dbfs, known.level_dbfs if known else event.level_dbfs),
        snr_db=max(event.snr_db, known.snr_db if known else event.snr_db),
        ended_by=ended_by,
    )
    return replace(state, heard=_bounded({**state.heard, event.id: heard}))


def _with_snapshot(state: State, snapshot: Snapshot, now_s: float) -> State:
    """Take the snapshot's word for which events are open, except for what was published after it."""
    for event in snapshot.recent_events:
        state = _with_event(state, event, event.offset_time or snapshot.time, now_s)
    for event in snapshot.open_events:
        state = _with_event(state, event, snapshot.time, now_s)
    for health in snapshot.health:
        if state.health is None or health.time > state.health.time:
            state = _with_health(state, health, now_s)
    listed = {event.id for event in snapshot.open_events}
    checked = {
        id_: replace(heard, ended_by="unknown")
        if heard.open and id_ not in listed and heard.published <= snapshot.time
        else heard
        for id_, heard in state.heard.items()
    }
    return replace(state, heard=checked)


def _bounded(heard: dict[str, Heard]) -> dict[str, Heard]:
    """Return `heard` without its oldest past events beyond `MAX_PAST`; open ones always stay."""
    surplus = sum(not entry.open for entry in heard.values()) - MAX_PAST
    if surplus <= 0:
        return heard
    oldest = [id_ for id_, entry in heard.items() if not entry.open][:surplus]
    return {id_: entry for id_, entry in heard.items() if id_ not in oldest}
