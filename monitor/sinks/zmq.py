"""The event bus: a PUB socket that everybody may read, and a ROUTER socket that answers questions.

Overflow: a subscriber that reads too slowly loses its own newest messages and nobody else's. ZeroMQ tells
neither side, so every message carries an epoch and a sequence, and once a second a heartbeat carries the
sequences of all topics: from these a subscriber counts what it lost. Both sockets are for this machine only.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import zmq

from monitor.errors import MonitorError, PublishError, WireError
from monitor.records import Heartbeat, PublishedRecord, Reply, Request, Snapshot
from monitor.sinks.ledger import Ledger
from monitor.wire import (
    check_endpoint,
    control_endpoint,
    decode_request,
    encode,
    encode_json,
    sanitise,
    topic_of,
)

HEARTBEAT_EVERY_S = 1.0
_LINGER_MS = 500
_MAX_REQUEST_LEN = 1 << 16
_REQUESTS_PER_TURN = 20
"""So that a flood of questions cannot hold up the pipeline."""
_PORT_ATTEMPTS = 50
_IN_USE = "is in use (is another monitor running?): choose another, e.g. --bind tcp://127.0.0.1:5559"


class Publisher:
    """A `Sink` that publishes every record, and answers on the control socket. Used by one thread.

    Parameters
    ----------
    bind
        ``tcp://<loopback>:<port>``, port ``0`` or ``*`` for two free ones, or ``ipc://<path>``.
    high_water_mark
        Messages queued per slow subscriber before the newest are dropped for that one.
    clock
        Monotonic seconds; decides when a heartbeat is due.

    Raises
    ------
    PublishError
        The address is not legal, not loopback, or in use.
    """

    def __init__(
        self, bind: str, high_water_mark: int = 1000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        address = check_endpoint(bind, any_port=True)
        self._clock = clock
        self._ledger = Ledger()
        self._heartbeat_due_s = clock()
        self.epoch = uuid.uuid4().hex
        """Identity of this run."""
        self._context = zmq.Context()
        self._events = self._context.socket(zmq.PUB)
        self._events.setsockopt(zmq.SNDHWM, high_water_mark)
        self._control = self._context.socket(zmq.ROUTER)
        self._control.setsockopt(zmq.MAXMSGSIZE, _MAX_REQUEST_LEN)
        try:
            self.endpoint = _bind_both(self._events, self._control, address)
            """Where the records are, with the port that was found."""
        except PublishError:
            self.close()
            raise
        self.control_endpoint = control_endpoint(self.endpoint)
        """Where requests are answered."""

    def emit(self, record: PublishedRecord) -> None:
        """Publish `record`. Never waits; after `close` it is dropped."""
        if self._context.closed:
            return
        sequence = self._ledger.enter(topic_of(record), record)
        frames = encode(record, self.epoch, sequence, datetime.now(UTC))
        with suppress(zmq.Again):
            self._events.send_multipart(frames, zmq.NOBLOCK)

    def poll(self, handle: Callable[[Request], Reply]) -> None:
        """Send the heartbeat when it is due and answer what has been asked; never waits.

        Parameters
        ----------
        handle
            Answers every well-formed request but `snapshot`, which is answered here.
        """
        if self._context.closed:
            return
        now_s = self._clock()
        if now_s >= self._heartbeat_due_s:
            self._heartbeat_due_s = now_s + HEARTBEAT_EVERY_S
            self.emit(Heartbeat(time=datetime.now(UTC), sequences=self._ledger.sequences))
        for _ in range(_REQUESTS_PER_TURN):
            try:
                frames = self._control.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            answer = self._answer(frames, handle)
            with suppress(zmq.Again):
                self._control.send_multipart([*_envelope(frames), encode_json(answer)], zmq.NOBLOCK)

    def close(self) -> None:
        """Hand over the last messages, for at most half a second, and release the sockets."""
        if self._context.closed:
            return
        _remove_path(self._events)
        _remove_path(self._control)
        self._context.destroy(linger=_LINGER_MS)

    def _answer(self, frames: list[bytes], handle: Callable[[Request], Reply]) -> Snapshot | Reply:
        try:
            if len(frames) != len(_envelope(frames)) + 1:
                raise WireError("A request is one frame of JSON.")
            request = decode_request(frames[-1])
            if request.request == "snapshot":
                return self._ledger.snapshot(self.epoch, datetime.now(UTC))
            return handle(request)
        except MonitorError as error:
            return Reply(ok=False, error=str(error))


def _envelope(frames: list[bytes]) -> list[bytes]:
    """Return the frames that lead an answer back: the peer's identity, and REQ's empty delimiter."""
    return frames[:2] if len(frames) > 2 and frames[1] == b"" else frames[:1]


def _bind_both(events: zmq.Socket[bytes], control: zmq.Socket[bytes], address: str) -> str:
    """Bind both sockets and return the address of the first."""
    if not address.endswith(":*"):
        _bind(events, address, "")
        _bind(control, control_endpoint(address), f", the control socket that belongs to {address},")
        return address
    for _ in range(_PORT_ATTEMPTS):
        _bind(events, address, "")
        found = events.getsockopt_string(zmq.LAST_ENDPOINT)
        try:
            _bind(control, control_endpoint(found), "")
        except PublishError:
            events.unbind(found)
        else:
            return found
    raise PublishError(f"No two adjacent ports are free for {address}; name one, e.g. tcp://127.0.0.1:5559.")


def _bind(sock: zmq.Socket[bytes], address: str, role: str) -> None:
    if address.startswith("ipc://"):
        _check_path_is_free(address, role)
    sock.setsockopt(zmq.IPV6, int("[" in address))
    try:
        sock.bind(address)
    except zmq.ZMQError as error:
        if error.errno == errno.EADDRINUSE:
            raise PublishError(f"{sanitise(address)}{role} {_IN_USE}.") from None
        reason = os.strerror(error.errno or 0)
        raise PublishError(
            f"Cannot publish on {sanitise(address)}{role}: {reason}; choose another address with --bind."
        ) from None


def _remove_path(sock: zmq.Socket[bytes]) -> None:
    """Remove the file of a bound ipc socket, which ZeroMQ leaves behind; open connections stay."""
    bound = sock.getsockopt_string(zmq.LAST_ENDPOINT)
    if bound.startswith("ipc://") and not bound.startswith("ipc://@"):
        with suppress(OSError):
            Path(bound.removeprefix("ipc://")).unlink()


def _check_path_is_free(address: str, role: str) -> None:
    """Refuse a path that is not a socket or that somebody answers on: ZeroMQ would delete either."""
    path = address.removeprefix("ipc://")
    if path.startswith("@"):
        return
    shown = sanitise(address)
    try:
        mode = Path(path).stat().st_mode
    except OSError:
        return
    if not stat.S_ISSOCK(mode):
        raise PublishError(f"{shown}{role} is something else than a socket already: choose another path.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        with suppress(ConnectionRefusedError, FileNotFoundError):
            probe.connect(path)
            raise PublishError(f"{shown}{role} {_IN_USE}.")
