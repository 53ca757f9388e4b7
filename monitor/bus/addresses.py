"""Where a publisher and its control socket may be: on this machine, or on another with keys. Pure."""

from __future__ import annotations

import ipaddress
import re

from monitor.errors import PublishError
from monitor.text import sanitise

_TCP = re.compile(r"tcp://(?P<host>\[[^\[\]]*\]|[^\[\]:/]*):(?P<port>[0-9]{1,5}|\*)")

_HOST = re.compile(r"\[[0-9A-Fa-f:.]+(%\w+)?\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\*|")
_LAST_PORT = 65535

MAX_SOCKET_PATH_LEN = 107
"""Bytes that the kernel keeps of a local socket's path."""


def check_endpoint(endpoint: str, any_port: bool = False) -> str:
    """Return `endpoint`, where something is published for this machine, as ZeroMQ wants it.

    Valid are ``tcp://<loopback address>:<port>`` and ``ipc://<path>``. With `any_port` the port may be
    ``0`` or ``*``, for a free one.

    Raises
    ------
    PublishError
        Not an address, or one that other machines could reach.
    """
    if endpoint.startswith("ipc://"):
        return _check_ipc(endpoint, MAX_SOCKET_PATH_LEN - len(".control"))
    host, port = _parts(endpoint, any_port, _LAST_PORT)
    if not is_loopback(host):
        raise PublishError(
            f"{sanitise(endpoint)!r} is not a loopback address, and this one is read without keys: use "
            "tcp://127.0.0.1:<port>, tcp://[::1]:<port> or ipc://<path>; --public is for others, with keys."
        )
    return f"tcp://{host}:{port}"


def check_public(endpoint: str, any_port: bool = False) -> str:
    """Return `endpoint`, what is published with keys, also for other machines.

    Its requests are answered at the next port (`control_of_public`), so the last port is none.

    Raises
    ------
    PublishError
        Not ``tcp://<address or name>:<port>``.
    """
    host, port = _parts(endpoint, any_port, _LAST_PORT - 1)
    return f"tcp://{host}:{port}"


def check_known(endpoint: str) -> str:
    """Return `endpoint`, where something may be received, of this machine or with keys of another.

    Raises
    ------
    PublishError
        Not an address.
    """
    return check_endpoint(endpoint) if for_this_machine(endpoint) else check_public(endpoint)


def for_this_machine(endpoint: str) -> bool:
    """Tell whether `endpoint`, an address or none, could be of no other machine than this one."""
    match = _TCP.fullmatch(endpoint)
    return match is None or is_loopback(_numeric(match["host"]))


def control_of_public(endpoint: str) -> str:
    """Return where requests are answered beside `endpoint`, what is published with keys, checked."""
    host, _, port = endpoint.rpartition(":")
    return f"{host}:{int(port) + 1}"


def _parts(endpoint: str, any_port: bool, last: int) -> tuple[str, str]:
    """Return host and port."""
    shown = sanitise(endpoint)
    match = _TCP.fullmatch(endpoint)
    if match is None or not _HOST.fullmatch(match["host"]):
        raise PublishError(
            f"{shown!r} is not an address; write tcp://127.0.0.1:5557 or ipc:///path/to/socket."
        )
    host, port = _numeric(match["host"]), match["port"]
    if any_port and port in {"0", "*"}:
        return host, "*"
    if port == "*" or not 1 <= int(port) <= last:
        raise PublishError(f"{shown!r}: there is no such port; valid: 1 to {last}.")
    return host, str(int(port))


def _numeric(host: str) -> str:
    return host.replace("localhost", "127.0.0.1")


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
