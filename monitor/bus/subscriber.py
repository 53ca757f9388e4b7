"""The other end of the event bus: receives, counts what it missed, asks.

Overflow: what this process does not read in time ZeroMQ drops; `lost` counts it from the sequences, at the
latest with the next heartbeat. All text has passed the sanitiser of `codec.py` and may be printed.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import zmq

from monitor.bus.addresses import check_known, control_of_public, for_this_machine
from monitor.bus.codec import (
    MAX_MESSAGE_LEN,
    Message,
    decode,
    decode_answer,
    encode_json,
)
from monitor.bus.control import find_control
from monitor.bus.keys import lock_of
from monitor.bus.messages import Heartbeat, Reply, Request, Snapshot
from monitor.bus.sockets import unlock
from monitor.errors import NoAnswer, PublishError, WireError

GONE_AFTER_S = 3.0
"""A publisher that gives no sign of life for this long is gone; it sends a heartbeat every second."""

_HEARTBEAT = "heartbeat/"


class Continuity:
    """Counts missed messages, from gaps in the sequences and from heartbeats.

    What was published before the first heartbeat of the first epoch and did not arrive was before our time
    and is not missed. A later epoch is a restart under our eyes: all of it counts.
    """

    def __init__(self, topics: Sequence[str]) -> None:
        """Count for the topics that begin with one of `topics`."""
        self._topics = tuple(topics)
        self._epoch: str | None = None
        self._joined = False
        self._last: dict[str, int] = {}
        self.lost = 0
        self.restarts = 0

    def note(self, message: Message) -> None:
        """Take one message into account, in the order of arrival."""
        header = message.header
        if header.epoch != self._epoch:
            self._joined = self._epoch is not None
            self.restarts += self._joined
            self._epoch = header.epoch
            self._last.clear()
        self._reach(message.topic, header.sequence - 1)
        self._last[message.topic] = max(header.sequence, self._last.get(message.topic, 0))
        if isinstance(message.record, Heartbeat):
            for topic, sequence in message.record.sequences.items():
                if topic.startswith(self._topics):
                    self._reach(topic, sequence)
            self._joined = True

    def _reach(self, topic: str, sequence: int) -> None:
        """Count as lost what lies between the last message of `topic` and `sequence`."""
        last = self._last.get(topic, 0 if self._joined else sequence)
        self.lost += max(0, sequence - last)
        self._last[topic] = max(last, sequence)


class Subscriber:
    """Receives what one monitor publishes. `receive` is for one thread; `request` is for any.

    Connecting never fails for a publisher that is not there yet, and lasts through its restarts.

    Parameters
    ----------
    endpoint
        Where the monitor publishes.
    topics
        Beginnings of the topics wanted, e.g. ``("event/", "health/")``; heartbeats always come.
    high_water_mark
        Messages queued here before the newest are dropped.
    clock
        Monotonic seconds.
    control
        Where the monitor answers; None: it is found (`monitor.bus.control`).

    Raises
    ------
    PublishError
        `endpoint` is not an address, or on another machine, whose key is not known here.
    """

    def __init__(
        self,
        endpoint: str,
        topics: Sequence[str] = ("",),
        high_water_mark: int = 1000,
        clock: Callable[[], float] = time.monotonic,
        control: str | None = None,
    ) -> None:
        self.endpoint = check_known(endpoint)
        lock = lock_of(self.endpoint)
        self._control = control
        self.lost = 0
        """Messages missed since the first heartbeat, over all epochs."""
        self.malformed = 0
        """Messages that were not ours and were passed over."""
        self.restarts = 0
        """Times the publisher began again."""
        self.last_seen_s: float | None = None
        """Monotonic clock, seconds, when the last message was received."""
        self._clock = clock
        self._continuity = Continuity(topics)
        context = zmq.Context()
        self._release = weakref.finalize(self, context.destroy, linger=0)
        self._socket = context.socket(zmq.SUB)
        self._socket.setsockopt(zmq.RCVHWM, high_water_mark)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE_LEN)
        self._socket.setsockopt(zmq.IPV6, int("[" in self.endpoint))
        unlock(self._socket, lock)
        for topic in {*topics, _HEARTBEAT}:
            self._socket.setsockopt(zmq.SUBSCRIBE, topic.encode())
        self._socket.connect(self.endpoint)

    def __enter__(self) -> Self:
        """Return the subscriber; it is closed at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def receive(self, timeout_s: float) -> Message | None:
        """Return the next message, or None if none came within `timeout_s` seconds."""
        deadline_s = self._clock() + timeout_s
        left_s = timeout_s
        while self._socket.poll(max(0, round(left_s * 1000))):
            message = self._take(self._socket.recv_multipart())
            left_s = deadline_s - self._clock()
            if message is not None or left_s < 0:
                return message
        return None

    def _take(self, frames: list[bytes]) -> Message | None:
        try:
            message = decode(frames)
        except WireError:
            self.malformed += 1
            return None
        self._continuity.note(message)
        self.lost, self.restarts = self._continuity.lost, self._continuity.restarts
        self.last_seen_s = self._clock()
        return message

    def alive(self, now_s: float) -> bool:
        """Tell whether the publisher gave a sign of life within `GONE_AFTER_S` of `now_s` (monotonic)."""
        return self.last_seen_s is not None and now_s - self.last_seen_s < GONE_AFTER_S

    def request(self, request: Request, timeout_s: float = 2.0) -> Snapshot | Reply:
        """Return the monitor's answer to `request`.

        Raises
        ------
        PublishError
            Nobody answers, or not a monitor.
        """
        return ask(self.endpoint, request, timeout_s, self._control)

    def close(self) -> None:
        """Release the socket; may be called twice."""
        self._release()


def ask(
    endpoint: str, request: Request, timeout_s: float = 2.0, control: str | None = None
) -> Snapshot | Reply:
    """Return the answer of the monitor that publishes on `endpoint` and answers on `control`, if stated.

    Raises
    ------
    PublishError
        `endpoint` is not an address, or nobody answers, or not a monitor.
    NoAnswer
        Of these that nobody does, at an address of this machine.
    """
    lock = lock_of(checked := check_known(endpoint))
    answering = find_control(checked, control) if lock is None else control_of_public(checked)
    context = zmq.Context()
    try:
        sock = context.socket(zmq.REQ)
        sock.setsockopt(zmq.IPV6, int("[" in answering))
        unlock(sock, lock)
        sock.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE_LEN)
        sock.connect(answering)
        sock.send(encode_json(request))
        if not sock.poll(round(timeout_s * 1000)):
            why = f"start one with: monitor run --bind {endpoint}, or say where one runs: --connect"
            if lock is not None:
                why = "does one run there with --public, and does it let this machine in (monitor keys)?"
            absent = NoAnswer if for_this_machine(checked) else PublishError
            raise absent(f"No monitor answers at {endpoint} within {timeout_s:g} s; {why}")
        return decode_answer(sock.recv())
    except WireError as error:
        raise PublishError(f"What answers on {answering} is not a monitor: {error}") from None
    finally:
        context.destroy(linger=0)
