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
from collections.abc import Callable
from typing import TypeAlias, TypeVar

import numpy as np

from monitor.errors import SourceAbsent, SourceError, SourceLost
from monitor.records import Block
from monitor.sources import FIRST_BLOCK_S, slug
from monitor.sources.capture_messages import Failed, FrameReader, Listed, Message, Opened, RawBlock
from monitor.sources.devices import Device, printable
from monitor.sources.options import SourceOptions
from monitor.start import child_environment, python_module

__all__ = ["Device", "Microphone", "list_devices"]

OPEN_LIMIT_S = 10.0
"""A driver that has not opened after this long is not going to."""
_READ_LEN = 1 << 18
_LOOK_S = 0.25
"""How soon whoever waits for a process notices that it was ended."""
_END_S = 0.5
_OPENING = threading.Lock()
"""One microphone is opened at a time: a driver that looks at all devices keeps another from opening one."""
_NOISE_LEN = 2048

Start: TypeAlias = Callable[..., "subprocess.Popen[bytes]"]
"""How a capture process is started; takes what `subprocess.Popen` does."""

AnswerT = TypeVar("AnswerT", Opened, Listed)


class Microphone:
    """A source that passes on what one microphone hears."""

    live = True

    def __init__(
        self,
        spec: str,
        lost_after_s: float = 0.6,
        start: Start | None = None,
        open_limit_s: float = OPEN_LIMIT_S,
    ) -> None:
        """Choose by `spec`: ``default``, an index, a name or a part of one, or a stable id.

        After `choose`, or the first opening, the stable id found then is what counts: a lost microphone is
        opened again, and never another one that took its index.

        Parameters
        ----------
        start
            Starts a capture process; None: as the operating system does.
        open_limit_s
            Seconds that opening may take.
        """
        self.spec = spec
        """What was asked for."""
        self._lost_after_s = lost_after_s
        self._start = start or subprocess.Popen
        self._open_limit_s = open_limit_s
        self._process: _CaptureProcess | None = None
        self._stuck: _CaptureProcess | None = None  # the one that could not be ended
        self._device: Device | None = None
        self._heard: set[str] = set()
        self._opened: Opened | None = None
        self._deadline_s = 0.0

    @property
    def id(self) -> str:
        """Stable identity; what was asked for until it is known."""
        known = self._opened or self._device
        return known.id if known else slug(self.spec)

    @property
    def name(self) -> str:
        """What the host calls it; what was asked for until it is known."""
        known = self._opened or self._device
        return known.name if known else printable(self.spec)

    @property
    def sample_rate(self) -> int:
        """Hz, the device's own; 0 until opened."""
        return self._opened.sample_rate if self._opened else 0

    def choose(self, device: Device | None, heard: set[str]) -> None:
        """Be this one of several microphones.

        Parameters
        ----------
        device
            Which one it is; None: it is not there yet.
        heard
            Ids of all that are listened to, shared by all: none of them is heard twice.
        """
        self._device, self._heard = device, heard

    def open(self) -> None:
        """Start the capture process and wait until the microphone delivers, at most `OPEN_LIMIT_S`.

        Raises
        ------
        SourceAbsent
            No such microphone, it cannot be opened, or its driver hangs.
        SourceError
            No PortAudio, or more than one microphone is meant.
        """
        self.close()
        self._refuse_beside_a_stuck_one()
        known = self._opened or self._device
        request = ("id", known.id, known.name) if known else ("find", self.spec)
        alone = _OPENING.acquire(timeout=OPEN_LIMIT_S)
        try:
            self._process = process = _CaptureProcess(*request, start=self._start)
            opened = process.answer(Opened, self._open_limit_s)
            self._refuse_twice(opened, known=known is not None)
        except SourceError:
            self.close()
            raise
        finally:
            if alone:
                _OPENING.release()
        self._opened = opened
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
        if process is not None and not process.end():
            self._stuck = process

    def _refuse_beside_a_stuck_one(self) -> None:
        """Start no process while one before it cannot be ended: there is one of them at most."""
        if self._stuck is not None and self._stuck.runs:
            raise SourceAbsent(
                f"The driver of {self.name} hangs and cannot be ended (process {self._stuck.pid}); "
                "unplug the microphone and plug it in again, or restart the computer."
            )
        self._stuck = None

    def _refuse_twice(self, opened: Opened, known: bool) -> None:
        if not known and opened.id in self._heard:
            raise SourceAbsent(
                f"{self.spec!r} means {opened.name}, which is listened to already; name another microphone "
                "(`monitor devices` lists them)."
            )
        self._heard.add(opened.id)


def open_microphone(address: str, options: SourceOptions) -> Microphone:
    """Return the microphone that `address` means; none: the default one."""
    return Microphone(address or "default", lost_after_s=options.capture.lost_after_s)


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

    def __init__(self, *request: str, start: Start = subprocess.Popen) -> None:
        # A session of its own: Ctrl-C in the terminal is for the parent, which then ends this process.
        try:
            self._process = start(
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

    @property
    def runs(self) -> bool:
        """Whether the process is there still."""
        return self._process.poll() is None

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
        raise SourceAbsent(
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
                left_s = max(0.0, deadline_s - time.monotonic())
                if not self._receive(min(left_s, _LOOK_S)) and left_s <= _LOOK_S:
                    return None
            return frame

    def end(self) -> bool:
        """End the process and close the pipes; False if it hangs in the kernel, until the driver lets go.

        It has nothing to put in order, and a driver may make it deaf to anything but a kill.
        """
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_S)
        self._ended = True
        with self._reading:  # a reader notices the end of the process, or within `_LOOK_S`
            for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
                if pipe is not None:
                    pipe.close()
        return not self.runs

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
