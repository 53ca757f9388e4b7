"""The sink that tells people: a planner and a courier for each who is told, behind one queue."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import msgspec

from monitor.bus.messages import Event, Health, PublishedRecord
from monitor.sinks.notify.courier import CLOSE_S, Courier
from monitor.sinks.notify.moments import Moment, present
from monitor.sinks.notify.planner import Planner
from monitor.sinks.notify.wellness import Wellness
from monitor.sinks.queued import QueuedSink

_TICK_S = 1.0
_MAX_PENDING = 20_000
"""Events and states of health that wait to be thought about: a thousand of them take some 20 ms."""


class Told(msgspec.Struct, frozen=True):
    """One who is told."""

    planner: Planner
    courier: Courier


class Notifier:
    """A `Sink` that thinks about each record, and leaves telling to couriers; used behind a queue.

    It also thinks once a second, whatever comes.
    """

    def __init__(
        self,
        told: Sequence[Told],
        unwell_after_s: float,
        now: Callable[[], Moment] = present,
        close_s: float = CLOSE_S,
    ) -> None:
        self._told = told
        self._wellness = Wellness(unwell_after_s)
        self._now = now
        self._close_s = close_s
        self._thinking = threading.Lock()
        self._closing = threading.Event()
        self._ticks: threading.Thread | None = None

    @property
    def dropped(self) -> int:
        """Sounds and other news that somebody was never told of."""
        return sum(one.courier.dropped for one in self._told)

    def news(self) -> list[str]:
        """Return what has not been told the user yet, one sentence each."""
        return [sentence for one in self._told for sentence in one.courier.news()]

    def start(self) -> None:
        """Begin to tell."""
        for one in self._told:
            one.courier.start()
        self._ticks = threading.Thread(target=self._tick_on, name="notify", daemon=True)
        self._ticks.start()

    def emit(self, record: PublishedRecord) -> None:
        """Tell of `record` what there is to tell."""
        with self._thinking:
            now = self._now()
            if isinstance(record, Event):
                self._event(record, now)
            elif isinstance(record, Health):
                self._wellness.take(record, now)

    def tick(self) -> None:
        """Tell what is to be told by now."""
        with self._thinking:
            self._due(self._now())

    def close(self) -> None:
        """Tell what has been counted, and let what waits be told for a while; may be called twice."""
        self._closing.set()
        with self._thinking:
            now = self._now()
            self._due(now)
            for one in self._told:
                one.courier.post(one.planner.rest(now))
        closers = [
            threading.Thread(target=one.courier.close, args=(self._close_s,), daemon=True)
            for one in self._told
        ]
        for closer in closers:
            closer.start()
        for closer in closers:
            closer.join(self._close_s + 1.0)

    def _event(self, event: Event, now: Moment) -> None:
        for one in self._told:
            one.courier.post(one.planner.take(event, now))
            if event.type == "acknowledged":  # its end is told all the same
                one.courier.withdraw(event.id)

    def _due(self, now: Moment) -> None:
        found = self._wellness.due(now)
        for one in self._told:
            one.courier.post([*one.planner.health(found, now), *one.planner.due(now)])

    def _tick_on(self) -> None:
        while not self._closing.wait(_TICK_S):
            self.tick()


class NotifySink:
    """A `Sink` that never waits: a `Notifier` behind a queue."""

    def __init__(self, notifier: Notifier, close_s: float = CLOSE_S) -> None:
        self._notifier = notifier
        self._queue = QueuedSink(
            notifier, "Telling people", _wanted, max_pending=_MAX_PENDING, close_s=close_s + 2.0
        )

    @property
    def dropped(self) -> int:
        """Sounds and other news that somebody was never told of."""
        return self._queue.dropped + self._notifier.dropped

    def emit(self, record: PublishedRecord) -> None:
        """Queue `record`; never waits."""
        self._queue.emit(record)

    def news(self) -> list[str]:
        """Return what has not been told the user yet, one sentence each."""
        return self._queue.news() + self._notifier.news()

    def close(self) -> None:
        """Let what waits be told for a while; the rest waits for the next run."""
        self._queue.close()


def _wanted(record: PublishedRecord) -> bool:
    return isinstance(record, Event | Health)
