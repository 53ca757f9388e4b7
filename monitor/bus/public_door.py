"""The door for other machines: nobody is let through whom the user has not allowed (`keys.py`).

libzmq asks a handler in this process about each key that knocks (ZAP, RFC 27); pyzmq's is used. It denies
what it does not know.
"""

from __future__ import annotations

import msgspec
import zmq
from zmq.utils import z85

from monitor.bus.addresses import check_public
from monitor.bus.doors import Door, sign_of_guest
from monitor.bus.keys import Guest, Keys, as_text, own_pair
from monitor.bus.sockets import ZAP_DOMAIN, bind_public, control_socket, events_socket, with_keys
from monitor.errors import PublishError


class Public(msgspec.Struct, frozen=True):
    """Where other machines may come in, and who."""

    address: str
    """``tcp://<address of this machine, or *>:<port>``."""
    keys: Keys


class Gatekeeper:
    """Lets in who has a key of a guest, on a thread of its own."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], keys: Keys) -> None:
        import logging

        from zmq.auth.thread import ThreadAuthenticator  # it loads asyncio, which most runs can do without

        self._keys = keys
        quiet = logging.Logger("gatekeeper", logging.CRITICAL)
        self._thread = ThreadAuthenticator(context, log=quiet)
        self._thread.start()
        self._thread.configure_curve_callback(ZAP_DOMAIN, self)

    def callback(self, _: str, key: bytes) -> bool:
        """Tell whether `key` (Z85, RFC 32) is that of a guest; what cannot be read lets nobody in."""
        try:
            return self.guest_of(key.decode("ascii", "replace")) is not None
        except PublishError:
            return False

    def guest_of(self, key: str) -> Guest | None:
        """Return who has `key` (Z85)."""
        return self._keys.guest_of(as_text(z85.decode(key)))

    def close(self) -> None:
        """Let nobody in any more; may be called twice."""
        self._thread.stop()


def open_public(
    context: zmq.Context[zmq.Socket[bytes]], public: Public, gatekeeper: Gatekeeper, high_water_mark: int
) -> tuple[str, Door]:
    """Return the address, with the port that was found, and the door.

    Raises
    ------
    PublishError
        There are no keys, or nobody is let in.
    PublishError
        The address cannot be had.
    """
    address = check_public(public.address, any_port=True)
    pair = own_pair(public.keys)
    if not public.keys.guests():
        raise PublishError(
            f"{public.address} is for other machines, and none is let in; let one in with: "
            "monitor keys allow NAME KEY"
        )
    events = with_keys(events_socket(context, high_water_mark), pair)
    control = with_keys(control_socket(context), pair)
    door = Door(events, control, sign_of_guest(gatekeeper.guest_of), public.keys.stamp)
    try:
        return bind_public(events, control, address), door
    except BaseException:
        door.close(linger_ms=0)
        raise
