"""Does anything of this program talk to the outside."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from monitor.doctor.findings import Examined, Finding, fault, ok, unchecked
from monitor.privacy import switched_on

_SOCKET = re.compile(r"socket:\[(\d+)\]")
_LOOPBACK = re.compile(r"[0-9A-F]{6}7F|0{24}01000000|0{16}FFFF0000[0-9A-F]{6}7F|0{8}|0{32}")
"""How /proc writes an address of this machine, or none."""
_TABLES = ("tcp", "tcp6", "udp", "udp6")


def check_privacy(_: Examined) -> Iterable[Finding]:
    """Find whether telemetry is off, and whether this process holds a connection to another machine.

    It is asked last, when every library has been loaded and used.
    """
    if on := switched_on():
        do = "Start the program as `monitor`, or call monitor.privacy.keep_private() before other imports."
        yield fault("telemetry", f"not switched off: {', '.join(on)}", do)
    else:
        yield ok("telemetry", "switched off in every library that has any")
    yield connections(Path("/proc/self"))


def connections(process: Path) -> Finding:
    """Return whether a process has connections to other machines, from its folder below ``/proc``."""
    try:
        own = set(_sockets(process / "fd"))
        outside = [place for table in _TABLES for place in _outside(process / "net" / table, own)]
    except OSError:
        return unchecked("connections", "this system does not show them")
    if outside:
        found = f"this program holds {len(outside)} to other machines"
        do = "Look who it is (`ss -tup`), and report it: nothing should leave this computer unasked."
        return fault("connections", found, do)
    return ok("connections", "none of this program leads to another machine")


def _sockets(folder: Path) -> Iterator[str]:
    for entry in folder.iterdir():
        with suppress(OSError):  # closed meanwhile
            if found := _SOCKET.fullmatch(str(entry.readlink())):
                yield found[1]


def _outside(table: Path, own: set[str]) -> Iterator[str]:
    if not table.exists():  # no IPv6
        return
    for line in table.read_text("ascii").splitlines()[1:]:
        fields = line.split()
        remote = fields[2].partition(":")[0]
        if fields[9] in own and not _LOOPBACK.fullmatch(remote):
            yield os.fspath(remote)
