"""The thread that owns the sockets of the bus: it publishes, answers, and says that the monitor is alive.

It shares nothing with the pipeline but an `Outbox` and a `RequestQueue`, so a pipeline that is slow or stands
still delays neither heartbeats nor answers, and whoever attacks the sockets delays no pipeline.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import zmq

from monitor.bus.codec import encode, topic_kind, topic_of
from monitor.bus.doors import Door
from monitor.bus.history_reader import HistoryReader
from monitor.bus.liveness import Liveness, truthful
from monitor.bus.messages import Health, Heartbeat, Level, PublishedRecord, Reply, Request, ScoresMessage
from monitor.bus.outbox import Outbox, Wakeup
from monitor.bus.publisher_state import PublisherState
from monitor.bus.requests import PendingRequest, RequestQueue

_LOOK_S = 0.25
_PER_STEP = 50
_LINGER_MS = 500
_FAILURES = 10


class BusThread(threading.Thread):
    """Publishes what is put into `outbox`, until `stop`.

    Parameters
    ----------
    doors
        Bound sockets, which are this thread's from now on.
    epoch
        Identity of this run.
    heartbeat_every_s
        Seconds between heartbeats, once the pipeline has turned.
    history
        Answers `history` requests; None: there is none.
    """

    def __init__(
        self,
        doors: Sequence[Door],
        epoch: str,
        heartbeat_every_s: float,
        history: Callable[[Request], Reply] | None = None,
    ) -> None:
        super().__init__(name="bus", daemon=True)
        self.steps = 0
        """How often the pipeline has turned; only the pipeline writes it."""
        self.stepped_s = 0.0
        """Monotonic clock, seconds, when it last did; only the pipeline writes it."""
        self.failures: deque[Exception] = deque(maxlen=_FAILURES)
        """What went wrong here and has not been told."""
        self._wakeup = Wakeup()
        self.outbox = Outbox(self._wakeup)
        self.requests = RequestQueue(self._wakeup)
        self._history = HistoryReader(history, self.requests)
        self._doors = tuple(doors)
        self._epoch = epoch
        self._heartbeat_every_s = heartbeat_every_s
        self._beat_due_s = 0.0
        self._state = PublisherState()
        self._reported: dict[str, Health] = {}
        self._liveness = Liveness()
        self._stopping = threading.Event()

    @property
    def refused(self) -> int:
        """Connections that were cut off."""
        return sum(door.refused for door in self._doors)

    def takes(self, kind: type[Level | ScoresMessage]) -> bool:
        """Tell whether anybody subscribes to records of this kind; from any thread."""
        beginning = f"{topic_kind(kind)}/"
        return any(door.interest.covers(beginning) for door in self._doors)

    def stop(self, timeout_s: float) -> None:
        """Let it hand over what waits and close the sockets; returns after `timeout_s` in any case."""
        self._stopping.set()
        self._wakeup.ring()
        self.join(timeout_s)

    def run(self) -> None:
        """Turn until told to stop."""
        poller = zmq.Poller()
        poller.register(self._wakeup.fd, zmq.POLLIN)
        for door in self._doors:
            door.open()
            for sock in door.sockets:
                poller.register(sock, zmq.POLLIN)
        while not self._stopping.is_set():
            poller.poll(round(1000 * min(_LOOK_S, self._heartbeat_every_s)))
            self._step_safely()
        self._step_safely()
        self.release(_LINGER_MS)
        for door in self._doors:
            door.join()

    def _step_safely(self) -> None:
        """Step; what goes wrong is kept for whoever puts in the next record, and the next step is made."""
        try:
            self._step()
        except Exception as error:  # noqa: BLE001 - a bus that ends in silence would look like a dead monitor
            self.failures.append(error)

    def _step(self) -> None:
        self._wakeup.quiet()
        now, now_s = datetime.now(UTC), time.monotonic()
        self._liveness.look(self.steps, now_s)
        self._publish_waiting()
        if self._liveness.begun and now_s >= self._beat_due_s:
            self._beat_due_s = now_s + self._heartbeat_every_s
            self._beat(now, now_s)
        for door in self._doors:
            door.look()
            door.take_subscriptions()
            self._take_requests(door, now_s)
        for answer in self.requests.take_answers(now_s):
            answer.send()

    def _publish_waiting(self) -> None:
        records, dropped = self.outbox.take()
        for record in records:
            try:
                self._publish_one(record)
            except Exception as error:  # noqa: BLE001 - the others must go out
                self.failures.append(error)
        for topic, number in dropped.items():
            self._state.skip(topic, number)

    def _publish_one(self, record: PublishedRecord) -> None:
        if isinstance(record, Health):
            self._reported[record.source_id] = record
            record = truthful(record, self._liveness.reason)
        self._publish(record, datetime.now(UTC))

    def _beat(self, now: datetime, now_s: float) -> None:
        """Tell that the program lives, and the truth about its pipeline.

        The time is that of the begin of the step: whatever was put into the outbox before it has been sent.
        """
        if self._liveness.stands:
            for health in self._reported.values():
                self._publish(truthful(health, self._liveness.reason, now), now)
        age_s = round(max(0.0, now_s - self.stepped_s), 2)
        self._publish(Heartbeat(time=now, sequences=self._state.sequences, step_age_s=age_s), now)

    def _publish(self, record: PublishedRecord, time: datetime) -> None:
        sequence = self._state.enter(topic_of(record), record)
        parts = encode(record, self._epoch, sequence, time)
        for door in self._doors:
            door.send(parts)

    def _take_requests(self, door: Door, now_s: float) -> None:
        """Answer at once, or let the pipeline or the reader of the history do it."""
        for envelope, request in door.requests(_PER_STEP):
            if request.request == "snapshot":
                door.answer(envelope, self._state.snapshot(self._epoch, datetime.now(UTC)))
            elif request.request == "history":
                self._history.ask(PendingRequest(envelope, request, now_s, door))
            else:
                self.requests.ask(PendingRequest(envelope, request, now_s, door))

    def release(self, linger_ms: int) -> None:
        """Close the sockets, after `linger_ms` milliseconds for what waits; for a bus that does not run."""
        for door in self._doors:
            door.close(linger_ms)
        self._wakeup.close()
