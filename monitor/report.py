"""What the pipeline knows -> the records that leave it; the only place where sample indices become times."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from monitor.records import (
    BackgroundState,
    Candidate,
    Event,
    Latency,
    Level,
    Loudness,
    Missed,
    NearMiss,
    Score,
    Scores,
    Transition,
)

_CANDIDATES = 5
_CLOCK_STEP_S = 0.5
"""A wall clock that disagrees with the stream by more was set, or the machine slept; the stream follows."""


class Stream(msgspec.Struct, frozen=True):
    """Who is listening to what; fixed for a run."""

    source_id: str
    source_name: str
    sample_rate: int
    """Hz of all stream indices."""
    model: str
    live: bool
    """Whether capture times are those of the sound; a file played fast has none and is never skipped."""
    run_id: str
    """Makes event ids of different runs differ."""


class Clock(msgspec.Struct, frozen=True):
    """Where time comes from; tests bring their own."""

    monotonic: Callable[[], float]
    """Seconds."""
    utc: Callable[[], datetime]


class Context(msgspec.Struct, frozen=True):
    """What an event is reported with."""

    score: Score
    loudness: Loudness
    background: BackgroundState
    captured_s: float
    """Monotonic clock when the window's last sample had been captured."""
    scored_s: float
    """Monotonic clock when its score was known."""


class Reporter:
    """Builds wire records; wall time is anchored to an index, then computed; anchored anew after a step."""

    def __init__(self, stream: Stream, clock: Clock, prompts: dict[str, str], urgent: frozenset[str]) -> None:
        self._stream = stream
        self._clock = clock
        self._prompts = prompts
        self._urgent = urgent
        self._epoch: datetime | None = None
        self._loudest: dict[str, Loudness] = {}

    def anchor(self, index: int, captured_s: float) -> None:
        """Tie stream index `index` to the moment it was captured, unless it already is, nearly enough."""
        if self._epoch is not None and not self._stream.live:
            return
        age_s = self._clock.monotonic() - captured_s if self._stream.live else 0.0
        epoch = self._clock.utc() - timedelta(seconds=age_s + index / self._stream.sample_rate)
        if self._epoch is None or abs((epoch - self._epoch).total_seconds()) > _CLOCK_STEP_S:
            self._epoch = epoch

    def track(self, heard: frozenset[str], loudness: Loudness) -> None:
        """Keep the loudest moment of each open event while it is heard; the next sound's is not its own."""
        for name in heard & self._loudest.keys():
            self._loudest[name] = max(self._loudest[name], loudness, key=lambda one: one.level_dbfs)

    def time_of(self, index: int) -> datetime:
        """Return the UTC time of a stream index."""
        return (self._epoch or self._clock.utc()) + timedelta(seconds=index / self._stream.sample_rate)

    def event(self, change: Transition, context: Context) -> Event:
        """Return the event message of a transition."""
        offset = change.offset_sample
        loudness = self._loudest.setdefault(change.class_, context.loudness)
        if change.type == "offset":
            del self._loudest[change.class_]
        ranked = sorted(context.score.values.items(), key=lambda item: -item[1])[:_CANDIDATES]
        return Event(
            type=change.type,
            id=f"{self._stream.run_id}-{change.class_}-{change.onset_sample}",
            source_id=self._stream.source_id,
            source_name=self._stream.source_name,
            class_=change.class_,
            prompt=self._prompts[change.class_],
            score=round(change.score, 4),
            threshold=change.threshold,
            candidates=[Candidate(name, round(value, 4)) for name, value in ranked],
            onset_time=self.time_of(change.onset_sample),
            offset_time=None if offset is None else self.time_of(offset),
            onset_sample=change.onset_sample,
            offset_sample=offset,
            sample_rate=self._stream.sample_rate,
            latency_s=self._latency(context),
            level_dbfs=round(loudness.level_dbfs, 1),
            floor_dbfs=round(loudness.floor_dbfs, 1),
            snr_db=round(loudness.snr_db, 1),
            background=context.background,
            urgent=change.class_ in self._urgent,
            model=self._stream.model,
            peak_score=round(change.peak_score, 4),
            ended_by=change.ended_by,
        )

    def near_miss(self, missed: Missed, context: Context) -> NearMiss:
        """Return the message of a near miss."""
        return NearMiss(
            source_id=self._stream.source_id,
            class_=missed.class_,
            reason=missed.reason,
            score=round(missed.score, 4),
            threshold=missed.threshold,
            time=self.time_of(missed.stop),
            level_dbfs=round(context.loudness.level_dbfs, 1),
            snr_db=round(context.loudness.snr_db, 1),
        )

    def level(self, loudness: Loudness) -> Level:
        """Return the message of one tick of the level meter."""
        return Level(
            source_id=self._stream.source_id,
            time=self.time_of(loudness.stop),
            sample=loudness.stop,
            level_dbfs=round(loudness.level_dbfs, 1),
            peak_dbfs=round(loudness.peak_dbfs, 1),
            floor_dbfs=round(loudness.floor_dbfs, 1),
            snr_db=round(loudness.snr_db, 1),
            activity=loudness.activity,
            bands_dbfs=loudness.bands_dbfs,
        )

    def scores(self, score: Score) -> Scores:
        """Return the message of one scored window."""
        return Scores(
            source_id=self._stream.source_id,
            time=self.time_of(score.stop),
            start=score.start,
            stop=score.stop,
            sample_rate=self._stream.sample_rate,
            scores={name: round(value, 4) for name, value in score.values.items()},
            other=score.other,
            other_score=round(score.other_score, 4),
        )

    def _latency(self, context: Context) -> Latency:
        if not self._stream.live:
            return Latency(0.0, 0.0)
        published = self._clock.monotonic() - context.captured_s
        return Latency(round(context.scored_s - context.captured_s, 4), round(published, 4))
