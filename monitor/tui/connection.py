"""The line to a monitor: one thread that reads, one that asks. The terminal is never made to wait for either.

Overflow: the newest level, scores and health replace the one before; events and near misses are all
kept, up to `shown.MAX_PAST`. What the socket itself drops is counted by the subscriber, and a new snapshot is
asked for, so that no event stays open for want of its offset.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from monitor.bus.codec import Message
from monitor.bus.messages import Event, Health, NearMissMessage, PublishedRecord, Reply, Request, Snapshot
from monitor.bus.open_events import OpenEvents
from monitor.errors import MonitorError
from monitor.tui.source_states import States, after, after_restart

RECEIVE_S = 0.1
"""Longest wait for one message, and so for the thread to notice that it should end."""

REQUEST_S = 1.5
"""Longest wait for the answer to a request."""

CLIENT = "the interface"
"""What others are told who changed something."""

RESNAPSHOT_S = 5.0
"""Shortest time between snapshots asked for because messages were lost."""


class Link(Protocol):
    """What the connection needs of `monitor.bus.subscriber.Subscriber`."""

    lost: int
    malformed: int
    restarts: int

    def receive(self, timeout_s: float) -> Message | None:
        """Return the next message, or None if none came in time."""

    def alive(self, now_s: float) -> bool:
        """Tell whether a sign of life arrived lately."""

    def request(self, request: Request, timeout_s: float) -> Snapshot | Reply:
        """Ask the monitor for something."""

    def close(self) -> None:
        """Release the sockets."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """What should be drawn at once: an event, a near miss, a health report or a snapshot."""

    record: Event | NearMissMessage | Health | Snapshot


@dataclass(frozen=True, slots=True)
class Refused:
    """A request was not done, and why, in one sentence."""

    sentence: str
    request: Request | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """A request was done; what came back."""

    request: Request
    reply: Reply


Notice = Arrived | Refused | Answered


class BusConnection:
    """Holds the newest states of one monitor's sources.

    Parameters
    ----------
    link
        A subscriber; the connection owns it and closes it. None: one comes later, by `attach`.
    notify
        Called from the connection's threads; must return at once.
    """

    def __init__(self, link: Link | None, notify: Callable[[Notice], None]) -> None:
        self._link = link
        self._notify = notify
        self._states: States = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._reader = threading.Thread(target=self._read, name="tui-reader", daemon=True)
        self._asker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tui-asker")
        self._joined: tuple[int, int] | None = None
        self._joined_s = 0.0
        self._sounding = OpenEvents()
        self._was_alive = False
        self._last: datetime | None = None

    @property
    def states(self) -> States:
        """The newest states, by source id."""
        return self._states

    @property
    def counters(self) -> tuple[int, int, int]:
        """Messages lost, messages malformed, restarts of the monitor."""
        link = self._link
        return (link.lost, link.malformed, link.restarts) if link else (0, 0, 0)

    def alive(self) -> bool:
        """Tell whether the monitor gave a sign of life lately."""
        return self._link is not None and self._link.alive(time.monotonic())

    def start(self) -> None:
        """Begin to read, if there is anything to read from."""
        if self._link is not None and self._reader.ident is None and not self._stop.is_set():
            self._reader.start()

    def attach(self, link: Link) -> None:
        """Read from `link`; what comes after the first one is closed unread."""
        if self._link is not None or self._stop.is_set():
            link.close()
            return
        self._link = link
        self.start()

    def close(self) -> None:
        """End both threads and release the sockets; a request under way is waited for, others are dropped."""
        self._stop.set()
        if self._reader.is_alive():
            self._reader.join()
        self._asker.shutdown(cancel_futures=True)
        if self._link is not None:
            self._link.close()

    def ask(self, request: Request) -> None:
        """Send `request` in the order of the calls; a refusal arrives as `Refused`."""
        if self._link is not None and not self._stop.is_set():
            self._asker.submit(self._ask, self._link, request)

    def _read(self) -> None:
        link = self._link
        while link is not None and not self._stop.is_set():
            message = link.receive(RECEIVE_S)
            self._watch(link)
            if message is not None:
                self._join(link)
                self._follow(message.record)
                self._take(message.record, message.header.sequence)
                self._last = message.header.time

    def _watch(self, link: Link) -> None:
        """End what sounds when the monitor goes: nobody else tells its end."""
        alive = link.alive(time.monotonic())
        if self._was_alive and not alive:
            self._end_all()
        self._was_alive = alive

    def _follow(self, record: PublishedRecord) -> None:
        if isinstance(record, Event):
            with self._lock:
                self._sounding.take(record)

    def _end_all(self) -> None:
        last = self._last or datetime.now(UTC)
        with self._lock:
            ended = self._sounding.gone(last)
        for event in ended:
            self._take(event, 0)

    def _join(self, link: Link) -> None:
        """Ask for a snapshot at the first message, after a restart, and when messages were lost."""
        marks = (link.restarts, link.lost)
        if marks == self._joined:
            return
        restarted = self._joined is not None and marks[0] != self._joined[0]
        now_s = time.monotonic()
        if self._joined is not None and not restarted and now_s - self._joined_s < RESNAPSHOT_S:
            return
        self._joined, self._joined_s = marks, now_s
        if restarted:
            self._end_all()
            with self._lock:
                self._states = after_restart(self._states)
        self.ask(Request(request="snapshot"))

    def _take(self, record: PublishedRecord | Snapshot, sequence: int) -> None:
        with self._lock:
            self._states = after(self._states, record, time.monotonic(), sequence)
        if isinstance(record, Event | NearMissMessage | Health | Snapshot):
            self._notify(Arrived(record))

    def _ask(self, link: Link, request: Request) -> None:
        try:
            answer = link.request(request.by(CLIENT), REQUEST_S)
        except MonitorError as error:
            self._refuse(str(error), request)
            return
        if isinstance(answer, Snapshot):
            with self._lock:
                self._sounding.compare(answer)
            self._take(answer, 0)
        elif not answer.ok:
            self._refuse(answer.error or f"The monitor refused the request {request.request!r}.", request)
        elif not self._stop.is_set():
            self._notify(Answered(request, answer))

    def _refuse(self, sentence: str, request: Request) -> None:
        if not self._stop.is_set():
            self._notify(Refused(sentence, request))
