"""Where others come in: two sockets, one that publishes and one that answers, and who may use them.

A monitor has a door for programs of this machine: everybody may read, and its own user, as the kernel knows
him, may ask. It may have a second one for other machines: nothing passes there without a key that its user
allowed (`keys.py`), neither a message nor a request, and libzmq encrypts both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import zmq

from monitor.bus.codec import decode_request, encode_json
from monitor.bus.connections import ConnectionGuard
from monitor.bus.control import peer_of
from monitor.bus.interest import Interest
from monitor.bus.keys import Guest
from monitor.bus.messages import Reply, Request, Snapshot
from monitor.bus.sockets import remove_path
from monitor.errors import PublishError, WireError

MOST_SUBSCRIBERS = 256
MOST_ASKING = 64
READING = frozenset({"snapshot", "history", "background"})
"""Requests that change nothing: who may listen may make them."""
Sign = Callable[[Request, zmq.Frame], Request]
"""Returns a request with who asks; raises PublishError where they may not."""


class Door:
    """Two bound sockets, which belong to one thread from now on.

    Parameters
    ----------
    events, control
        Publish and answer.
    sign
        Says who asks.
    stamp
        Changes when somebody is let in or no more; None: that does not happen.
    """

    def __init__(
        self,
        events: zmq.Socket[bytes],
        control: zmq.Socket[bytes],
        sign: Sign,
        stamp: Callable[[], object] | None = None,
    ) -> None:
        self.sockets = (events, control)
        """To be looked at for what comes in."""
        self.interest = Interest()
        """What is subscribed to; to be read by any thread."""
        self._events, self._control, self._sign, self._stamp = events, control, sign, stamp
        self._stamped = None if stamp is None else stamp()
        self._events_guard = ConnectionGuard(events, MOST_SUBSCRIBERS, metered=True)
        self._control_guard = ConnectionGuard(control, MOST_ASKING, metered=False)

    @property
    def refused(self) -> int:
        """Connections that were cut off."""
        return self._events_guard.refused + self._control_guard.refused

    def open(self) -> None:
        """Let the guards begin."""
        self._events_guard.start()
        self._control_guard.start()

    def join(self) -> None:
        """Wait for the guards, once the sockets are closed."""
        self._events_guard.join()
        self._control_guard.join()

    def send(self, parts: list[bytes]) -> None:
        """Publish a message; whoever cannot take it loses it."""
        with suppress(zmq.Again):
            self._events.send_multipart(parts, zmq.NOBLOCK)

    def look(self) -> None:
        """Cut everybody off where it changed who is let in; who still is comes again by itself."""
        if self._stamp is not None and (now := self._stamp()) != self._stamped:
            self._stamped = now
            self._events_guard.cut_all()
            self._control_guard.cut_all()

    def take_subscriptions(self) -> None:
        """Count who subscribes to what; ZeroMQ has acted on it already."""
        with suppress(zmq.Again):
            while True:
                frame = self._events.recv(zmq.NOBLOCK, copy=False)
                self.interest.note(frame.bytes)
                with suppress(zmq.ZMQError):  # of a connection that has gone
                    self._events_guard.subscribed(int(frame.get("__fd")), frame.bytes)

    def requests(self, most: int) -> Iterator[tuple[list[bytes], Request]]:
        """Yield what was asked, and the way back; what is not understood or not allowed is answered here."""
        for _ in range(most):
            try:
                frames = self._control.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            parts = [frame.bytes for frame in frames]
            envelope = parts[:2] if len(parts) > 2 and parts[1] == b"" else parts[:1]
            try:
                if len(parts) != len(envelope) + 1:
                    raise WireError("A request is one frame of JSON.")
                request = self._sign(decode_request(parts[-1]), frames[-1])
            except (WireError, PublishError) as error:
                self.answer(envelope, Reply(ok=False, error=str(error)))
            else:
                yield envelope, request

    def answer(self, envelope: list[bytes], answer: Snapshot | Reply) -> None:
        """Send an answer back; whoever has gone does not get it."""
        with suppress(zmq.ZMQError):
            self._control.send_multipart([*envelope, encode_json(answer)], zmq.NOBLOCK)

    def close(self, linger_ms: int) -> None:
        """Close the sockets, after `linger_ms` milliseconds for what waits."""
        for sock in self.sockets:
            remove_path(sock)
            sock.disable_monitor()  # which lets its guard go
            sock.close(linger=linger_ms)


def sign_of_this_user(request: Request, frame: zmq.Frame) -> Request:
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


def sign_of_guest(guest_of: Callable[[str], Guest | None]) -> Sign:
    """Return what says who asks by the key that libzmq has checked; `guest_of` a key, or None."""

    def sign(request: Request, frame: zmq.Frame) -> Request:
        try:
            guest = guest_of(str(frame.get("User-Id")))
        except zmq.ZMQError:
            guest = None
        if guest is None or (guest.may != "control" and request.request not in READING):
            raise PublishError(
                "This key may listen only; monitor keys allow NAME KEY --control lets it do more."
            )
        return request.by(f"{guest.name} (by key)")

    return sign
