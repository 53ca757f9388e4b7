"""The addresses of this computer, as the kernel lists them; nothing is sent to find them."""

from __future__ import annotations

import fcntl
import ipaddress
import socket
import struct
from contextlib import suppress
from pathlib import Path

_SIOCGIFADDR = 0x8915
"""Asks for the IPv4 address of an interface (netdevice(7))."""
_REQUEST_LEN = 256
_ADDRESS_AT = slice(20, 24)
_GLOBAL = "00"
"""Scope of an address in ``/proc/net/if_inet6`` that others reach."""
_WITHIN = ("lo", "docker", "br-", "veth", "virbr")
"""Interfaces that lead nowhere but into this computer."""


def own_addresses() -> list[str]:
    """Return where browsers may reach this computer, those that other computers reach first."""
    names = [name for _, name in socket.if_nameindex() if not name.startswith(_WITHIN)]
    found = [address for name in names if (address := _ipv4(name)) is not None]
    return list(dict.fromkeys([*found, *_ipv6(names), "127.0.0.1"]))


def _ipv4(name: str) -> str | None:
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        answer = fcntl.ioctl(probe, _SIOCGIFADDR, struct.pack(f"{_REQUEST_LEN}s", name.encode()[:15]))
        return socket.inet_ntoa(answer[_ADDRESS_AT])
    return None


def _ipv6(names: list[str]) -> list[str]:
    with suppress(OSError):
        rows = [line.split() for line in Path("/proc/net/if_inet6").read_text("ascii").splitlines()]
        return [
            str(ipaddress.IPv6Address(int(address, 16)))
            for address, _, _, scope, _, name in rows
            if scope == _GLOBAL and name in names
        ]
    return []
