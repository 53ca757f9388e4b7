"""One line per event, for a person or, as JSON, for a program; the same for a local run and for `listen`.

People read hedged words ("may be a siren"): a score is never a certainty. Where there are several sources,
each line names its own. A time of day is that where the reader is; the day and the zone are told at the start
and whenever they change. A file has no times of day but positions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TextIO

from monitor.bus.codec import encode_json
from monitor.bus.messages import Event, Health, NearMissMessage, PublishedRecord, Trouble
from monitor.bus.setting_changes import SettingChanges
from monitor.names import in_order
from monitor.sinks.line_texts import (
    UNHEARD,
    clip_line,
    clock_line,
    event_line,
    health_line,
    hearing_lines,
    late_line,
    late_of_many_line,
    listening_lines,
    near_miss_line,
    news_lines,
    overflow_line,
    passed_over,
    prefix,
    seen_line,
    time_of_day,
)
from monitor.sinks.nonblocking import NonBlockingWriter
from monitor.sinks.troubles import Troubles
from monitor.text import sanitise
from monitor.wording import changed, clock, day_and_zone, hard_of_hearing

_LATE_S = 2.0
_MANY = 8
"""Sources from which on lateness is told once for all of them."""
_LATE_AGAIN = timedelta(seconds=30)
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
        self._late_told: datetime | None = None
        self._overflows: dict[str, bool] = {}
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
            self._say_day(time_of_day(record))
        for line in lines:
            self.say(line)
        self._writer.drain()

    def join(self, found: Sequence[Health]) -> None:
        """Print how the sources are that were there before: to which is listened, and then what is amiss."""
        ones = sorted(found, key=lambda one: in_order(one.source_name))
        new = {one.source_id for one in ones if one.state == "running"} - self._health.keys()
        lines = listening_lines([one for one in ones if one.source_id in new])
        self._names |= {one.source_id: one.source_name for one in ones}
        for health in ones:
            lines += self._health_lines(health)[health.source_id in new :]
        if lines:
            self._say_day(time_of_day(ones[0]))
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
            if record.type != "missed":  # that may be of another run, and of a source that is not heard now
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
        if event.type == "clip":
            return [clip_line(event, self._where(event.source_id))]
        if event.type in {"acknowledged", "missed"}:
            known = event.source_id in self._names
            return [seen_line(event, self._where(event.source_id) if known else event.source_name)]
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
        more = before is not None and passed_over(health) > passed_over(before)
        late = (more and health.state not in {"failing", "ended"}) or health.behind_s > _LATE_S
        begins = late and not self._late.get(health.source_id, False)
        self._late[health.source_id] = late
        lines += self._late_lines(health) if begins else []
        if not (late or self._late_together(health, before)):
            lines += hearing_lines(health, before)
        if before is not None:
            lines += self._overflow_lines(health, before)
            lines += news_lines(health, before, self._where(health.source_id))
            lines += self._clock_lines(health, before)
        return lines + self._change_lines(health)

    def _overflow_lines(self, health: Health, before: Health) -> list[str]:
        """Tell once that the driver loses sound, until it lost none for a while."""
        overflows = health.overflow > before.overflow
        known = self._overflows.get(health.source_id, False)
        self._overflows[health.source_id] = overflows
        return [overflow_line(health, self._where(health.source_id))] if overflows and not known else []

    def _late_lines(self, health: Health) -> list[str]:
        """Tell that the program is late; of many sources once for all, and again after a while."""
        if len(self._health) <= _MANY:
            return [late_line(health, self._where(health.source_id))]
        if self._late_told is not None and health.time - self._late_told < _LATE_AGAIN:
            return []
        self._late_told = health.time
        return [late_of_many_line(health, sum(self._late.values()), len(self._health))]

    def _late_together(self, health: Health, before: Health | None) -> bool:
        """Tell whether one of many sources is or was deaf for the program is late: that is told once."""
        deaf = any(one.state == "running" and one.hearing == "deaf" for one in (health, before or health))
        recent = self._late_told is not None and health.time - self._late_told < 2 * _LATE_AGAIN
        return deaf and recent and len(self._health) > _MANY

    def tell_changes(self, health: Health) -> None:
        """Print who changed what, unless that has been told."""
        for line in self._change_lines(health):
            self.say(line)

    def _change_lines(self, health: Health) -> list[str]:
        source = prefix(self._where(health.source_id))
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
            unheard = record.state in UNHEARD or hard_of_hearing(record)
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
