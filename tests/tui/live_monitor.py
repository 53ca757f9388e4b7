"""A monitor reduced to its publisher: what the tests emit goes out over ZeroMQ."""

from __future__ import annotations

import threading

from monitor.bus.messages import PublishedRecord, Reply, Request
from monitor.bus.publisher import Publisher


class Monitor:
    """Publishes what it is given and remembers what it is asked, on a thread of its own."""

    def __init__(self) -> None:
        self.publisher = Publisher("tcp://127.0.0.1:*")
        self.requests: list[Request] = []
        self._records: list[PublishedRecord] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def publish(self, *records: PublishedRecord) -> None:
        self._records.extend(records)

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self.publisher.close()

    def _handle(self, request: Request) -> Reply:
        self.requests.append(request.by(None))
        return Reply(ok=request.request != "pause", error="Cannot pause a file.")

    def _run(self) -> None:
        while not self._stop.wait(0.01):
            self.publisher.poll(self._handle)
            while self._records:
                self.publisher.emit(self._records.pop(0))
