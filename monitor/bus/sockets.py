"""Sockets of the bus and their addresses: what they refuse, and which address they get."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

import zmq

from monitor.bus.addresses import control_of_public
from monitor.bus.control import answers, control_to_bind
from monitor.bus.keys import KeyPair, Lock, as_bytes
from monitor.errors import PublishError
from monitor.text import sanitise

_IN_USE = "is in use (is another monitor running?): choose another, e.g. --bind tcp://127.0.0.1:5559"
_NEXT_PORT = " (the port after that of --public, where requests are answered)"
_TRIES = 20
"""Of free ports, until the one after it is free too."""
_MAX_REQUEST_LEN = 1 << 16
_MAX_SUBSCRIPTION_LEN = 1 << 10
_HANDSHAKE_MS = 5000
_INCOMING = 100
ZAP_DOMAIN = "monitor"
_MINE_ONLY = 0o600


def events_socket(context: zmq.Context[zmq.Socket[bytes]], high_water_mark: int) -> zmq.Socket[bytes]:
    """Return a socket that publishes and tells of every subscription."""
    made = context.socket(zmq.XPUB)
    made.setsockopt(zmq.XPUB_VERBOSER, 1)
    made.setsockopt(zmq.SNDHWM, high_water_mark)
    made.setsockopt(zmq.MAXMSGSIZE, _MAX_SUBSCRIPTION_LEN)
    made.setsockopt(zmq.RCVBUF, 16 << 10)  # so that little waits in the kernel of what a hostile peer sends
    made.setsockopt(zmq.BACKLOG, 256)
    _refuse_strangers(made)
    return made


def control_socket(context: zmq.Context[zmq.Socket[bytes]]) -> zmq.Socket[bytes]:
    """Return a socket that is asked."""
    made = context.socket(zmq.ROUTER)
    made.setsockopt(zmq.MAXMSGSIZE, _MAX_REQUEST_LEN)
    _refuse_strangers(made)
    return made


def with_keys(made: zmq.Socket[bytes], own: KeyPair) -> zmq.Socket[bytes]:
    """Let nobody through `made`, not bound yet, without a key that is let in; all of it is encrypted."""
    made.setsockopt(zmq.CURVE_SERVER, 1)
    made.setsockopt(zmq.CURVE_SECRETKEY, as_bytes(own.secret))
    return made


def unlock(made: zmq.Socket[bytes], lock: Lock | None) -> None:
    """Let `made`, not connected yet, in where `lock` is."""
    if lock is not None:
        made.setsockopt(zmq.CURVE_SERVERKEY, as_bytes(lock.server))
        made.setsockopt(zmq.CURVE_PUBLICKEY, as_bytes(lock.own.public))
        made.setsockopt(zmq.CURVE_SECRETKEY, as_bytes(lock.own.secret))


def bind_public(events: zmq.Socket[bytes], control: zmq.Socket[bytes], address: str) -> str:
    """Bind both sockets of the door for other machines, and return the address of the first.

    Raises
    ------
    PublishError
        One of them cannot be had.
    """
    for tries_left in reversed(range(_TRIES if address.endswith(":*") else 1)):
        _bind(events, address, " (--public)")
        found = events.getsockopt_string(zmq.LAST_ENDPOINT)
        try:
            _bind(control, control_of_public(found), _NEXT_PORT)
            break
        except PublishError:
            if not tries_left:
                raise
            events.unbind(found)  # this port was free, and the next one was not
    return found


def _refuse_strangers(made: zmq.Socket[bytes]) -> None:
    """Refuse what does not greet as ZeroMQ 3 or later.

    Before that version there was no greeting, so that libzmq takes any bytes for a peer: also a form that a
    web page posts to a port of this machine. With a domain for authentication it no longer does.
    """
    made.setsockopt_string(zmq.ZAP_DOMAIN, ZAP_DOMAIN)
    made.setsockopt(zmq.HANDSHAKE_IVL, _HANDSHAKE_MS)
    made.setsockopt(zmq.RCVHWM, _INCOMING)


def bind_both(
    events: zmq.Socket[bytes], control: zmq.Socket[bytes], address: str, stated: str | None
) -> tuple[str, str]:
    """Bind both sockets and return their addresses.

    Parameters
    ----------
    address
        Where to publish, checked; a port may be ``*``.
    stated
        Where to answer; None: the place that belongs to `address`.

    Raises
    ------
    PublishError
        One of them cannot be had.
    """
    _bind(events, address, "")
    found = events.getsockopt_string(zmq.LAST_ENDPOINT)
    if address.startswith("ipc://"):
        found = address
    answering = control_to_bind(found, stated)
    _bind(control, answering, f" (the control socket of {sanitise(found)})")
    if not answering.startswith("ipc://@"):
        with suppress(OSError):
            Path(answering.removeprefix("ipc://")).chmod(_MINE_ONLY)
    return found, answering


def remove_path(sock: zmq.Socket[bytes]) -> None:
    """Remove the file of a bound ipc socket, which ZeroMQ leaves behind; open connections stay."""
    remove_file_of(sock.getsockopt_string(zmq.LAST_ENDPOINT))


def remove_file_of(address: str) -> None:
    """Remove the file of an address, if it has one."""
    if address.startswith("ipc://") and not address.startswith("ipc://@"):
        with suppress(OSError):
            Path(address.removeprefix("ipc://")).unlink()


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
        option = "--public" if "--public" in role else "--control" if role else "--bind"
        raise PublishError(
            f"Cannot publish on {sanitise(address)}{role}: {reason}; choose another address with {option}."
        ) from None


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
    if answers(path):
        raise PublishError(f"{shown}{role} {_IN_USE}.")
