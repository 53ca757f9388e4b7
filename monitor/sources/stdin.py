"""Standard input as a source: raw PCM, or sound in any container that can be read from its beginning.

Which of them it is is read from its first bytes: ``arecord -t raw -f S16_LE -r 48000 | monitor run --source -
--pcm-rate 48000``, ``ffmpeg -i rtsp://… -f wav - | monitor run --source -``.
"""

from __future__ import annotations

import os
import stat
import sys
import threading
import time
from collections.abc import Iterator
from typing import BinaryIO, get_args

from monitor.errors import SourceError
from monitor.records import Block
from monitor.sources import STDIN_ID
from monitor.sources.bytestream import ByteStream
from monitor.sources.container import Container, Foreign
from monitor.sources.declared import conclude
from monitor.sources.decoded_stream import Sound, look, refuse_foreign
from monitor.sources.decoder import Piece
from monitor.sources.decoding_thread import DecodingThread
from monitor.sources.options import SourceOptions
from monitor.sources.pace import AHEAD_S, Pace
from monitor.sources.pipe_reader import PipeReader
from monitor.sources.raw import RawFormat, RawSound, SampleFormat

MAX_CHANNELS = 64
"""More is a slip of the finger, not a recording."""
_LOOK_S = 0.5
"""Seconds `open` waits for the first bytes; a program before the pipe needs a moment to begin."""

_EXAMPLE = (
    "pipe sound into it, for example "
    "`arecord -t raw -f S16_LE -r 48000 | monitor run --source - --pcm-rate 48000`"
)


class StandardInput:
    """A source that reads standard input.

    A pipe is live, unless it is known to be `patient` (a decoder that feeds a file): what comes before its
    time is left in the pipe, so that no more is read than real time brings, and nothing is passed over. A
    regular file (``--source - < file.wav``) is always patient. When a pipe is slow, `read` returns None and
    goes on; it is never lost for good, only silent, until its other end closes it.
    """

    id = STDIN_ID
    name = "standard input"

    def __init__(
        self, stream: BinaryIO | None, raw: RawFormat, *, patient: bool = False, ahead_s: float = AHEAD_S
    ) -> None:
        """Read `stream`, which nobody else reads; raw samples are as `raw` says. `open` refuses None."""
        self.live = not patient and not _is_regular_file(stream)
        self._stream = stream
        self._raw = raw
        self._ahead_s = ahead_s
        self._inlet: PipeReader | None = None
        self._pump: DecodingThread | None = None
        self._pace: Pace | None = None
        self._sound: Sound | RawSound | None = None
        self._known = threading.Event()
        self._warned = False

    @property
    def sample_rate(self) -> int:
        """Hz; 0 until the first bytes have come."""
        return 0 if self._sound is None else self._sound.sample_rate

    def open(self) -> None:
        """Begin to read; wait a moment for the first bytes, to refuse at once what cannot be heard.

        Raises
        ------
        SourceError
            A parameter is out of range, the stream is closed or a terminal, or holds no sound.
        """
        self.close()
        stream = self._check()
        inlet = PipeReader(stream, lambda: self._pump is None or self._pump.stopped.is_set())
        bytes_ = ByteStream(inlet.read)
        self._inlet = inlet
        self._known.clear()
        self._pump = DecodingThread(lambda: self._pieces(bytes_))
        self._pump.start()
        self._known.wait(_LOOK_S)
        if self._known.is_set() and self._sound is None:
            self._pump.get(_LOOK_S)  # raises why

    def read(self, timeout_s: float) -> Block | None:
        """Return what has arrived, or None if nothing did within `timeout_s` seconds.

        Raises
        ------
        EOFError
            The other end closed the pipe.
        SourceDamaged
            It did, and part of the sound is missing.
        SourceError
            It did before the first sample, or the system cannot read from it, or it holds no sound.
        """
        if self._pump is None:
            raise EOFError
        pace = self._pace
        if pace is None:
            piece = self._pump.get(timeout_s)
            return None if piece is None else self._begin(piece)
        if (wait_s := pace.wait_s(time.monotonic())) > 0.0:
            time.sleep(min(wait_s, timeout_s))
            if wait_s > timeout_s:
                return None
        piece = self._pump.get(0.0)
        if piece is None:
            if self._inlet is not None and self._inlet.dry:
                pace.dry(time.monotonic())
            piece = self._pump.get(timeout_s)
        return None if piece is None else self._block(piece, pace)

    def close(self) -> None:
        """Stop reading; the stream belongs to whoever opened it."""
        pump, self._pump = self._pump, None
        if pump is not None:
            pump.stop()

    def _begin(self, piece: Piece) -> Block:
        """Pass the first piece on, or any of a source that waits."""
        if not self.live:
            return Block(piece.samples, time.monotonic(), piece.lost_len, warning=piece.fault)
        self._pace = Pace(time.monotonic(), self._ahead_s)
        return self._block(piece, self._pace)

    def _block(self, piece: Piece, pace: Pace) -> Block:
        now_s = time.monotonic()
        captured_s = pace.arrived(now_s, (len(piece.samples) + piece.lost_len) / self.sample_rate)
        return Block(
            piece.samples,
            captured_s,
            lost_len=piece.lost_len,
            next_due_s=pace.next_due_s,
            warning=piece.fault or self._warning(pace.rate),
        )

    def _warning(self, rate: float | None) -> str | None:
        warned, self._warned = self._warned, rate is not None
        if rate is None:
            return "" if warned else None
        hint = "; is --pcm-rate right?" if isinstance(self._sound, RawSound) else "."
        return f"Sound arrives at {rate:.2f} times the stated rate of {self.sample_rate} Hz{hint}"

    def _pieces(self, stream: ByteStream) -> Iterator[Piece]:
        """Recognise and decode, on the pump's thread."""
        try:
            sound = self._recognise(stream)
            self._sound = sound
        finally:
            self._known.set()
        try:
            yield from sound.pieces()
            conclude("Standard input", sound.found)
        except OSError as error:
            raise _unreadable(error) from None
        finally:
            sound.close()

    def _recognise(self, stream: ByteStream) -> Sound | RawSound:
        try:
            kind = look(stream)
            if not stream.peek(1):
                raise SourceError(
                    "Standard input ended before the first sample; is the program before the pipe working?"
                )
            if isinstance(kind, Foreign):
                raise refuse_foreign("Standard input", kind)
            if isinstance(kind, Container):
                return Sound(stream, kind, "Standard input")
        except OSError as error:  # a directory, for one
            raise _unreadable(error) from None
        return RawSound(stream, self._raw, "Standard input")

    def _check(self) -> BinaryIO:
        form, channels = self._raw.sample_format, self._raw.channels
        if form not in get_args(SampleFormat):
            valid = ", ".join(get_args(SampleFormat))
            raise SourceError(f"{form!r} is not a sample format; valid: {valid}.")
        if not 1 <= channels <= MAX_CHANNELS:
            raise SourceError(f"{channels} channels are not possible; valid: 1 to {MAX_CHANNELS}.")
        if self._raw.sample_rate <= 0:
            raise SourceError(f"{self._raw.sample_rate} Hz is not a sample rate; valid: 1000 to 768000.")
        if self._stream is None or self._stream.closed:
            raise SourceError(f"Standard input is closed; {_EXAMPLE}.")
        if self._stream.isatty():
            raise SourceError(f"Standard input is a terminal; {_EXAMPLE}.")
        return self._stream


def _unreadable(error: OSError) -> SourceError:
    return SourceError(f"Cannot read standard input: {error.strerror}; {_EXAMPLE}.")


def _is_regular_file(stream: BinaryIO | None) -> bool:
    try:
        return stream is not None and stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):  # in memory, or closed
        return False


def open_stdin(_: str, options: SourceOptions) -> StandardInput:
    """Return standard input; what comes before its time fills a quarter of the ring at most."""
    stream = getattr(sys.stdin, "buffer", None)
    ahead_s = min(AHEAD_S, options.capture.ring_s / 4.0)
    return StandardInput(stream, options.raw, patient=options.fast, ahead_s=ahead_s)
