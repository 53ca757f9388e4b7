"""What the terminal interface knows about one source: a pure reducer over the records that arrive.

Meters coalesce (only the newest counts), events never do. Laws: an event is open from its onset to its
offset and never again; applying a message twice changes nothing; histories are bounded. No time of day is
compared or subtracted: places come from sample indices, order from the sequences of the messages, and how
long ago from this program's own clock, so that a clock that is set changes nothing here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from msgspec import structs

from monitor.bus.codec import topic_of
from monitor.bus.messages import (
    ClassState,
    Event,
    Health,
    Level,
    NearMissMessage,
    PublishedRecord,
    ScoresMessage,
    Snapshot,
)
from monitor.records import BESIDE_LIFE
from monitor.tui import loud_moments
from monitor.tui.shown import MAX_PAST, Column, Nearly, ShownEvent, bounded, surest

COLUMNS = 600
"""Levels remembered for the spectrogram; more than the cells of any terminal."""

TICK_S = 0.1
"""Seconds of sound in one column of the spectrogram."""

SETTLED_S = 10.0
"""Seconds of a run after which its floor is known well enough to call a moment loud."""


@dataclass(frozen=True, slots=True)
class State:
    """Everything worth drawing. Immutable: one thread applies, another reads."""

    health: Health | None = None
    state_since_s: float = 0.0
    """Clock of this program, seconds, when the source's state last changed."""
    background_changed_s: float | None = None
    """Clock of this program, seconds, when the monitor last said that it noticed another background."""
    scores: ScoresMessage | None = None
    sounded: Mapping[str, int] = field(default_factory=dict)
    """Per class, the middle of the last window that would keep an event open: until that sample it lasted."""
    columns: tuple[Column, ...] = ()
    """Oldest first."""
    level_seen_s: float = 0.0
    """Clock of this program, seconds, when the newest level arrived."""
    heard: Mapping[str, ShownEvent] = field(default_factory=dict)
    """Events by id, in the order they were first heard of."""
    near_misses: tuple[Nearly, ...] = ()
    """Oldest first."""
    loud_moments: loud_moments.Moments = ()
    """Those of the last hour that no event explains."""
    health_sequence: int = 0
    """Number of the newest health report in its topic."""
    health_seen_s: float = 0.0
    """Clock of this program, seconds, when that arrived."""
    clock_set_s: float | None = None
    """Clock of this program, seconds, when the monitor last said that its computer's clock was set."""

    @property
    def level(self) -> Level | None:
        """The newest level."""
        return self.columns[-1].level if self.columns else None

    @property
    def classes(self) -> list[ClassState]:
        """The listed classes, in the user's order; empty until the first health record."""
        return self.health.classes if self.health else []

    @property
    def listening_for_names(self) -> bool:
        """Whether a loud moment now would be one that nothing explains."""
        settled = self.health is not None and self.health.uptime_s >= SETTLED_S and not self.health.paused
        return settled and all(not heard.open for heard in self.heard.values())

    @property
    def open_events(self) -> list[ShownEvent]:
        """Events that sound now, urgent ones first, then the newest."""
        sounding = [heard for heard in self.heard.values() if heard.open]
        return sorted(sounding, key=lambda heard: (heard.event.urgent, *heard.order), reverse=True)

    @property
    def past_events(self) -> list[ShownEvent]:
        """Events that are over, newest first."""
        past = [heard for heard in self.heard.values() if not heard.open]
        return sorted(past, key=lambda heard: heard.order, reverse=True)

    def lasted_s(self, heard: ShownEvent, now_s: float) -> float:
        """Return seconds from onset to offset, or as far as `heard` is known to have lasted at `now_s`.

        An open event is reckoned as its end will be, by the middle of a window, so that its length never
        shrinks when it ends.
        """
        event = heard.event
        stop = self.sounded.get(event.class_) if heard.open else event.offset_sample
        if stop is not None:
            return max(0.0, (stop - event.onset_sample) / event.sample_rate)
        return max(0.0, (now_s if heard.open else heard.ended_s) - heard.began_s)

    def fading(self, heard: ShownEvent) -> bool:
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

    @property
    def sample_rate(self) -> int | None:
        """Hz of the sample indices; None while that is not known."""
        known = self.health or self.scores
        return known.sample_rate if known else None

    def heard_s(self, sample: int, now_s: float) -> float:
        """Return when a sample was heard, clock of this program in seconds, never later than `now_s`.

        As the levels of that moment arrived, which is right also where a file is heard faster than it lasts;
        beyond them, reckoned from the newest place in the stream that is known.
        """
        known = [(column.level.sample, column.seen_s) for column in self.columns if column.level]
        if known and known[0][0] <= sample <= known[-1][0]:
            return known[bisect_left(known, (sample, 0.0))][1]
        newest = known[-1] if known else None
        if newest is None and self.health is not None:
            newest = self.health.captured, self.health_seen_s
        if newest is None or self.sample_rate is None:
            return now_s
        return min(now_s, newest[1] + (sample - newest[0]) / self.sample_rate)

    def apply(self, record: PublishedRecord | Snapshot, now_s: float, sequence: int = 0) -> State:
        """Return the state after `record`.

        Parameters
        ----------
        record
            A published record or the answer to a snapshot request.
        now_s
            When it arrived, clock of this program, seconds.
        sequence
            Number of a published record in its topic.
        """
        state = self
        match record:
            case Level():
                state = _with_level(state, record, now_s)
            case ScoresMessage():
                state = _with_scores(state, record)
            case Health():
                state = _with_health(state, record, now_s, sequence)
            case Event():
                state = _with_event(state, record, now_s, sequence)
            case NearMissMessage() if record not in (nearly.miss for nearly in state.near_misses):
                nearly = (*state.near_misses, Nearly(record, now_s))
                state = replace(state, near_misses=nearly[-MAX_PAST:])
            case Snapshot():
                state = _with_snapshot(state, record, now_s)
            case _:
                pass
        return state

    def restarted(self) -> State:
        """Return what is still true once the monitor has restarted: the events, until a snapshot comes."""
        heard = {id_: replace(entry, sequence=0) for id_, entry in self.heard.items()}
        return State(heard=heard, near_misses=self.near_misses, state_since_s=self.state_since_s)


def _with_level(state: State, level: Level, now_s: float) -> State:
    """Add a column; where levels were missed, columns of what was not heard; none of it goes back in time."""
    columns = state.columns
    last = state.level
    if last == level:
        return state
    if last is not None and level.sample <= last.sample:
        columns, last = (), None
    missed = 0
    if last is not None and state.sample_rate is not None:
        missed = round((level.sample - last.sample) / state.sample_rate / TICK_S) - 1
    if missed > 1:
        earliest_s = columns[-1].seen_s
        ticks = range(min(missed, COLUMNS), 0, -1)
        columns += tuple(Column(max(earliest_s, now_s - k * TICK_S), None) for k in ticks)
    columns = (*columns, Column(now_s, level))[-COLUMNS:]
    moments = state.loud_moments
    if state.listening_for_names and state.sample_rate is not None:
        moments = loud_moments.with_level(moments, level, state.sample_rate, now_s)
    return replace(state, columns=columns, level_seen_s=now_s, loud_moments=moments)


def _with_scores(state: State, scores: ScoresMessage) -> State:
    middle = (scores.start + scores.stop) // 2
    holding = {name: middle for name, score in scores.scores.items() if state.holds(name, score)}
    moments = loud_moments.with_scores(state.loud_moments, scores)
    return replace(state, scores=scores, sounded={**state.sounded, **holding}, loud_moments=moments)


def _with_health(state: State, health: Health, now_s: float, sequence: int) -> State:
    if sequence < state.health_sequence:
        return state  # a snapshot was faster
    before = state.health
    changed = before is None or before.state != health.state
    moved = before is not None and health.background.changes > before.background.changes
    clock_set = before is not None and health.clock_step not in {None, before.clock_step}
    return replace(
        state,
        health=health,
        health_sequence=sequence,
        health_seen_s=now_s,
        state_since_s=now_s if changed else state.state_since_s,
        background_changed_s=now_s if moved else state.background_changed_s,
        clock_set_s=now_s if clock_set else state.clock_set_s,
    )


def _with_event(state: State, event: Event, now_s: float, sequence: int) -> State:
    known = state.heard.get(event.id)
    if event.type in BESIDE_LIFE:  # one that is not known comes with a snapshot
        return state if known is None else _with_seen(state, known, event)
    late = known is not None and event.type != "offset" and sequence < known.sequence
    if known and (late or known.ended_by not in {None, "gone"}):  # what went with its monitor may go on
        return state
    ended_s = now_s if event.offset_sample is None else state.heard_s(event.offset_sample, now_s)
    heard = ShownEvent(
        event=event,
        sequence=sequence,
        seen_s=known.seen_s if known else now_s,
        began_s=known.began_s if known else state.heard_s(event.onset_sample, now_s),
        ended_s=ended_s,
        peak_score=max(event.peak_score, event.score, known.peak_score if known else 0.0),
        level_dbfs=max(event.level_dbfs, known.level_dbfs if known else event.level_dbfs),
        snr_db=max(event.snr_db, known.snr_db if known else event.snr_db),
        ended_by=(event.ended_by or "quiet") if event.type == "offset" else None,
        candidates=surest(known, event),
    )
    moments = loud_moments.without(state.loud_moments, event)
    return replace(state, heard=bounded({**state.heard, event.id: heard}), loud_moments=moments)


def _with_seen(state: State, known: ShownEvent, event: Event) -> State:
    """Take over who has seen an event, and where a recording of it is."""
    seen = structs.replace(
        known.event,
        acknowledged_by=event.acknowledged_by,
        acknowledged_at=event.acknowledged_at,
        clip=event.clip or known.event.clip,
    )
    return replace(state, heard={**state.heard, event.id: replace(known, event=seen)})


def _with_missed(state: State, event: Event, now_s: float, time: datetime) -> State:
    """Add an urgent event that was over before this program came, as long ago as `time` says."""
    if event.id in state.heard:
        return state
    began_s = now_s - max(0.0, (time - event.onset_time).total_seconds())
    ended_s = now_s - max(0.0, (time - (event.offset_time or event.onset_time)).total_seconds())
    heard = ShownEvent(
        event, 0, began_s, began_s, ended_s, event.peak_score, event.level_dbfs, event.snr_db,
        event.ended_by or "unknown",
    )  # fmt: skip
    return replace(state, heard=bounded({event.id: heard, **state.heard}))


def _with_snapshot(state: State, snapshot: Snapshot, now_s: float) -> State:
    """Take the snapshot's word for which events are open, except for what was published after it."""

    def sequence(record: Health | Event) -> int:
        return snapshot.sequences.get(topic_of(record), 0)

    for health in snapshot.health:
        if state.health is None or sequence(health) > state.health_sequence:
            state = _with_health(state, health, now_s, sequence(health))
    for event in (*snapshot.recent_events, *snapshot.open_events):
        state = _with_event(state, event, now_s, sequence(event))
    for event in snapshot.missed_events:
        state = _with_missed(state, event, now_s, snapshot.time)
    listed = {event.id for event in snapshot.open_events}
    checked = {
        id_: replace(heard, ended_by="unknown")
        if heard.open and id_ not in listed and heard.sequence <= sequence(heard.event)
        else heard
        for id_, heard in state.heard.items()
    }
    return replace(state, heard=checked)
