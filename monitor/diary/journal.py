"""The journal of systemd: entries with fields, each one datagram.

The protocol is that of https://systemd.io/JOURNAL_NATIVE_PROTOCOL.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TextIO

from monitor.diary.entry import PRIORITIES, Entry

SOCKET = Path("/run/systemd/journal/socket")


def datagram(entry: Entry) -> bytes:
    """Return an entry as the journal takes it."""
    fields = {
        "MESSAGE": entry.text,
        "PRIORITY": str(PRIORITIES[entry.level]),
        "SYSLOG_IDENTIFIER": "monitor",
        **{f"MONITOR_{name.upper()}": value for name, value in entry.fields.items()},
    }
    return b"".join(_field(name, value.encode("utf-8", "replace")) for name, value in fields.items())


def _field(name: str, value: bytes) -> bytes:
    if b"\n" not in value:
        return b"%b=%b\n" % (name.encode(), value)
    return b"%b\n%b%b\n" % (name.encode(), len(value).to_bytes(8, "little"), value)


class Journal:
    """Sends entries to the journal; never waits, and raises `OSError` where one is not taken."""

    def __init__(self, path: Path = SOCKET) -> None:
        self._path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)

    def write(self, entry: Entry) -> None:
        """Send one entry."""
        self._socket.sendto(datagram(entry), self._path)

    def close(self) -> None:
        """Take no more."""
        self._socket.close()


def leads_to_journal(stream: TextIO) -> bool:
    """Return whether what is written to `stream` comes into the journal: ``JOURNAL_STREAM`` names it."""
    device, _, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
    try:
        status = os.fstat(stream.fileno())
    except (AttributeError, OSError, ValueError):  # none, in memory, or closed
        return False
    return (device, inode) == (str(status.st_dev), str(status.st_ino))
