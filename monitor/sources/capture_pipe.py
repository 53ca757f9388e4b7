"""The pipes of a process that captures, as it sees them: frames go out, and it ends with its parent."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys

from monitor.sources.capture_messages import Message, encode_message

PIPE_LEN = 1 << 20
"""Bytes the pipe holds, where the system allows it: 2.7 s of 48 kHz stereo."""


def take_stdout() -> int:
    """Return a descriptor of the pipe that nobody else writes to; what libraries print goes to stderr."""
    pipe = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    os.set_blocking(sys.stderr.fileno(), False)  # a driver that chatters must not wait for a reader
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # the user's pipe quota is spent: 64 KiB have to do
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_LEN)
    return pipe


def end_with_parent() -> None:
    """End the process when stdin does; the parent holds its other end and writes no more."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(0)


def read_line() -> bytes:
    """Return the one line that the parent writes, byte by byte: nothing behind it is taken."""
    line = b""
    while not line.endswith(b"\n") and (byte := os.read(sys.stdin.fileno(), 1)):
        line += byte
    return line


def send(pipe: int, message: Message) -> None:
    """Write one message."""
    write_all(pipe, encode_message(message))


def write_all(pipe: int, data: bytes) -> None:
    """Write all of `data`, however long the reader takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(pipe, view) :]
