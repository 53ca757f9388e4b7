"""When a message first reaches another socket: received by a thread of its own, as any program does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from monitor.bus.messages import PublishedRecord
from monitor.bus.subscriber import Subscriber

_LOOK_S = 0.1


class Arrival:
    """Waits for one message.

    Parameters
    ----------
    endpoint
        Where it is published.
    topic
        How its topic begins.
    is_it
        Whether a record is it; asked on the thread that receives.
    """

    def __init__(self, endpoint: str, topic: str, is_it: Callable[[PublishedRecord], bool]) -> None:
        self.received_s: float | None = None
        """Monotonic clock, seconds, when it came; None: it has not."""
        self._over = threading.Event()
        self._thread = threading.Thread(
            target=self._receive, args=(endpoint, topic, is_it), name="self-test", daemon=True
        )
        self._thread.start()

    def wait(self, timeout_s: float) -> None:
        """Wait until it came, but no longer than `timeout_s`."""
        self._thread.join(timeout_s)

    def close(self) -> None:
        """Receive no more; never waits."""
        self._over.set()

    def _receive(self, endpoint: str, topic: str, is_it: Callable[[PublishedRecord], bool]) -> None:
        with Subscriber(endpoint, (topic,)) as subscriber:
            while not self._over.is_set() and self.received_s is None:
                message = subscriber.receive(_LOOK_S)
                if message is not None and is_it(message.record):
                    self.received_s = time.monotonic()
