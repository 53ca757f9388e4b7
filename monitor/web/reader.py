"""A thread that follows one monitor and hands on what it says.

Overflow: what this process does not read in time is dropped by ZeroMQ, counted by the subscriber, and asked
for again by a snapshot (`monitor.bus.client`). Of levels the newest counts, so they are handed on twice a
second; everything else at once and in order.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from monitor.bus.client import BusClient, Followed
from monitor.bus.messages import Level
from monitor.bus.subscriber import Subscriber

TOPICS = ("event/", "acknowledged/", "missed/", "health/", "level/")
_RECEIVE_S = 0.2
_LEVELS_S = 0.5

Take = Callable[[Sequence[Followed]], None]


class Reader(threading.Thread):
    """Follows the monitor at `endpoint`, which answers at `control`, until `stop`.

    Parameters
    ----------
    take
        Called from this thread with what is new; must return at once.
    """

    def __init__(self, endpoint: str, control: str | None, take: Take) -> None:
        super().__init__(name="web-reader", daemon=True)
        self._subscriber = Subscriber(endpoint, TOPICS, control=control)
        self._take = take
        self._stopping = threading.Event()
        self._levels: dict[str, Level] = {}
        self._levels_due_s = 0.0

    def run(self) -> None:
        """Read until told to stop."""
        with self._subscriber as subscriber:
            client = BusClient(subscriber)
            while not self._stopping.is_set():
                found = self._without_levels(client.step(_RECEIVE_S))
                if found:
                    self._take(found)

    def stop(self) -> None:
        """End it; returns once it has let go of its sockets."""
        self._stopping.set()
        if self.ident is None:
            self._subscriber.close()
        else:
            self.join()

    def _without_levels(self, found: Sequence[Followed]) -> list[Followed]:
        """Return what is to be handed on: levels only where they are due."""
        kept: list[Followed] = []
        for record in found:
            if isinstance(record, Level):
                self._levels[record.source_id] = record
            else:
                kept.append(record)
        now_s = time.monotonic()
        if self._levels and now_s >= self._levels_due_s:
            self._levels_due_s = now_s + _LEVELS_S
            kept += self._levels.values()
            self._levels.clear()
        return kept
