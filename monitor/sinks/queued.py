"""Something slow with a thread and a queue of its own: it may wait, and the pipeline never does.

Overflow: when `MAX_PENDING` records wait, the newest is dropped and counted; so is what the sink fails on,
and what still waits when `close` has waited long enough.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeAlias, TypeVar

from monitor.bus.messages import PublishedRecord
from monitor.sinks import Telling

MAX_PENDING = 1000
"""Records that wait for a slow sink."""
CLOSE_S = 2.0
"""Seconds in which what waits may still be passed on at the end."""


Entry = TypeVar("Entry")
Entry_contra = TypeVar("Entry_contra", contravariant=True)


class Taker(Protocol[Entry_contra]):
    """Takes what waited for it; a `Sink` takes records."""

    def emit(self, record: Entry_contra, /) -> None:
        """Take one; it may wait and may raise."""

    def close(self) -> None:
        """Take no more; may be called twice."""


class Queued(Generic[Entry]):
    """Passes records on to a sink, in order, by a thread of its own.

    Parameters
    ----------
    sink
        Used by that thread only, but for its `news`, and closed by it; it may wait and may raise.
    name
        What a person calls it, at the beginning of a sentence.
    wants
        Whether `sink` is to have a record; asked once for each, in order, before it is queued. None: all.
    max_pending
        Records that wait.
    close_s
        Seconds `close` waits for the sink.
    """

    def __init__(
        self,
        sink: Taker[Entry],
        name: str,
        wants: Callable[[Entry], bool] | None = None,
        max_pending: int = MAX_PENDING,
        close_s: float = CLOSE_S,
    ) -> None:
        self.dropped = 0
        """Records lost: no room, or the sink failed on them."""
        self._sink = sink
        self._name = name
        self._wants = wants
        self._max_pending = max_pending
        self._close_s = close_s
        self._pending: deque[Entry] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._busy = 0  # records that the sink is at
        self._failed = 0  # records that the sink failed on since it took one
        self._told: set[str] = set()
        self._news: list[str] = []
        self._thread = threading.Thread(target=self._work, name=f"sink {name}", daemon=True)
        self._thread.start()

    def emit(self, record: Entry, /) -> None:
        """Queue `record`. Never waits for the sink; after `close` it is dropped."""
        if self._wants is not None and not self._wants(record):
            return
        with self._changed:
            if self._closing:
                return
            if len(self._pending) >= self._max_pending:
                self._lose(1, "does not keep up; its newest records are lost")
            else:
                self._pending.append(record)
                self._changed.notify()

    def news(self) -> list[str]:
        """Return what has not been told yet, one sentence for each way of losing records."""
        with self._changed:
            news, self._news = self._news, []
        return news + (self._sink.news() if isinstance(self._sink, Telling) else [])

    def close(self) -> None:
        """Let the sink have what waits and close it, for at most `close_s` seconds; may be called twice."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(self._close_s)
        with self._changed:
            lost = len(self._pending) + self._busy
            self._pending.clear()
            if lost and self._thread.is_alive():
                self._lose(lost, "did not take its last records in time; they are lost")
                self._busy = 0

    def _work(self) -> None:
        while (record := self._next()) is not None:
            try:
                self._sink.emit(record)
            except Exception as error:  # noqa: BLE001 - told and counted; the next may go through again
                self._fail(error)
            else:
                self._recover()
            self._busy = 0
        try:
            self._sink.close()
        except Exception as error:  # noqa: BLE001 - told
            self._fail(error)

    def _next(self) -> Entry | None:
        """Wait for a record; None: there will be none any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._pending or self._closing)
            self._busy = 1 if self._pending else 0
            return self._pending.popleft() if self._pending else None

    def _fail(self, error: Exception) -> None:
        why = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        with self._changed:
            self._failed += self._busy
            self._lose(self._busy, f"cannot be written: {why}")

    def _recover(self) -> None:
        """Tell that the sink takes records again after it failed; the next failure is told again."""
        if not self._failed:
            return
        with self._changed:
            lost, self._failed = self._failed, 0
            self._told.clear()
            records = "record is" if lost == 1 else "records are"
            self._news.append(f"{self._name} is written again; {lost} {records} lost.")

    def _lose(self, count: int, why: str) -> None:
        """Count what is lost and tell why, once; called with the lock held."""
        self.dropped += count
        if why not in self._told:
            self._told.add(why)
            self._news.append(f"{self._name} {why}.")


QueuedSink: TypeAlias = Queued[PublishedRecord]
"""A `Sink` that passes records on to another."""
