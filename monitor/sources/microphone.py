"""A microphone, heard through a capture process of its own (`portaudio.py` says why).

The parent side: start the process, read its frames, notice within `lost_after_s` that nothing comes, and end
it whatever the driver does. PortAudio is never loaded in this process.

One thing cannot be noticed from here: when a microphone is unplugged, PulseAudio moves its stream to another
one, if there is one, without a word, and ALSA's plug-in has no way to forbid it (`PULSE_PROP` does not).
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import threading
import time
from typing import TypeVar

import numpy as np

from monitor.errors import SourceError, SourceLost
from monitor.records import Block
from monitor.sources import FIRST_BLOCK_S
from monitor.sources.devices import Device, printable
from monitor.sources.pipe import Failed, FrameReader, Listed, Message, Opened, RawBlock
from monitor.start import child_environment, python_module

__all__ = ["Device", "Microphone", "list_devices"]

OPEN_LIMIT_S = 10.0
"""A driver that has not opened after this long is not going to."""
_READ_LEN = 1 << 18
_NOISE_LEN = 2048

AnswerT = TypeVar("AnswerT", Opened, Listed)


class Microphone:
    """A source that passes on what one microphone hears."""

    live = True

    def __init__(self, spec: str, lost_after_s: float = 0.6) -> None:
        """Choose by `spec`: ``default``, an index, a name or a part of one, or a stable id.

        After the first opening the stable id found then is what counts: a lost microphone is opened again,
        and never another one that took its index.
        """
        self._spec = spec
        self._lost_after_s = lost_after_s
        self._process: _CaptureProcess | None = None
        self._opened: Opened | None = None
        self._deadline_s = 0.0

    @property
    def id(self) -> str:
        """Stable identity; ``microphone`` until opened."""
        return self._opened.id if self._opened else "microphone"

    @property
    def name(self) -> str:
        """What the host calls it; what was asked for until opened."""
        return self._opened.name if self._opened else self._spec

    @property
    def sample_rate(self) -> int:
        """Hz, the device's own; 0 until opened."""
        return self._opened.sample_rate if self._opened else 0

    def open(self) -> None:
        """Start the capture process and wait until the microphone delivers, at most `OPEN_LIMIT_S`.

        Raises
        ------
        SourceError
            No PortAudio, no such microphone, more than one meant, or it cannot be opened.
        """
        self.close()
        known = self._opened
        request = ("id", known.id, known.name) if known else ("find", self._spec)
        self._process = process = _CaptureProcess(*request)
        try:
            self._opened = process.answer(Opened, OPEN_LIMIT_S)
        except SourceError:
            self.close()
            raise
        self._deadline_s = time.monotonic() + max(FIRST_BLOCK_S, self._lost_after_s)

    def read(self, timeout_s: float) -> Block | None:
        """Return the next block, or None if none came within `timeout_s` seconds.

        Raises
        ------
        SourceLost
            The process ended, or no block came for `lost_after_s`.
        """
        process, opened = self._process, self._opened
        if process is None or opened is None:
            raise SourceLost(f"The microphone {self.name} is closed.")
        frame = process.next_frame(timeout_s)
        if frame is None and time.monotonic() > self._deadline_s:
            frame = process.next_frame(0.0)  # it may have been this process that slept
            if frame is None:
                raise SourceLost(f"The microphone {opened.name} is connected but delivers no sound.")
        if frame is None:
            return None
        if not isinstance(frame, RawBlock):
            raise SourceLost(frame.reason if isinstance(frame, Failed) else f"{opened.name} is out of step.")
        self._deadline_s = time.monotonic() + self._lost_after_s
        samples = np.frombuffer(frame.data, np.float32).reshape(-1, opened.channels)
        return Block(samples, frame.captured_s, frame.lost_len, frame.overflow)

    def close(self) -> None:
        """End the capture process; at most about a second, also when the driver hangs."""
        process, self._process = self._process, None
        if process is not None:
            process.end()


def list_devices() -> list[Device]:
    """Return every microphone of this machine, as seen by a process of its own.

    Raises
    ------
    SourceError
        PortAudio is missing or does not answer.
    """
    process = _CaptureProcess("list")
    try:
        return process.answer(Listed, OPEN_LIMIT_S).devices
    finally:
        process.end()


class _CaptureProcess:
    """One run of `portaudio.py` and the pipes to it. `end` may be called by another thread."""

    def __init__(self, *request: str) -> None:
        # A session of its own: Ctrl-C in the terminal is for the parent, which then ends this process.
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                python_module("monitor.sources.portaudio", *request),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=child_environment(),
                start_new_session=True,
            )
        except OSError as error:  # no memory, no process, no file descriptor left
            raise SourceError(f"The capture process cannot be started: {error.strerror}.") from None
        assert self._process.stdout is not None  # noqa: S101 - for mypy: it was asked for
        assert self._process.stderr is not None  # noqa: S101
        self._sound = self._process.stdout.fileno()
        self._stderr = self._process.stderr.fileno()
        self._poll = select.poll()
        for pipe in (self._sound, self._stderr):
            os.set_blocking(pipe, False)
            self._poll.register(pipe, select.POLLIN)
        self._frames = FrameReader()
        self._noise = b""
        self._ended = False
        self._reading = threading.Lock()

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def answer(self, kind: type[AnswerT], limit_s: float) -> AnswerT:
        """Return the process's first message.

        Raises
        ------
        SourceError
            It refuses, ends, or says nothing within `limit_s`.
        """
        deadline_s = time.monotonic() + limit_s
        while (left_s := deadline_s - time.monotonic()) > 0.0:
            frame = self.next_frame(left_s)
            if isinstance(frame, Failed):
                raise SourceError(frame.reason)
            if isinstance(frame, kind):
                return frame
        raise SourceError(
            f"The sound system did not answer within {limit_s:g} s; its driver hangs. "
            "Unplug the microphone and plug it in again, or restart the sound server."
        )

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
                if not self._receive(max(0.0, deadline_s - time.monotonic())):
                    return None
            return frame

    def end(self) -> None:
        """End the process, also when it hangs, and close the pipes."""
        self._process.terminate()
        try:
            self._process.wait(0.3)
        except subprocess.TimeoutExpired:
            self._process.kill()
            try:
                self._process.wait(0.3)
            except subprocess.TimeoutExpired:
                return  # stuck in the kernel; it ends when the driver lets go
        with self._reading:  # a reader has seen the end of the pipe by now
            self._ended = True
            for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
                if pipe is not None:
                    pipe.close()

    def _receive(self, timeout_s: float) -> bool:
        """Take what has arrived within `timeout_s`; False if nothing did."""
        if self._ended:
            raise SourceLost("The microphone was closed.")
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
        last = f": {printable(lines[-1])}" if lines else ""
        return f"The capture process ended without being asked to{last}."
