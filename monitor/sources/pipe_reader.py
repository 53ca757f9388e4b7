"""The bytes of a pipe, waited for in short steps, so that whoever waits can be stopped."""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from typing import BinaryIO

_POLL_S = 0.1
"""Seconds after which a stop is noticed."""


class PipeReader:
    """Reads what arrives in a stream; in memory or in a file nobody waits."""

    def __init__(self, stream: BinaryIO, stopped: Callable[[], bool]) -> None:
        """Read `stream`, which stays open, until its end or until `stopped` says so."""
        self._stream = stream
        self._stopped = stopped
        self._poll: select.poll | None = None
        self.dry = False
        """Whether all that came has been read, and more is waited for."""
        try:
            self._descriptor = stream.fileno()
        except OSError:  # in memory
            return
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)

    def read(self, length: int) -> bytes:
        """Return bytes that have arrived, `length` at most; wait for the first; none at the end.

        Raises
        ------
        OSError
            The system cannot read from it.
        """
        if self._poll is None:
            return self._stream.read(length)
        while not self._stopped():
            if not self._poll.poll(0):
                self.dry = True
                if not self._poll.poll(_POLL_S * 1000.0):
                    continue
            self.dry = False
            try:
                return os.read(self._descriptor, length)
            except BlockingIOError:  # a non-blocking pipe whose bytes somebody else took
                continue
        return b""
