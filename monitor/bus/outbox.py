"""Records on their way from the pipeline to the thread that publishes them.

Overflow: the pipeline never waits. When `MAX_WAITING` records wait, levels and scores are dropped, at twice
as many everything is; each is counted under its topic, so that its readers know that they missed it.
"""

from __future__ import annotations

import os
import threading
from collections import Counter, deque
from contextlib import suppress

from monitor.bus.codec import topic_of
from monitor.bus.messages import Level, PublishedRecord, ScoresMessage

MAX_WAITING = 2000


class Wakeup:
    """Wakes a thread that waits in a poll; rung by any thread, never waits."""

    def __init__(self) -> None:
        self.fd, self._write_fd = os.pipe()
        """Readable once it has rung."""
        os.set_blocking(self.fd, False)
        os.set_blocking(self._write_fd, False)

    def ring(self) -> None:
        """Wake the thread that waits; nothing happens where it is awake already."""
        with suppress(OSError):
            os.write(self._write_fd, b"!")

    def quiet(self) -> None:
        """Stop ringing."""
        with suppress(OSError):
            os.read(self.fd, 1 << 16)

    def close(self) -> None:
        """Release both ends."""
        for fd in (self.fd, self._write_fd):
            with suppress(OSError):
                os.close(fd)


class Outbox:
    """Filled by the pipeline thread, emptied by the publishing one."""

    def __init__(self, wakeup: Wakeup) -> None:
        self._wakeup = wakeup
        self._lock = threading.Lock()
        self._waiting: deque[PublishedRecord] = deque()
        self._dropped: Counter[str] = Counter()

    def put(self, record: PublishedRecord) -> None:
        """Take `record` along, or drop it where too many wait."""
        with self._lock:
            idle = not self._waiting  # whoever takes all there is need not be woken for each of it
            limit = MAX_WAITING if isinstance(record, Level | ScoresMessage) else 2 * MAX_WAITING
            if len(self._waiting) < limit:
                self._waiting.append(record)
            else:
                self._dropped[topic_of(record)] += 1
        if idle:
            self._wakeup.ring()

    def take(self) -> tuple[list[PublishedRecord], Counter[str]]:
        """Return what waits, in order, and how many were dropped after it per topic."""
        with self._lock:
            taken = list(self._waiting), self._dropped
            self._waiting.clear()
            self._dropped = Counter()
        return taken
