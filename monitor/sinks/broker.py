"""What the sinks that tell a broker share: a thread that owns all that is told, and its mailbox.

The pipeline puts in records, the library of the broker what comes from there; neither waits. Overflow: where
`MOST_WAITING` wait in the mailbox, which means that this thread stands still, the newest records are dropped
and counted; where `MOST_WITH_OTHERS` do, what others send over the broker is, and it is told. So a flood
takes no place from records, and from how the connection is nothing does.
"""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from types import UnionType
from typing import ClassVar, Generic, Protocol, TypeVar

import msgspec

from monitor.bus.messages import PublishedRecord, Reply, Request
from monitor.bus.requests import RequestQueue

MOST_WAITING, MOST_WITH_OTHERS = 4000, 1000
CLOSE_S = 3.0
"""Seconds in which what waits may still be passed on at the end."""
_AT_ONCE = 500
"""Records that are taken together."""
_REQUESTS_PER_STEP = 20


class Close(msgspec.Struct, frozen=True):
    """The run ends."""

    deadline_s: float
    """Monotonic clock, seconds."""


class BrokerLink(Protocol):
    """A connection to a broker that is made again whenever it is lost."""

    def start(self) -> None:
        """Connect as soon as that can be done; returns at once."""

    def close(self, wait_s: float) -> None:
        """Say good-bye; returns after `wait_s` in any case."""


class BrokerWorker(threading.Thread):
    """Tells a broker what the mailbox brings, until it is closed.

    Parameters
    ----------
    name
        What a person calls the broker, at the beginning of a sentence.
    news
        Takes what a person is to be told.
    """

    from_others: ClassVar[type[msgspec.Struct] | UnionType]
    """What others send over the broker."""
    waiting: ClassVar[str]
    """What becomes of what there is to tell while there is no broker, as a clause."""
    _link: BrokerLink

    def __init__(self, name: str, news: deque[str]) -> None:
        super().__init__(name=name, daemon=True)
        self.mailbox: SimpleQueue[object] = SimpleQueue()
        """Where everything comes in."""
        self.requests = RequestQueue(self)
        """What is asked of the pipeline."""
        self.news = news
        """What a person has not been told."""
        self.lost = 0
        """What was taken along and nobody will ever have."""
        self.unheard = 0
        """Messages of others that were dropped."""
        self._overflow = 0
        self._connected = False
        self._trouble = ""  # why there is no connection, as it was said

    @property
    def dropped(self) -> int:
        """Records that the broker will never have."""
        return self._overflow + self.lost

    def take(self, record: PublishedRecord) -> bool:
        """Take `record` along; False: too many wait, and it is lost."""
        if self.mailbox.qsize() >= MOST_WAITING:
            self._overflow += 1
            return False
        self.mailbox.put(record)
        return True

    def ring(self) -> None:
        """Let it look for answers of the pipeline."""
        self.mailbox.put(None)

    def close(self, wait_s: float) -> None:
        """Let it hand over what it can, and end; returns after `wait_s` in any case."""
        self.mailbox.put(Close(time.monotonic() + 0.8 * wait_s))
        self.join(wait_s)

    def run(self) -> None:
        """Work until it is closed."""
        self._link.start()
        closing: Close | None = None
        while closing is None or self._may_deliver(closing):
            closing = self._step(closing) or closing
        self._end(closing)
        self._link.close(max(0.1, closing.deadline_s - time.monotonic()))

    @abstractmethod
    def _step(self, closing: Close | None) -> Close | None:
        """Take what has come, and send what is new; return the end where that has come."""

    @abstractmethod
    def _note(self, item: object) -> None:
        """Take note of one that has come."""

    @abstractmethod
    def _is_behind(self) -> bool:
        """Return whether the broker does not have everything yet."""

    @abstractmethod
    def _end(self, closing: Close) -> None:
        """Count and tell what is lost, and send the last words."""

    def _hear(self, item: object) -> None:
        """Take what comes from the broker along; called by the thread of its library."""
        if not isinstance(item, self.from_others) or self.mailbox.qsize() < MOST_WITH_OTHERS:
            self.mailbox.put(item)
            return
        if not self.unheard:
            self.news.append(f"{self.name} brings more than can be looked at: some of it is dropped.")
        self.unheard += 1

    def _may_deliver(self, closing: Close) -> bool:
        """Return whether it is worth while to wait for the broker, which may just be being connected."""
        return self._is_behind() and not self._trouble and time.monotonic() < closing.deadline_s

    def _take(self, timeout_s: float | None) -> Close | None:
        """Take what has come, waiting for the first of it; return the end where that has come."""
        for count in range(_AT_ONCE):
            try:
                item = self.mailbox.get(block=not count, timeout=timeout_s)
            except Empty:
                break
            if isinstance(item, Close):
                return item
            self._note(item)
        return None

    def _welcome(self, also: str = "") -> None:
        """Tell a person that there is a broker again, and what else is so."""
        if self._trouble:
            self.news.append(f"{self.name} is connected{also}.")
        self._connected, self._trouble = True, ""

    def _miss(self, why: str) -> None:
        """Tell a person that there is no broker, once for each reason."""
        if self._connected:
            why = why or "the connection was lost"
        self._connected = False
        if why and why != self._trouble:
            self._trouble = why
            self.news.append(f"{self.name} cannot be reached: {why}. {self.waiting}; the monitor goes on.")


Worker = TypeVar("Worker", bound=BrokerWorker)


class BrokerSink(Generic[Worker]):
    """A `Sink` whose worker tells a broker; never waits for it.

    Overflow: what waits for the worker is bounded and counted by it, and what waits for the broker too.
    """

    def __init__(
        self, worker: Worker, wants: Callable[[PublishedRecord], bool], close_s: float = CLOSE_S
    ) -> None:
        """Let `worker` tell what `wants` says, and wait `close_s` seconds for it at the end."""
        self._worker = worker
        self._wants = wants
        self._close_s = close_s
        self._closed = False
        worker.start()

    @property
    def dropped(self) -> int:
        """Records that the broker will never have; what waits on the disk is none."""
        return self._worker.dropped

    def emit(self, record: PublishedRecord) -> None:
        """Let the worker have `record`, if the broker is told of its kind; never waits."""
        if not self._closed and self._wants(record):
            self._worker.take(record)

    def poll(self, handle: Callable[[Request], Reply]) -> None:
        """Let `handle` answer what was asked for; never waits."""
        self._worker.requests.serve(handle, _REQUESTS_PER_STEP)

    def news(self) -> list[str]:
        """Return how the connection is, each change once."""
        news = self._worker.news
        return [news.popleft() for _ in range(len(news))]

    def close(self) -> None:
        """Hand over what can be, say good-bye and end, within `close_s` seconds; may be called twice."""
        if not self._closed:
            self._closed = True
            self._worker.close(self._close_s)
