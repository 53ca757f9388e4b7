"""Where a publisher and its control socket may be: on this machine only. Pure."""

from __future__ import annotations

import ipaddress
import re

from monitor.errors import PublishError
from monitor.text import sanitise

_TCP = re.compile(r"tcp://(?P<host>\[[^\[\]]*\]|[^\[\]:/]*):(?P<port>[0-9]{1,5}|\*)")

MAX_SOCKET_PATH_LEN = 107
"""Bytes that the kernel keeps of a local socket's path."""


def check_endpoint(endpoint: str, any_port: bool = False) -> str:
    """Return `endpoint`, the address of a publisher, as ZeroMQ wants it.

    Valid are ``tcp://<loopback address>:<port>`` and ``ipc://<path>``. With `any_port` the port may be
    ``0`` or ``*``, for a free one.

    Raises
    ------
    PublishError
        Not an address, or one that other machines could reach.
    """
    shown = sanitise(endpoint)
    if endpoint.startswith("ipc://"):
        return _check_ipc(endpoint, MAX_SOCKET_PATH_LEN - len(".control"))
    match = _TCP.fullmatch(endpoint)
    if match is None:
        raise PublishError(
            f"{shown!r} is not an address; write tcp://127.0.0.1:5557 or ipc:///path/to/socket."
        )
    host, port = match["host"].replace("localhost", "127.0.0.1"), match["port"]
    if not is_loopback(host):
        raise PublishError(
            f"{shown!r} is not a loopback address, and a public one would need keys, which this version does "
            "not have: use tcp://127.0.0.1:<port>, tcp://[::1]:<port> or ipc://<path>, and an SSH tunnel to "
            "reach it from another machine."
        )
    if any_port and port in {"0", "*"}:
        return f"tcp://{host}:*"
    if port == "*" or not 1 <= int(port) <= 65535:
        raise PublishError(f"{shown!r}: there is no such port; valid: 1 to 65535.")
    return f"tcp://{host}:{int(port)}"


def control_name(endpoint: str) -> str:
    """Return the name of the control socket of a publisher at `endpoint`, a checked ``tcp://`` address."""
    host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
    return f"{host.strip('[]').replace(':', '-')}-{port}.control"


def check_control(endpoint: str) -> str:
    """Return `endpoint`, the address of a control socket: always of this machine, for the same user only.

    Raises
    ------
    PublishError
        Not an ``ipc://`` address.
    """
    if not endpoint.startswith("ipc://"):
        raise PublishError(
            f"{sanitise(endpoint)!r} cannot be a control socket, which is for the same user only; "
            "valid: ipc:///path/to/socket."
        )
    return _check_ipc(endpoint, MAX_SOCKET_PATH_LEN)


def _check_ipc(endpoint: str, longest: int) -> str:
    path = endpoint.removeprefix("ipc://")
    if path in {"", "*"} or "\0" in path:
        raise PublishError(f"{sanitise(endpoint)!r} names no path; write ipc:///path/to/socket.")
    if len(path.encode(errors="surrogateescape")) > longest:
        raise PublishError(f"{sanitise(endpoint)!r} is too long: the path may have {longest} bytes.")
    return endpoint


def is_loopback(host: str) -> bool:
    """Tell whether `host`, a number as it stands in a URL, is reached from this machine only."""
    if host.startswith("["):
        return host == "[::1]"
    try:
        return ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        return False
