"""What the pipeline knows -> the records that leave it; the only place where sample indices become times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from monitor.bus.messages import Candidate, ClockStep, Event, Latency, Level, NearMissMessage, ScoresMessage
from monitor.pipeline.timeline import DeviceTimeline, PlayedTimeline, Timeline, WallClock
from monitor.records import (
    ALARM_LOW_BATTERY,
    LOUD_SOUND,
    BackgroundState,
    HearingState,
    LevelReading,
    NearMiss,
    Span,
    Transition,
    UnlistedSound,
    WindowScores,
)

_CANDIDATES = 5
_UNLISTED_PROMPTS = {
    LOUD_SOUND: "any sound that is loud",
    ALARM_LOW_BATTERY: "one short high beep at equal distances",
}
_READ_TOGETHER_S = 0.01
"""Two clocks that were not read within this long were not read at one moment."""
_READINGS = 5


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
    labels: Mapping[str, str] = {}
    """What the user calls each class, by its name in topics."""
    unknown: frozenset[str] = frozenset()
    """Classes whose words the model does not know."""
    node: str = ""
    """The machine that listens."""
    paced: bool = False
    """A file in real time: never skipped, and capture times tell how far behind what is heard lies."""


class Clock(msgspec.Struct, frozen=True):
    """Where time comes from; tests bring their own."""

    monotonic: Callable[[], float]
    """Seconds."""
    utc: Callable[[], datetime]
    suspended: Callable[[], float] = float
    """Seconds the machine has slept since it was started; 0 where that is not known."""


class Context(msgspec.Struct, frozen=True):
    """What an event is reported with."""

    score: WindowScores
    level: LevelReading
    background: BackgroundState
    captured_s: float
    """Monotonic clock when the window's last sample had been captured."""
    scored_s: float
    """Monotonic clock when its score was known."""
    hearing: HearingState = "good"


class _Onset(NamedTuple):
    """Where and when an open event began; all its messages share it."""

    sample: int
    time: datetime


class Reporter:
    """Builds wire records; `timeline.py` says how an index becomes a time."""

    def __init__(self, stream: Stream, clock: Clock, prompts: dict[str, str], urgent: frozenset[str]) -> None:
        self._stream = stream
        self._clock = clock
        self._prompts = prompts | _UNLISTED_PROMPTS
        self._urgent = urgent
        self._wall = WallClock(*self._read_clocks()[:3])
        self._timeline: Timeline = DeviceTimeline(stream.sample_rate) if stream.live else PlayedTimeline()
        self._ppm = 0.0
        self._loudest: dict[str, LevelReading] = {}
        self._onsets: dict[str, _Onset] = {}

    def retune(self, stream: Stream, prompts: dict[str, str], urgent: frozenset[str]) -> None:
        """Report other classes of the same stream from now on."""
        self._stream, self._prompts, self._urgent = stream, prompts | _UNLISTED_PROMPTS, urgent

    def anchor(self, span: Span, clock_ppm: float | None) -> None:
        """Tie a span to the moment it was captured; `clock_ppm`: how fast the device's clock is, if known."""
        captured_s = span.captured_s if self._stream.live else self._clock.monotonic()
        self._timeline.observe(span.start, span.start + len(span.samples), captured_s, span.discontinuous)
        self._ppm = self._ppm if clock_ppm is None else clock_ppm

    @property
    def clock_step(self) -> ClockStep | None:
        """The last time that the computer's clock was set, or the machine slept."""
        return self._wall.step

    def watch_clock(self) -> bool:
        """Look at the computer's clock, several times a second; True when it was set."""
        now_s, utc, suspended_s, together = self._read_clocks()
        return together and self._wall.observe(now_s, utc, suspended_s)

    def _read_clocks(self) -> tuple[float, datetime, float, bool]:
        """Read all clocks, and whether that was at one moment: the program may be held up in between."""
        for _ in range(_READINGS):
            now_s, utc, suspended_s = self._clock.monotonic(), self._clock.utc(), self._clock.suspended()
            if self._clock.monotonic() - now_s < _READ_TOGETHER_S:
                return now_s, utc, suspended_s, True
        return now_s, utc, suspended_s, False

    def track(self, heard: frozenset[str], level: LevelReading) -> None:
        """Keep the loudest moment of each open event while it is heard; the next sound's is not its own."""
        for name in heard & self._loudest.keys():
            self._loudest[name] = max(self._loudest[name], level, key=lambda one: one.level_dbfs)

    def time_of(self, index: int) -> datetime:
        """Return the UTC time of a stream index, never later than now."""
        return self._wall.utc(min(self._timeline.captured_s(index), self._clock.monotonic()))

    def position_s(self, index: int) -> float | None:
        """Return the seconds from the beginning of a file to a stream index; None of what is heard live."""
        return None if self._stream.live else round(index / self._stream.sample_rate, 4)

    def told(self, found: Transition | NearMiss | UnlistedSound, context: Context) -> Event | NearMissMessage:
        """Return the message of what was found."""
        if isinstance(found, NearMiss):
            return self.near_miss(found, context)
        return (
            self.unlisted(found, context) if isinstance(found, UnlistedSound) else self.event(found, context)
        )

    def unlisted(self, found: UnlistedSound, context: Context) -> Event:
        """Return the event message of what no class is listed for."""
        self._loudest[found.change.class_] = found.level
        return msgspec.structs.replace(self.event(found.change, context), label=found.label)

    def event(self, change: Transition, context: Context) -> Event:
        """Return the event message of a transition."""
        onset = self._onset(change)
        offset = change.offset_sample
        level = self._loudest.setdefault(change.class_, context.level)
        if change.type == "offset":
            del self._loudest[change.class_], self._onsets[change.class_]
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
            candidates=[Candidate(name, round(value, 4), self.label(name)) for name, value in ranked],
            onset_time=onset.time,
            offset_time=None if offset is None else self._offset_time(onset, offset),
            onset_sample=change.onset_sample,
            offset_sample=offset,
            sample_rate=self._stream.sample_rate,
            latency_s=self._latency(context),
            level_dbfs=round(level.level_dbfs, 1),
            floor_dbfs=round(level.floor_dbfs, 1),
            snr_db=round(level.snr_db, 1),
            background=context.background,
            urgent=change.class_ in self._urgent,
            model=self._stream.model,
            peak_score=round(change.peak_score, 4),
            label=self.label(change.class_),
            ended_by=change.ended_by,
            onset_position_s=self.position_s(change.onset_sample),
            offset_position_s=None if offset is None else self.position_s(offset),
            node=self._stream.node,
            hearing=context.hearing,
        )

    def label(self, class_: str) -> str:
        """Return what the user calls a class."""
        return self._stream.labels.get(class_, "")

    def unknown(self, class_: str) -> bool:
        """Tell whether the model does not know the words of a class."""
        return class_ in self._stream.unknown

    def _onset(self, change: Transition) -> _Onset:
        """Return the onset of an event, with the time that its first message gave it."""
        known = self._onsets.get(change.class_)
        if known is None or known.sample != change.onset_sample:
            known = _Onset(change.onset_sample, self.time_of(change.onset_sample))
            self._onsets[change.class_] = known
        return known

    def _offset_time(self, onset: _Onset, offset: int) -> datetime:
        """Return when an event ended: as much later as it lasted by the device's clock, put right."""
        if not self._stream.live:
            return max(onset.time, self.time_of(offset))
        lasted_s = (offset - onset.sample) / self._stream.sample_rate / (1.0 + 1e-6 * self._ppm)
        return onset.time + timedelta(seconds=lasted_s)

    def near_miss(self, missed: NearMiss, context: Context) -> NearMissMessage:
        """Return the message of a near miss."""
        return NearMissMessage(
            source_id=self._stream.source_id,
            class_=missed.class_,
            reason=missed.reason,
            score=round(missed.score, 4),
            threshold=missed.threshold,
            time=self.time_of(missed.stop),
            level_dbfs=round(context.level.level_dbfs, 1),
            snr_db=round(context.level.snr_db, 1),
            position_s=self.position_s(missed.stop),
            label=self.label(missed.class_),
            node=self._stream.node,
        )

    def level(self, level: LevelReading) -> Level:
        """Return the message of one tick of the level meter."""
        return Level(
            source_id=self._stream.source_id,
            time=self.time_of(level.stop),
            sample=level.stop,
            level_dbfs=round(level.level_dbfs, 1),
            peak_dbfs=round(level.peak_dbfs, 1),
            floor_dbfs=round(level.floor_dbfs, 1),
            snr_db=round(level.snr_db, 1),
            activity=level.activity,
            bands_dbfs=level.bands_dbfs,
        )

    def scores(self, score: WindowScores) -> ScoresMessage:
        """Return the message of one scored window."""
        return ScoresMessage(
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
