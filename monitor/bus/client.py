"""One monitor as seen from another process: its records, what sounds already, and how the connection is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Literal

import msgspec

from monitor.bus.addresses import for_this_machine
from monitor.bus.codec import Message
from monitor.bus.hearing_changes import HearingChanges
from monitor.bus.messages import (
    Event,
    Health,
    Heartbeat,
    Level,
    NearMissMessage,
    Request,
    ScoresMessage,
    Snapshot,
)
from monitor.bus.open_events import OpenEvents
from monitor.bus.subscriber import Subscriber
from monitor.errors import PublishError

ABSENT_AFTER_S = 1.5
"""A running monitor is heard of within a second; after this long without, the user is told."""

STALLED_AFTER_S = 3.0
STEADY_S = 10.0
"""A pipeline that stood still is believed again after so long without another pause."""

_RECEIVE_S = 0.5
_SNAPSHOT_S = 1.0
_AGAIN_S = 5.0
"""Shortest time between snapshots asked for because messages were lost."""

ContactChange = Literal[
    "absent", "gone", "back", "restarted", "missed", "stalled", "moving", "not_understood", "no_snapshot"
]


class Contact(msgspec.Struct, frozen=True):
    """How the connection to a monitor has changed."""

    change: ContactChange
    """`absent`: nobody has published yet. `gone`: no sign of life any more; what sounded has its offset.
    `back`: there again. `restarted`: another run. `missed`: messages were lost. `stalled`: it lives, but
    nothing is analysed. `moving`: it analyses again. `not_understood`: another version. `no_snapshot`: it
    publishes, but what sounded already cannot be asked for."""
    sentence: str
    """For a person."""
    time: datetime
    """When it was noticed here, UTC."""
    missed: int = 0
    """Messages lost in all."""


Followed = Event | NearMissMessage | Level | ScoresMessage | Health | Heartbeat | Contact


class Watch:
    """Puts into words how the connection is; every change once."""

    def __init__(self, endpoint: str, started_s: float) -> None:
        """Watch `endpoint` from `started_s` (monotonic clock, seconds)."""
        self._endpoint = endpoint
        self._started_s = started_s
        self._present: bool | None = None
        self._lost = 0
        self._restarts = 0
        self._malformed = 0
        self._malformed_when_alive = 0
        self._understood = True
        self._still_s: float | None = None

    def notes(self, now_s: float, alive: bool, lost: int, restarts: int, malformed: int) -> list[Contact]:
        """Return what there is to tell the user at `now_s`, one sentence each."""
        if alive:
            self._malformed_when_alive = malformed
        odd = malformed > self._malformed_when_alive
        found = [] if odd else self._presence(now_s, alive)
        found += self._restart(restarts) + self._misunderstood(malformed, odd)
        if lost > self._lost:
            found.append(_contact("missed", f"Messages missed: {lost - self._lost}, in all {lost}.", lost))
        self._lost = lost
        return found

    def beat(self, step_age_s: float | None, now_s: float) -> list[Contact]:
        """Return whether the pipeline has come to a stand or goes on again, as a heartbeat tells it."""
        stands = step_age_s is not None and step_age_s >= STALLED_AFTER_S
        before_s, self._still_s = self._still_s, now_s if stands else self._still_s
        if stands and before_s is None:
            sentence = f"The monitor on {self._endpoint} stands still: what sounds now is not heard."
            return [_contact("stalled", sentence)]
        if self._still_s is not None and now_s - self._still_s > STEADY_S:
            self._still_s = None
            return [_contact("moving", f"The monitor on {self._endpoint} analyses again.")]
        return []

    def _presence(self, now_s: float, alive: bool) -> list[Contact]:
        if alive == self._present or (not alive and now_s - self._started_s < ABSENT_AFTER_S):
            return []
        before, self._present = self._present, alive
        here = f"The monitor on {self._endpoint} is"
        if alive:
            return [] if before is None else [_contact("back", f"{here} there.")]
        self._still_s = None
        if before is None:
            start = "Start one with: monitor run"
            if not for_this_machine(self._endpoint):
                start = "Does one run there with --public, and does it let this machine in (monitor keys)?"
            absent = f"Nobody publishes on {self._endpoint} yet; waiting. {start}"
            return [_contact("absent", absent)]
        return [_contact("gone", f"{here} gone; what happens now is not shown. Waiting for it.")]

    def _restart(self, restarts: int) -> list[Contact]:
        if restarts == self._restarts:
            return []
        self._restarts = restarts
        return [_contact("restarted", "The monitor was restarted.")]

    def _misunderstood(self, malformed: int, odd: bool) -> list[Contact]:
        """Tell it when it begins, and again where nothing else comes any more (`odd`)."""
        begins = malformed > self._malformed and (self._malformed == 0 or (odd and self._understood))
        self._malformed = malformed
        self._understood = not odd
        sentence = f"Messages not understood: {malformed} (another version of monitor?)."
        return [_contact("not_understood", sentence)] if begins else []


class BusClient:
    """Carries on one subscriber: what it receives, completed by what it can only ask for or conclude.

    The first message brings a snapshot: the health of each source and the events that sound already. When the
    monitor goes or restarts, each open event gets an offset, `ended_by` "gone". Used by one thread.
    """

    def __init__(self, subscriber: Subscriber, clock: Callable[[], float] = time.monotonic) -> None:
        """Follow what `subscriber`, the caller's to close, receives."""
        self._subscriber = subscriber
        self._clock = clock
        self._watch = Watch(subscriber.endpoint, clock())
        self._open_events = OpenEvents()
        self._alive = False
        self._marks: tuple[int, int] | None = None
        self._asked_s = 0.0
        self._no_snapshot = False
        self._last: datetime | None = None

    def step(self, timeout_s: float) -> list[Followed]:
        """Return what is new, in order; waits for it `timeout_s` seconds at most."""
        subscriber = self._subscriber
        message = subscriber.receive(timeout_s)
        now_s = self._clock()
        alive = subscriber.alive(now_s)
        found: list[Followed] = []
        found += self._watch.notes(now_s, alive, subscriber.lost, subscriber.restarts, subscriber.malformed)
        came, went = alive and not self._alive, self._alive and not alive
        self._alive = alive
        if went:
            found += self._gone()
        if message is not None:
            found += self._join(came, now_s)
            found += self._take(message, now_s)
            self._last = message.header.time
        return found

    def _gone(self) -> list[Event]:
        return [] if self._last is None else self._open_events.gone(self._last)

    def _join(self, came: bool, now_s: float) -> list[Followed]:
        """Ask for a snapshot at the first message, after a restart or an absence, and after a loss."""
        marks = (self._subscriber.restarts, self._subscriber.lost)
        before, first = self._marks or marks, self._marks is None
        restarted = marks[0] != before[0]
        missed = marks[1] != before[1] and now_s - self._asked_s >= _AGAIN_S
        if not (first or came or restarted or missed):
            return []
        self._marks, self._asked_s = marks, now_s
        found: list[Followed] = []
        if restarted:
            found += self._gone()
        return found + self._snapshot()

    def _snapshot(self) -> list[Followed]:
        try:
            snapshot = self._subscriber.request(Request(request="snapshot"), timeout_s=_SNAPSHOT_S)
            if not isinstance(snapshot, Snapshot):
                raise PublishError(snapshot.error or "It does not say.")
        except PublishError as error:
            told, self._no_snapshot = self._no_snapshot, True
            return [] if told else [_contact("no_snapshot", f"What sounds already is not known. {error}")]
        return [*snapshot.health, *self._open_events.compare(snapshot)]

    def _take(self, message: Message, now_s: float) -> list[Followed]:
        record = message.record
        if isinstance(record, Event):
            return [*self._open_events.take(record)]
        if isinstance(record, Heartbeat):
            return [record, *self._watch.beat(record.step_age_s, now_s)]
        return [record]


def _contact(change: ContactChange, sentence: str, missed: int = 0) -> Contact:
    return Contact(change, sentence, datetime.now(UTC), missed)


def subscribe(
    endpoint: str, control: str | None = None, hearing: bool = False
) -> Iterator[Event | Contact | Health]:
    """Connect to `endpoint` at once and return an endless iterator over events and changes of the connection.

    With `hearing`, also over the health of a source where it begins or ceases to be heard well.

    Raises
    ------
    PublishError
        `endpoint` is not an address.
    """
    topics = ("event/", "health/") if hearing else ("event/",)
    return _events(Subscriber(endpoint, topics, control=control), hearing)


def _events(subscriber: Subscriber, hearing: bool) -> Iterator[Event | Contact | Health]:
    changes = HearingChanges()
    with subscriber:
        following = BusClient(subscriber)
        while True:
            for one in following.step(_RECEIVE_S):
                if isinstance(one, Health):
                    if hearing and changes.is_news(one):
                        yield one
                elif isinstance(one, Event | Contact):
                    yield one
