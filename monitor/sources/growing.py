"""A file that another program writes: read to its end, and on from there as it grows."""

from __future__ import annotations

import os
import threading
from typing import BinaryIO

from monitor.errors import SourceDamaged

_POLL_S = 0.1
"""Seconds between two looks for more."""


class GrowingFile:
    """Bytes of an open file; its end is where nothing more can come, because it was deleted."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        """Read `file`, which is not buffered; `name` it in sentences."""
        self._file = file
        self._name = name
        self.stopped = threading.Event()
        """Ends the waiting; may be replaced before the first `read`."""
        self.caught_up = False
        """Whether all that was there has been read once."""

    def read(self, length: int) -> bytes:
        """Return up to `length` bytes; wait for the first; none once the file is gone or `stopped` is set.

        Raises
        ------
        SourceDamaged
            The file became shorter than what was read of it.
        """
        while not self.stopped.is_set():
            if data := self._file.read(length):
                return data
            self.caught_up = True
            status = os.fstat(self._file.fileno())
            if status.st_size < self._file.tell():
                raise SourceDamaged(f"{self._name} became shorter while it was read; it is another file now.")
            if status.st_nlink == 0:
                return b""
            self.stopped.wait(_POLL_S)
        return b""
