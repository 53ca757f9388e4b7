"""Lines to a stream that somebody else reads, written without ever waiting for the reader.

Overflow: a reader that does not keep up (a full pipe, a terminal held with Ctrl-S) makes lines wait here;
when `MAX_PENDING` wait, the newest are dropped and counted. Where nothing is live (a file read at once)
it may wait for the reader instead, and lose nothing. A reader that has gone (`| head -1`) closes the stream.
"""

from __future__ import annotations

import os
import select
import time
from collections import deque
from collections.abc import Callable
from typing import TextIO

from monitor.text import READABLE

MAX_PENDING = 1000
"""Lines that wait for a slow reader."""

_TOO_SLOW = "Lines are lost: whoever reads them does not keep up."
_CLOSE_S = 1.0
_LOOK_S = 0.1
"""How soon a writer that waits notices that it need not wait any longer."""


class NonBlockingWriter:
    """Writes lines to `stream`, past its buffer where it is a file; the stream stays its owner's to close."""

    def __init__(
        self, stream: TextIO, wait: Callable[[], bool] | None = None, encoding: str | None = None
    ) -> None:
        """Write to `stream`; while `wait` says so, `put` returns only when the reader has taken the line.

        Where `encoding` is not given it is the stream's; what that cannot write is written as it looks.
        """
        self.closed = False
        """The reader has gone, or `close` was called: further lines are dropped."""
        self.dropped = 0
        """Lines lost to a slow reader or a full disk."""
        self.trouble: str | None = None
        """Why the first of them was lost, as one sentence."""
        self._stream = stream
        self._wait = wait
        self._encoding = encoding or getattr(stream, "encoding", None) or "utf-8"
        self._pending: deque[bytes] = deque()
        self._fd = _file_descriptor(stream)
        self._poll = select.poll()
        if self._fd is not None:
            stream.flush()
            self._poll.register(self._fd, select.POLLOUT)

    def put(self, line: str) -> None:
        """Write `line` and a line end as soon as the reader takes them."""
        if self.closed:
            return
        if len(self._pending) >= MAX_PENDING:
            self._drop(1, _TOO_SLOW)
            return
        self._pending.append(f"{line}\n".encode(self._encoding, READABLE))
        self.drain()
        while self._wait is not None and self._pending and not self.closed and self._wait():
            if self._ready(_LOOK_S):
                self._write()

    def drain(self) -> None:
        """Write what waits, as far as the reader takes it at once; notice that it has gone."""
        while not self.closed and (ready := self._ready(0.0)):
            if not self._pending and ready & (select.POLLERR | select.POLLHUP):
                self.closed = True
            if not self._pending or not self._write():
                return

    def close(self) -> None:
        """Write what waits, for at most a second; may be called twice."""
        deadline_s = time.monotonic() + _CLOSE_S
        while self._pending and not self.closed and self._ready(deadline_s - time.monotonic()):
            if not self._write():
                break
        if self._pending:
            self._drop(len(self._pending), _TOO_SLOW)
        self._pending.clear()
        self.closed = True

    def _drop(self, count: int, why: str) -> None:
        self.dropped += count
        self.trouble = self.trouble or why

    def _ready(self, timeout_s: float) -> int:
        """Return poll's flags, 0 while a write would have to wait."""
        if self._fd is None:
            return select.POLLOUT
        events = self._poll.poll(max(0.0, timeout_s * 1000))
        return events[0][1] if events else 0

    def _write(self) -> bool:
        """Write one piece of the oldest line; return False where it has to wait."""
        line = self._pending.popleft()
        try:
            written = self._write_some(line)
        except BlockingIOError:
            self._pending.appendleft(line)
            return False
        except OSError as error:
            if isinstance(error, BrokenPipeError) or self._ready(0.0) & (select.POLLERR | select.POLLHUP):
                self.closed = True  # the reader has gone, or the window of a terminal
                self._pending.clear()
            else:  # a full disk; the next line may fit again
                self._drop(1, f"Lines cannot be written: {error.strerror}.")
        else:
            if written < len(line):
                self._pending.appendleft(line[written:])
        return True

    def _write_some(self, line: bytes) -> int:
        """Write at most what a writable pipe is sure to take without blocking."""
        if self._fd is not None:
            return os.write(self._fd, line[: select.PIPE_BUF])
        self._stream.write(line.decode(self._encoding))
        self._stream.flush()
        return len(line)


def _file_descriptor(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except OSError:  # io.UnsupportedOperation: a stream in memory
        return None
