"""The thread that owns the sockets of the bus: it publishes, answers, and says that the monitor is alive.

It shares nothing with the pipeline but an `Outbox` and a `RequestQueue`, so a pipeline that is slow or stands
still delays neither heartbeats nor answers, and whoever attacks the sockets delays no pipeline.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import zmq

from monitor.bus.codec import decode_request, encode, encode_json, topic_of
from monitor.bus.connections import ConnectionGuard
from monitor.bus.control import peer_of
from monitor.bus.history_reader import HistoryReader
from monitor.bus.liveness import Liveness, truthful
from monitor.bus.messages import Health, Heartbeat, PublishedRecord, Reply, Request, Snapshot
from monitor.bus.outbox import Outbox, Wakeup
from monitor.bus.publisher_state import PublisherState
from monitor.bus.requests import PendingRequest, RequestQueue
from monitor.bus.sockets import remove_path
from monitor.errors import PublishError, WireError

MOST_SUBSCRIBERS = 256
MOST_ASKING = 64
_LOOK_S = 0.25
_PER_STEP = 50
_LINGER_MS = 500
_FAILURES = 10


class BusThread(threading.Thread):
    """Publishes what is put into `outbox`, until `stop`.

    Parameters
    ----------
    events, control
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
        events: zmq.Socket[bytes],
        control: zmq.Socket[bytes],
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
        self._events, self._control = events, control
        self._epoch = epoch
        self._heartbeat_every_s = heartbeat_every_s
        self._beat_due_s = 0.0
        self._state = PublisherState()
        self._reported: dict[str, Health] = {}
        self._liveness = Liveness()
        self._stopping = threading.Event()
        self._events_guard = ConnectionGuard(events, MOST_SUBSCRIBERS, metered=True)
        self._control_guard = ConnectionGuard(control, MOST_ASKING, metered=False)

    @property
    def refused(self) -> int:
        """Connections that were cut off."""
        return self._events_guard.refused + self._control_guard.refused

    def stop(self, timeout_s: float) -> None:
        """Let it hand over what waits and close the sockets; returns after `timeout_s` in any case."""
        self._stopping.set()
        self._wakeup.ring()
        self.join(timeout_s)

    def run(self) -> None:
        """Turn until told to stop."""
        self._events_guard.start()
        self._control_guard.start()
        poller = zmq.Poller()
        for readable in (self._wakeup.fd, self._control, self._events):
            poller.register(readable, zmq.POLLIN)
        while not self._stopping.is_set():
            poller.poll(round(1000 * min(_LOOK_S, self._heartbeat_every_s)))
            self._step_safely()
        self._step_safely()
        self.release(_LINGER_MS)
        self._events_guard.join()
        self._control_guard.join()

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
        self._take_subscriptions()
        self._take_requests(now_s)
        self._send_answers(now_s)

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
        with suppress(zmq.Again):
            self._events.send_multipart(encode(record, self._epoch, sequence, time), zmq.NOBLOCK)

    def _take_subscriptions(self) -> None:
        """Count who subscribes to what; ZeroMQ has acted on it already."""
        with suppress(zmq.Again):
            while True:
                frame = self._events.recv(zmq.NOBLOCK, copy=False)
                with suppress(zmq.ZMQError):  # of a connection that has gone
                    self._events_guard.subscribed(int(frame.get("__fd")), frame.bytes)

    def _take_requests(self, now_s: float) -> None:
        for _ in range(_PER_STEP):
            try:
                frames = self._control.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            self._take_request(frames, now_s)

    def _take_request(self, frames: list[zmq.Frame], now_s: float) -> None:
        """Answer at once, or let the pipeline or the reader of the history do it."""
        parts = [frame.bytes for frame in frames]
        envelope = parts[:2] if len(parts) > 2 and parts[1] == b"" else parts[:1]
        try:
            if len(parts) != len(envelope) + 1:
                raise WireError("A request is one frame of JSON.")
            request = _signed(decode_request(parts[-1]), frames[-1])
        except (WireError, PublishError) as error:
            self._answer(envelope, Reply(ok=False, error=str(error)))
        else:
            if request.request == "snapshot":
                self._answer(envelope, self._state.snapshot(self._epoch, datetime.now(UTC)))
            elif request.request == "history":
                self._history.ask(PendingRequest(envelope, request, now_s))
            else:
                self.requests.ask(PendingRequest(envelope, request, now_s))

    def _send_answers(self, now_s: float) -> None:
        for answer in self.requests.take_answers(now_s):
            self._answer(answer.envelope, answer.reply)

    def _answer(self, envelope: list[bytes], answer: Snapshot | Reply) -> None:
        with suppress(zmq.ZMQError):
            self._control.send_multipart([*envelope, encode_json(answer)], zmq.NOBLOCK)

    def release(self, linger_ms: int) -> None:
        """Close the sockets, after `linger_ms` milliseconds for what waits; for a bus that does not run."""
        for sock in (self._events, self._control):
            remove_path(sock)
            sock.disable_monitor()  # which lets its guard go
            sock.close(linger=linger_ms)
        self._wakeup.close()


def _signed(request: Request, frame: zmq.Frame) -> Request:
    """Return `request` with who asks, as the kernel and the request itself tell it.

    Raises
    ------
    PublishError
        Another user asks.
    """
    try:
        peer = peer_of(str(frame.get("Peer-Address")))
    except zmq.ZMQError:
        peer = None
    if peer is None or not peer.trusted:
        raise PublishError("Only the user who runs the monitor may ask it or tell it what to do.")
    return request.by(peer.called(request.client))
