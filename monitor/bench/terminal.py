"""A program on a terminal of its own that nobody looks at: what it paints is read, and when."""

from __future__ import annotations

import os
import pty
import subprocess
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_COLOURS = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}


class Terminal:
    """Runs `command` on a terminal of `size`, rows and columns, until it is closed."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path | None = None,
        size: tuple[int, int] = (36, 120),
        words: Sequence[bytes] = (),
    ) -> None:
        """Start it; note when each of `words` is first painted."""
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, size)
        self.process = subprocess.Popen(  # noqa: S603 - a program of ours
            command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env={**environment, **_COLOURS},
            start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self.written = 0
        """Bytes so far."""
        self.painted_s: dict[bytes, float] = {}
        """When each word was first painted, monotonic clock."""
        self.painted = threading.Event()
        """Set with each word that is."""
        self.words = tuple(words)
        threading.Thread(target=self._read, args=(ours,), daemon=True).start()

    def close(self) -> None:
        """End the program."""
        self.process.kill()
        self.process.wait()

    def _read(self, ours: int) -> None:
        while data := _read(ours):
            now_s = time.monotonic()
            self.written += len(data)
            for word in self.words:
                if word in data and word not in self.painted_s:
                    self.painted_s[word] = now_s
                    self.painted.set()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # the program has ended
        return b""
