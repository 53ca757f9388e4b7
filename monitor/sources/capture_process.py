"""One run of a program that captures sound, and its frames as they come."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import threading
import time
from typing import TypeVar

import msgspec

from monitor.child import Child, Start
from monitor.errors import SourceAbsent, SourceError, SourceLost
from monitor.sources.capture_messages import (
    Failed,
    FrameReader,
    Listed,
    Message,
    Opened,
    Over,
    RawBlock,
    Tuned,
)
from monitor.sources.devices import printable

_READ_LEN = 1 << 18
_LOOK_S = 0.25
"""How soon whoever waits for a process notices that it was ended."""
_END_S = 0.5
_NOISE_LEN = 2048

AnswerT = TypeVar("AnswerT", Opened, Listed, Tuned, Over)


class Program(msgspec.Struct, frozen=True):
    """What runs in the process, and what is said of it."""

    module: str
    hangs: str
    """A sentence for when it does not answer; ``{limit_s}`` in it: within how many seconds."""
    closed: str
    """A sentence for who reads from it once it was ended."""
    tells: bool
    """Whether the last line that it prints may be shown."""
    joins: bool = False
    """Whether blocks that have come may be read as one: nothing goes by when each of them came."""


PORTAUDIO = Program(
    "monitor.sources.portaudio",
    "The sound system did not answer within {limit_s:g} s; its driver hangs. "
    "Unplug the microphone and plug it in again, or restart the sound server.",
    "The microphone was closed.",
    tells=True,
    joins=True,
)


class CaptureProcess:
    """One run of a program and the pipes to it. `end` may be called by another thread."""

    def __init__(
        self, *request: str, start: Start = subprocess.Popen, program: Program = PORTAUDIO, line: bytes = b""
    ) -> None:
        """Start `program` with `request` as its arguments; a `line` goes to its input: nobody sees that."""
        self._program = program
        # A session of its own: Ctrl-C in the terminal is for the parent, which then ends this process.
        try:
            self._child = Child(
                program.module,
                *request,
                start=start,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:  # no memory, no process, no file descriptor left
            raise SourceError(f"The capture process cannot be started: {error.strerror}.") from None
        self._child.say(line)
        self._sound, self._stderr = self._child.output, self._child.errors
        self._poll = select.poll()
        for pipe in (self._sound, self._stderr):
            os.set_blocking(pipe, False)
            self._poll.register(pipe, select.POLLIN)
        self._frames = FrameReader(program.joins)
        self._noise = b""
        self._ended = False
        self._reading = threading.Lock()

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._child.pid

    @property
    def runs(self) -> bool:
        """Whether the process is there still."""
        return not self._child.ended

    def answer(self, kind: type[AnswerT], limit_s: float) -> AnswerT:
        """Return the process's first message.

        Raises
        ------
        SourceError
            It refuses, or ends.
        SourceAbsent
            The microphone is not there, or nothing is said within `limit_s`.
        """
        deadline_s = time.monotonic() + limit_s
        while (left_s := deadline_s - time.monotonic()) > 0.0:
            frame = self.next_frame(left_s)
            if isinstance(frame, Failed):
                raise (SourceAbsent if frame.absent else SourceError)(frame.reason)
            if isinstance(frame, kind):
                return frame
        raise SourceAbsent(self._program.hangs.format(limit_s=limit_s))

    def next_frame(self, timeout_s: float) -> Message | RawBlock | None:
        """Return the next frame, or None if none arrived within `timeout_s` seconds.

        Raises
        ------
        SourceLost
            The process has ended.
        """
        deadline_s = time.monotonic() + timeout_s
        with self._reading:
            while (frame := self._frames.next()) is None:
                left_s = max(0.0, deadline_s - time.monotonic())
                if not self._receive(min(left_s, _LOOK_S)) and left_s <= _LOOK_S:
                    return None
            return frame

    def end(self) -> bool:
        """End the process and close the pipes; False if it hangs in the kernel, until the driver lets go.

        It has nothing to put in order, and a driver may make it deaf to anything but a kill.
        """
        gone = self._child.end(grace_s=0.0, gone_s=_END_S)
        self._ended = True
        with self._reading:  # a reader notices the end of the process, or within `_LOOK_S`
            self._child.close_pipes()
        return gone

    def _receive(self, timeout_s: float) -> bool:
        """Take what has arrived within `timeout_s`; False if nothing did."""
        if self._ended:
            raise SourceLost(self._program.closed)
        ready = [pipe for pipe, _ in self._poll.poll(timeout_s * 1000.0)]
        if self._stderr in ready:
            self._read_noise()
        if self._sound in ready:
            data = os.read(self._sound, _READ_LEN)
            if not data:
                self._read_noise()
                raise SourceLost(self._why_it_ended())
            self._frames.feed(data)
        return bool(ready)

    def _read_noise(self) -> None:
        """Keep the end of what drivers print; none of it may reach the terminal."""
        try:
            data = os.read(self._stderr, _READ_LEN)
        except BlockingIOError:
            return
        if not data:
            with contextlib.suppress(KeyError):  # the second time there is nothing left to forget
                self._poll.unregister(self._stderr)
        self._noise = (self._noise + data)[-_NOISE_LEN:]

    def _why_it_ended(self) -> str:
        lines = self._noise.decode("utf-8", "replace").strip().splitlines()
        last = f": {printable(lines[-1])}" if lines and self._program.tells else ""
        return f"The capture process ended without being asked to{last}."
