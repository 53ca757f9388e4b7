"""One line per event, for a person or, as JSON, for a program; the same for a local run and for `listen`.

People read hedged words ("may be a siren"): a score is never a certainty. Where there are several sources,
each line names its own. A time of day is that where the reader is; the day and the zone are told at the start
and whenever they change. A file has no times of day but positions.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from typing import TextIO

from monitor.bus.codec import encode_json
from monitor.bus.messages import ClockStep, Event, Health, NearMissMessage, PublishedRecord, Trouble
from monitor.bus.setting_changes import SettingChanges
from monitor.config.settings import Config
from monitor.sinks.kinds import SinkOptions
from monitor.sinks.nonblocking import NonBlockingWriter
from monitor.sinks.troubles import Troubles
from monitor.text import sanitise
from monitor.wording import (
    HEARING,
    NEAR_MISS,
    SOURCE_STATE,
    called,
    changed,
    clock,
    clock_set,
    day_and_zone,
    ended_by,
    hard_of_hearing,
    hedged,
    how_often,
    moment,
)

_UNHEARD = {"silent", "lost", "failing", "paused"}
_LATE_S = 2.0
"""What is reported of a file in real time may be so late without a word; CLAP needs a second for a window."""


class LineSink:
    """A `Sink` that prints.

    Parameters
    ----------
    stream
        Written to without waiting (see `NonBlockingWriter`), never closed here.
    as_json
        Each message of an event as one line, the payload of the wire, and each `Trouble`, instead of lines
        for a person: these tell onsets, offsets, changes of health and of the background.
    near_misses
        Also what resembled a class and was not reported, and why.
    wait
        Asked again and again: whether to wait for a slow reader instead of dropping lines; for a source that
        can wait too.
    elsewhere
        A sentence to add where it is told that lines are lost: where else events are.
    """

    def __init__(
        self,
        stream: TextIO,
        as_json: bool,
        near_misses: bool = False,
        wait: Callable[[], bool] | None = None,
        elsewhere: str = "",
    ) -> None:
        self._writer = NonBlockingWriter(
            stream, wait, encoding="utf-8" if as_json else None
        )  # JSON always is
        self._as_json = as_json
        self._near_misses = near_misses
        self._open: set[str] = set()
        self._health: dict[str, Health] = {}
        self._names: dict[str, str] = {}
        self._late: dict[str, bool] = {}
        self._troubles = Troubles()
        self._day = ""
        self._clock_steps = 0
        self._changes = SettingChanges()
        self._elsewhere = elsewhere
        self._told = False

    @property
    def closed(self) -> bool:
        """True once nobody reads the stream any more, looked at afresh; the run may end."""
        self._writer.drain()
        return self._writer.closed

    @property
    def dropped(self) -> int:
        """Lines lost because the reader was too slow or the disk full."""
        return self._writer.dropped

    @property
    def trouble(self) -> str | None:
        """Why the first line was lost, as one sentence; None while none was."""
        return self._writer.trouble

    def emit(self, record: PublishedRecord) -> None:
        """Print `record` if it is of a kind to be printed. Never waits, and never raises for the reader."""
        lines = self._json_lines(record) if self._as_json else self._lines(record)
        if lines and not self._as_json:
            self._say_day(_time_of_day(record))
        for line in lines:
            self.say(line)
        self._writer.drain()

    def say(self, line: str) -> None:
        """Print one line that is not a record."""
        self._writer.put(sanitise(line, limit=len(line)))

    def tell(self, trouble: Trouble) -> None:
        """Tell a program something about the run that a person is told by whoever started it."""
        if self._as_json:
            self.say(encode_json(trouble).decode())

    def news(self) -> list[str]:
        """Return once that lines are lost, and why."""
        told, self._told = self._told, self.trouble is not None
        return [f"{self.trouble} {self._elsewhere}".rstrip()] if self._told and not told else []

    def close(self) -> None:
        """Print what still waits, for at most a second; the stream stays open."""
        self._writer.close()

    def _say_day(self, time: datetime | None) -> None:
        """Print which day it is, in which zone, unless the last line was of the same."""
        day = self._day if time is None else day_and_zone(time)
        if time is not None and day != self._day:
            self._day = day
            self.say(f"{clock(time)}  date    {day}")

    def _json_lines(self, record: PublishedRecord) -> list[str]:
        if isinstance(record, Health):
            return [encode_json(trouble).decode() for trouble in self._troubles.of(record)]
        wanted = isinstance(record, Event) or (self._near_misses and isinstance(record, NearMissMessage))
        return [encode_json(record).decode()] if wanted else []

    def _lines(self, record: PublishedRecord) -> list[str]:
        if isinstance(record, Event):
            self._names[record.source_id] = record.source_name
            return self._event_lines(record)
        if isinstance(record, NearMissMessage):
            return [near_miss_line(record, self._where(record.source_id))] if self._near_misses else []
        if isinstance(record, Health):
            self._names[record.source_id] = record.source_name
            return self._health_lines(record)
        return []

    def _where(self, source_id: str) -> str | None:
        """Return the name of a source where there are several."""
        return self._names.get(source_id, source_id) if len(self._names) > 1 else None

    def _event_lines(self, event: Event) -> list[str]:
        """Tell an onset once, at an update where the onset itself was before our time or lost."""
        if event.type in {"acknowledged", "missed"}:
            return [seen_line(event, self._where(event.source_id))]
        if event.type == "offset":
            self._open.discard(event.id)
        elif event.id in self._open:
            return []
        else:
            self._open.add(event.id)
        return [event_line(event, self._where(event.source_id))]

    def _health_lines(self, health: Health) -> list[str]:
        """Tell a change of state or of background, and when the program begins to be late."""
        before = self._health.get(health.source_id)
        self._health[health.source_id] = health
        lines = [health_line(health, before)] if before is None or before.state != health.state else []
        passed_over = before is not None and _passed_over(health) > _passed_over(before)
        late = (passed_over and health.state not in {"failing", "ended"}) or health.behind_s > _LATE_S
        if late and not self._late.get(health.source_id, False):
            lines.append(late_line(health, self._where(health.source_id)))
        self._late[health.source_id] = late
        if not late:
            lines += _hearing_lines(health, before)
        if before is not None:
            lines += _news(health, before, self._where(health.source_id))
            lines += self._clock_lines(health, before)
        return lines + self._change_lines(health)

    def tell_changes(self, health: Health) -> None:
        """Print who changed what, unless that has been told."""
        for line in self._change_lines(health):
            self.say(line)

    def _change_lines(self, health: Health) -> list[str]:
        source = _source(self._where(health.source_id))
        return [f"{clock(one.time)}  change  {source}{changed(one)}" for one in self._changes.news(health)]

    def _clock_lines(self, health: Health, before: Health) -> list[str]:
        """Tell that the clock was set, once though every source says so."""
        step = health.clock_step
        if step is None or step.number <= (before.clock_step.number if before.clock_step else 0):
            return []
        self._clock_steps, known = step.number, self._clock_steps
        return [] if step.number == known else [clock_line(step)]


class TroubleSink:
    """A `Sink` that prints only what stops a source from hearing, or changes what it reports."""

    def __init__(self, stream: TextIO) -> None:
        self._lines = LineSink(stream, as_json=False)
        self._troubled: set[str] = set()
        self._clock_steps = 0

    def emit(self, record: PublishedRecord) -> None:
        """Print `record` if it tells of trouble or of its end. Never waits."""
        if isinstance(record, Health):
            self._lines.tell_changes(record)
            unheard = record.state in _UNHEARD or hard_of_hearing(record)
            troubled = {record.source_id} if unheard else set()
            if troubled or record.source_id in self._troubled:
                self._lines.emit(record)
            elif record.clock_step is not None and record.clock_step.number > self._clock_steps:
                self._clock_steps = record.clock_step.number
                self._lines.say(clock_line(record.clock_step))
            self._troubled = self._troubled - {record.source_id} | troubled

    def close(self) -> None:
        """Print what still waits, for at most a second."""
        self._lines.close()


def open_lines(config: Config, options: SinkOptions) -> LineSink | None:
    """Print on standard output where that is asked for."""
    if not options.headless:
        return None
    elsewhere = "" if config.publish.bind == "none" else "Events are still published."
    return LineSink(sys.stdout, options.as_json, options.near_misses, options.wait, elsewhere)


def open_troubles(_: Config, options: SinkOptions) -> TroubleSink | None:
    """Tell of a lost or silent source on standard error where standard output is for a program."""
    return TroubleSink(sys.stderr) if options.as_json else None


def event_line(event: Event, where: str | None = None) -> str:
    """Return the onset or the offset of an event as a line for a person, times where the reader is."""
    source = _source(where)
    level = f"level {event.level_dbfs:.1f} dBFS, SNR {event.snr_db:.0f} dB"
    if event.type != "offset":
        urgent = "URGENT: " if event.urgent else ""
        score = f"score {event.score:.2f} (threshold {event.threshold:.2f})"
        time = moment(event.onset_time, event.onset_position_s)
        return f"{time}  onset   {source}{urgent}{hedged(event.label or event.class_)}, {score}, {level}"
    duration_s = _lasted_s(event)
    by = event.ended_by or "quiet"
    why = "" if by == "quiet" else f" ({ended_by(by).phrase})"
    ended = f"{called(event)} ended after {duration_s:.1f} s{why}"
    time = moment(event.offset_time or event.onset_time, event.offset_position_s)
    return f"{time}  offset  {source}{ended}, peak {event.peak_score:.2f}, {level}"


def seen_line(event: Event, where: str | None = None) -> str:
    """Return that an urgent event was acknowledged, or that nobody has done so, as a line for a person."""
    what, began = called(event), moment(event.onset_time, event.onset_position_s)
    if event.acknowledged_at is not None:
        seen = f"{what} of {began} acknowledged by {event.acknowledged_by}"
        return f"{clock(event.acknowledged_at)}  seen    {_source(where)}{seen}"
    lasted = f"lasted {_lasted_s(event):.1f} s, nobody has acknowledged it; do so with: monitor ack"
    return f"{began}  MISSED  {_source(where)}{what}, {lasted}"


def _lasted_s(event: Event) -> float:
    """Return seconds from onset to offset, by the clock where nobody knows the sample of the end."""
    if event.offset_sample is not None:
        return (event.offset_sample - event.onset_sample) / event.sample_rate
    return ((event.offset_time or event.onset_time) - event.onset_time).total_seconds()


def near_miss_line(miss: NearMissMessage, where: str | None = None) -> str:
    """Return what was not reported, and why, as a line for a person."""
    score = f"score {miss.score:.2f} (threshold {miss.threshold:.2f})"
    why = f"not reported: {NEAR_MISS[miss.reason].phrase}"
    return f"{moment(miss.time, miss.position_s)}  nearly  {_source(where)}{called(miss)}, {score}, {why}"


def health_line(health: Health, before: Health | None = None) -> str:
    """Return the state of a source as a line for a person; `before` tells whether it is back."""
    name = health.source_name
    if health.state == "running" and before is not None and before.state in _UNHEARD:
        text = f"back: {name} is heard again"
    elif health.state == "running":
        classes = ", ".join(map(called, health.classes))
        text = f"listening to {name} for {classes}, model {health.model}"
        if muted := [called(state) for state in health.classes if state.muted]:
            text += f", muted: {', '.join(muted)}"
        if health.calibration is not None:
            text += f", false alarms allowed: {how_often(health.calibration.false_alarms_per_hour)}"
    else:
        text = f"{SOURCE_STATE[health.state]}: {name}" + (f", {health.reason}" if health.reason else "")
    return f"{moment(health.time, health.position_s)}  health  {text}"


def _hearing_lines(health: Health, before: Health | None) -> list[str]:
    """Return that a source is heard badly, or well again, and which of its channels are not heard."""
    texts = []
    badly, name = hard_of_hearing(health), health.source_name
    if badly and (before is None or not hard_of_hearing(before) or health.hearing != before.hearing):
        texts.append(f"{HEARING[health.hearing]}: {name}, {health.hearing_reason}")
    elif before is not None and health.state == "running" and hard_of_hearing(before) and not badly:
        texts.append(f"back: {name} is heard well again")
    if health.channels and (before is None or health.channels != before.channels):
        texts.append(f"CHANNELS: {name}, {health.channels}")
    return [f"{moment(health.time, health.position_s)}  health  {text}" for text in texts]


def late_line(health: Health, where: str | None = None) -> str:
    """Return how much sound was passed over, as a line for a person."""
    passed_s = _passed_over(health) / health.sample_rate
    lost = f"{passed_s:.1f} s of sound passed over so far"
    waits = f"what it reports is {health.behind_s:.1f} s late, and nothing is passed over"
    text = f"LATE: the program does not keep up; {waits if health.behind_s else lost}"
    return f"{moment(health.time, health.position_s)}  health  {_source(where)}{text}"


def clock_line(step: ClockStep) -> str:
    """Return that the clock was set, as a line for a person."""
    return f"{clock(step.time)}  clock   {clock_set(step)}; times before and after do not fit together"


def _time_of_day(record: PublishedRecord) -> datetime | None:
    """Return the time of day that stands in the line of a record; None where a position does."""
    if isinstance(record, Event) and record.onset_position_s is None:
        return (record.offset_time if record.type == "offset" else None) or record.onset_time
    if isinstance(record, Health | NearMissMessage) and record.position_s is None:
        return record.time
    return None


def _news(health: Health, before: Health, where: str | None) -> list[str]:
    """Return what the monitor found out about the background since `before`, as lines for a person."""
    texts = []
    if health.warning and health.warning != before.warning:
        texts.append(f"WARNING: {health.warning}")
    if health.background.changes > before.background.changes:
        texts.append("another background noticed; learning it")
    now, then = health.calibration, before.calibration
    if now is not None and now.ready and then is not None and not then.ready:
        allowed = how_often(now.false_alarms_per_hour)
        texts.append(f"thresholds learnt from {now.heard_s / 60.0:.0f} min, for {allowed} false alarms")
    return [f"{moment(health.time, health.position_s)}  health  {_source(where)}{text}" for text in texts]


def _source(where: str | None) -> str:
    return "" if where is None else f"{where}: "


def _passed_over(health: Health) -> int:
    return health.skipped + health.overwritten
