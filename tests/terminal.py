"""A program on a pseudo-terminal, from its start to its end."""

from __future__ import annotations

import os
import pty
import subprocess
import termios
import threading
from collections.abc import Mapping
from pathlib import Path


def on_terminal(
    command: list[str], folder: Path, environment: Mapping[str, str] | None = None, limit_s: float = 50.0
) -> tuple[int, str]:
    """Run `command` in `folder` on a terminal of 100 x 30; return its exit code and all that it drew."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (30, 100))
    given = {**os.environ, "TERM": "xterm-256color"} if environment is None else environment
    process = subprocess.Popen(
        command, env=given, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    pieces: list[bytes] = []
    reader = threading.Thread(target=_read_all, args=(ours, pieces), daemon=True)
    reader.start()
    try:
        returncode = process.wait(limit_s)
    finally:
        process.kill()
        reader.join(5)
        os.close(ours)
    return returncode, b"".join(pieces).decode("utf-8", "replace")


def _read_all(fd: int, pieces: list[bytes]) -> None:
    try:
        while data := os.read(fd, 65536):
            pieces.append(data)
    except OSError:  # the other side of a terminal is closed
        return
