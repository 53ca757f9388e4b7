"""Stands for a sink that is opened again: what comes meanwhile waits for the new one.

Overflow: `MOST` records wait; of more, the newest are dropped and counted. It takes no measurements.
"""

from __future__ import annotations

from collections import deque

from monitor.bus.messages import PublishedRecord
from monitor.sinks import Sink

MOST = 10_000


class Held:
    """A `Sink` that keeps records."""

    def __init__(self) -> None:
        self.dropped = 0
        """Records lost so far."""
        self._records: deque[PublishedRecord] = deque()

    def emit(self, record: PublishedRecord) -> None:
        """Keep `record`; never waits."""
        if len(self._records) >= MOST:
            self.dropped += 1
            return
        self._records.append(record)

    def news(self) -> list[str]:
        """Return nothing: what is lost here is told with the other losses."""
        return []

    def hand_over(self, sink: Sink) -> None:
        """Pass on what has waited."""
        while self._records:
            sink.emit(self._records.popleft())

    def close(self) -> None:
        """Hold nothing any more; may be called twice."""
        self._records.clear()
