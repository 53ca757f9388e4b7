"""A stream in a network as a source: cameras (RTSP) and web streams (HTTP), heard through a process.

The parent side: start `network_reader.py`, read its frames, notice when nothing comes, and end it whatever
the server does. What was kept by a server while nobody listened comes at once, and is analysed at
`CATCH_UP` times its pace. A recording is heard at its pace, and ends.
"""

from __future__ import annotations

import os
import ssl
import subprocess
import time
from pathlib import Path

import msgspec
import numpy as np

from monitor.child import Start
from monitor.errors import SourceAbsent, SourceDamaged, SourceError, SourceLost
from monitor.records import Block
from monitor.sources.capture_messages import Failed, Over, RawBlock, Tuned
from monitor.sources.capture_process import CaptureProcess, Program
from monitor.sources.network_address import Asked, NetworkAddress, parse_address
from monitor.sources.options import SourceOptions
from monitor.sources.pace import LivePace, Pace

OPEN_LIMIT_S = 10.0
"""A server that has not sent the first sound after this long hangs."""
GIVE_UP_S = 6.0
"""Seconds after which a stream that is overdue is left and asked for again."""
NOTE_S = 10.0
"""Seconds for which a change of the stream's form is told."""


class NetworkStream:
    """A source that passes on what a server sends."""

    live = True

    def __init__(
        self,
        address: NetworkAddress,
        *,
        verify_tls: bool = True,
        start: Start | None = None,
        open_limit_s: float = OPEN_LIMIT_S,
    ) -> None:
        """Prepare to hear what `address` sends.

        Parameters
        ----------
        verify_tls
            Whether a server that encrypts must prove that it is the one whose name is in the address.
        start
            Starts a process; None: as the operating system does.
        open_limit_s
            Seconds that the server has to send the first sound.
        """
        self.id = address.id
        self.name = address.shown
        self._asked = Asked(address.url, address.shown, _authorities(), verify_tls)
        self._start = start or subprocess.Popen
        self._open_limit_s = open_limit_s
        self._process: CaptureProcess | None = None
        self._tuned: Tuned | None = None
        self._pace = Pace(0.0)
        self._note = _Note()

    @property
    def sample_rate(self) -> int:
        """Hz; 0 until opened."""
        return self._tuned.sample_rate if self._tuned else 0

    def open(self) -> None:
        """Start the process and wait until sound comes, at most `open_limit_s`.

        Raises
        ------
        SourceAbsent
            There is no such server, it does not answer, or it has nothing to send yet.
        SourceError
            It refuses, or sends no sound.
        """
        self.close()
        program = Program(
            "monitor.sources.network_reader",
            f"{self.name} did not send any sound within {{limit_s:g}} s.",
            f"{self.name} was closed.",
            tells=False,
        )
        line = msgspec.json.encode(self._asked) + b"\n"
        try:
            self._process = process = CaptureProcess(start=self._start, program=program, line=line)
            tuned = process.answer(Tuned, self._open_limit_s)
        except SourceLost as lost:
            self.close()
            raise SourceAbsent(str(lost)) from None
        except SourceError:
            self.close()
            raise
        self._note.compare(self._tuned, tuned, time.monotonic())
        self._tuned = tuned
        now_s = time.monotonic()
        self._pace = Pace(now_s) if tuned.bursts or tuned.length_s else LivePace(now_s)

    def read(self, timeout_s: float) -> Block | None:
        """Return the next block, or None if none came within `timeout_s` seconds.

        Raises
        ------
        EOFError
            A recording is over.
        SourceDamaged
            A recording broke off.
        SourceLost
            The connection broke off, or nothing has come for long.
        """
        process, pace = self._process, self._pace
        if process is None:
            raise SourceLost(f"{self.name} is closed.")
        if (wait_s := pace.wait_s(time.monotonic())) > 0.0:
            time.sleep(min(wait_s, timeout_s))
            if wait_s > timeout_s:
                return None
        frame = process.next_frame(0.0)
        if frame is None:
            pace.dry(time.monotonic())
            frame = process.next_frame(timeout_s)
        if isinstance(frame, RawBlock):
            return self._block(frame)
        self._heed(frame)
        return None

    def close(self) -> None:
        """End the process, whatever it waits for."""
        process, self._process = self._process, None
        if process is not None:
            process.end()

    def _heed(self, frame: object) -> None:
        """Take in what is said between the blocks, or that nothing is."""
        match frame:
            case Tuned() as tuned:
                self._note.compare(self._tuned, tuned, time.monotonic())
                self._tuned = tuned
            case Over():
                raise EOFError(f"{self.name} has ended.")
            case Failed(reason=reason):
                self._refuse_to_begin_again()
                raise SourceLost(reason)
            case _ if time.monotonic() > self._pace.next_due_s + GIVE_UP_S:
                raise SourceLost(f"No sound arrives from {self.name}; it is asked for again.")

    def _refuse_to_begin_again(self) -> None:
        """Raise where a recording broke off: asked for again, it would be heard from its beginning."""
        length_s = self._tuned.length_s if self._tuned else None
        if length_s is not None:
            raise SourceDamaged(
                f"{self.name} is a recording of {length_s:.0f} s and broke off before its end."
            )

    def _block(self, frame: RawBlock) -> Block:
        tuned, now_s = self._tuned, time.monotonic()
        if tuned is None:
            raise SourceLost(f"{self.name} is out of step.")
        samples = np.frombuffer(frame.data, np.float32).reshape(-1, tuned.channels)
        captured_s = self._pace.arrived(now_s, (len(samples) + frame.lost_len) / tuned.sample_rate)
        return Block(
            samples,
            captured_s,
            frame.lost_len,
            next_due_s=self._pace.next_due_s,
            warning=self._note.at(now_s),
        )


class _Note:
    """What is told of a change for a while."""

    def __init__(self) -> None:
        self._text = ""
        self._until_s = 0.0

    def compare(self, before: Tuned | None, now: Tuned, now_s: float) -> None:
        """Note how `now` differs from what there was `before`."""
        if before is not None and _form(before) != _form(now):
            self._text = f"The stream has changed from {_form(before)} to {_form(now)}; it is followed."
            self._until_s = now_s + NOTE_S

    def at(self, now_s: float) -> str:
        """Return what is told at `now_s`; empty: nothing."""
        return self._text if now_s < self._until_s else ""


def _form(tuned: Tuned) -> str:
    plural = "" if tuned.channels == 1 else "s"
    return f"{tuned.codec} at {tuned.sample_rate} Hz with {tuned.channels} channel{plural}"


def _authorities() -> str:
    """Return the file with the certificates that this machine trusts; empty where there is none."""
    paths = ssl.get_default_verify_paths()
    found = (paths.cafile, paths.openssl_cafile, "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem")
    return next((path for path in found if path and Path(path).is_file()), "")


def open_network(address: str, options: SourceOptions) -> NetworkStream:
    """Return the stream at `address`, a whole URL.

    Raises
    ------
    ConfigError
        It is none.
    """
    return NetworkStream(parse_address(address, os.environ), verify_tls=options.capture.verify_tls)
