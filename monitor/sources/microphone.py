"""A microphone, heard through a capture process of its own (`portaudio.py` says why).

The parent side: start the process, read its frames, notice within `lost_after_s` that nothing comes, and end
it whatever the driver does. PortAudio is never loaded in this process. What a sound server does with the
stream, who moves it to another microphone when one is unplugged, the process is told by the server itself.
"""

from __future__ import annotations

import subprocess
import threading
import time

import numpy as np

from monitor.child import Start
from monitor.errors import SourceAbsent, SourceError, SourceLost
from monitor.records import Block
from monitor.sources import FIRST_BLOCK_S, slug
from monitor.sources.capture_messages import BLOCKS_PER_S, Failed, Listed, Opened, RawBlock, ServerNote
from monitor.sources.capture_process import CaptureProcess
from monitor.sources.devices import Device, printable
from monitor.sources.options import SourceOptions
from monitor.sources.pace import ArrivalRate

__all__ = ["Device", "Microphone", "list_devices"]

OPEN_LIMIT_S = 10.0
"""A driver that has not opened after this long is not going to."""
RATE_SPAN_S = 1.2
"""Seconds over which the pace of a driver is measured: its blocks come evenly, unlike those of a pipe."""
_OPENING = threading.Lock()
"""One microphone is opened at a time: a driver that looks at all devices keeps another from opening one."""


_NOTHING = ServerNote("", "", "")
_PACED = (
    "The microphone {} delivers {:.2f} times the sound of the {} Hz it claims, so that all is heard too high "
    "or too low; choose another rate in the sound settings, or replace it."
)


class Microphone:
    """A source that passes on what one microphone hears."""

    live = True
    rest_s = 0.5
    """Less than its capture process keeps, and than it may be silent before it counts as lost."""
    block_s = 1.0 / BLOCKS_PER_S

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
        self._process: CaptureProcess | None = None
        self._stuck: CaptureProcess | None = None  # the one that could not be ended
        self._device: Device | None = None
        self._heard: set[str] = set()
        self._opened: Opened | None = None
        self._home = ""  # the sound server's name for it
        self._note = _NOTHING  # what the sound server said last
        self._rate = ArrivalRate(RATE_SPAN_S)
        self._position_s = 0.0
        self._paced = ""  # what was said of its rate
        self._told: tuple[str, str] | None = None  # what went with the blocks so far
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

    @property
    def channels(self) -> int:
        """How many it has; 0 until opened."""
        return self._opened.channels if self._opened else 0

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
        request = ("id", known.id, known.name, self._home) if known else ("find", self.spec)
        alone = _OPENING.acquire(timeout=OPEN_LIMIT_S)
        try:
            self._process = process = CaptureProcess(*request, start=self._start)
            opened = process.answer(Opened, self._open_limit_s)
            self._refuse_twice(opened, known=known is not None)
        except SourceError:
            self.close()
            raise
        finally:
            if alone:
                _OPENING.release()
        self._opened, self._note = opened, _NOTHING
        self._rate, self._position_s = ArrivalRate(RATE_SPAN_S), 0.0
        self._paced, self._told = "", None
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
        until_s = time.monotonic() + timeout_s
        frame = process.next_frame(timeout_s)
        while isinstance(frame, ServerNote):  # no sound itself: what comes behind it is
            self._home, self._note = frame.home, frame
            frame = process.next_frame(max(0.0, until_s - time.monotonic()))
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
        self._position_s += (len(samples) + frame.lost_len) / opened.sample_rate
        self._rate.note(frame.captured_s, self._position_s)
        warning, kept_quiet = self._news(opened)
        return Block(
            samples, frame.captured_s, frame.lost_len, frame.overflow, warning=warning, kept_quiet=kept_quiet
        )

    def close(self) -> None:
        """End the capture process; at most about a second, also when the driver hangs."""
        process, self._process = self._process, None
        if process is not None and not process.end():
            self._stuck = process

    def _news(self, opened: Opened) -> tuple[str, str] | tuple[None, None]:
        """Return a warning and what keeps the microphone quiet, where that is new; empty: nothing does."""
        rate = self._rate.wrong
        if rate is None:
            self._paced = ""
        elif not self._paced:  # said once, though the rate wavers
            self._paced = _PACED.format(opened.name, rate, opened.sample_rate)
        now = (self._note.warning or self._paced, self._note.kept_quiet)
        before, self._told = self._told, now
        return (None, None) if now == before else now

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
    process = CaptureProcess("list")
    try:
        return process.answer(Listed, OPEN_LIMIT_S).devices
    finally:
        process.end()
