"""A clock that stands still until it is moved, and sounds at its time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from monitor.bus.messages import Event
from monitor.records import EventType
from monitor.sinks.notify.letters import Message
from monitor.sinks.notify.moments import Moment
from tests.examples import event

MORNING = datetime(2026, 11, 21, 8, 12, 0, tzinfo=UTC)


class Hours:
    """A clock for tests."""

    def __init__(self, start: datetime = MORNING) -> None:
        self._start = start
        self.elapsed_s = self.awake_s = 0.0

    def __call__(self) -> Moment:
        return Moment(self.elapsed_s, self.awake_s, self._start + timedelta(seconds=self.elapsed_s))

    def pass_s(self, seconds: float) -> Moment:
        """Let time pass, and return what it is then."""
        self.elapsed_s += seconds
        self.awake_s += seconds
        return self()

    def sleep_s(self, seconds: float) -> Moment:
        """Let the computer sleep, and return what time it is then."""
        self.elapsed_s += seconds
        return self()

    def set_clock(self, seconds: float) -> None:
        """Set the clock on the wall forward."""
        self._start += timedelta(seconds=seconds)


def sound(
    now: Moment, id_: str, class_: str = "dog_bark", urgent: bool = False, type_: EventType = "onset"
) -> Event:
    """Return a message of an event that began now."""
    return msgspec.structs.replace(event(type_, class_, id_), onset_time=now.time, urgent=urgent)


def acknowledged(now: Moment, id_: str, class_: str = "siren") -> Event:
    """Return that an urgent event was acknowledged."""
    one = sound(now, id_, class_, urgent=True, type_="acknowledged")
    return msgspec.structs.replace(one, acknowledged_by="somebody", acknowledged_at=now.time)


def titles(messages: list[Message]) -> list[str]:
    """Return what the messages are called."""
    return [message.title for message in messages]
