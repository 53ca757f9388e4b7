"""Whose program is at the other end of a connection within this computer, as the kernel knows it.

Linux lists each TCP socket with its owner in ``/proc/net/tcp`` and ``tcp6`` (proc_net_tcp in the kernel's
documentation); addresses there are words of 32 bits in the order of the machine.
"""

from __future__ import annotations

import ipaddress
import os
import struct
import sys
from contextlib import suppress
from pathlib import Path

_LOCAL, _REMOTE, _OWNER = 1, 2, 7
"""Columns of the kernel's tables."""


def is_same_user(client: tuple[str, int], server: tuple[str, int]) -> bool:
    """Tell whether the connection from `client` to `server` belongs to this program's user, or to root."""
    return owner(client, server) in {os.geteuid(), 0}


def owner(client: tuple[str, int], server: tuple[str, int]) -> int | None:
    """Return the user id of the socket at `client` that is connected to `server`; None: nobody knows."""
    try:
        wanted = (_as_listed(*client), _as_listed(*server))
        table = "tcp6" if ipaddress.ip_address(client[0]).version == 6 else "tcp"
    except ValueError:
        return None
    with suppress(OSError), Path(f"/proc/net/{table}").open(encoding="ascii") as lines:
        for line in lines:
            columns = line.split()
            if (columns[_LOCAL], columns[_REMOTE]) == wanted:
                return int(columns[_OWNER])
    return None


def _as_listed(host: str, port: int) -> str:
    packed = ipaddress.ip_address(host).packed
    order = "<" if sys.byteorder == "little" else ">"
    words = struct.unpack(f"{order}{len(packed) // 4}I", packed)
    return "".join(f"{word:08X}" for word in words) + f":{port:04X}"
