"""Raw PCM from a pipe as a source: ``arecord -t raw -f S16_LE -r 48000 | monitor run --source -``."""

from __future__ import annotations

import os
import select
import stat
import time
from collections.abc import Callable
from typing import BinaryIO, Literal, NoReturn, get_args

import numpy as np
from numpy.typing import NDArray

from monitor.errors import SourceDamaged, SourceError
from monitor.records import Block

SampleFormat = Literal["s16le", "s24le", "s32le", "f32le"]
"""How one sample is written: signed integer or float, its bits, little endian."""

BLOCK_S = 0.02
"""Seconds read at once at most."""
MAX_CHANNELS = 64
"""More is a slip of the finger, not a recording."""

_EXAMPLE = (
    "pipe raw PCM into it, for example "
    "`arecord -t raw -f S16_LE -r 48000 | monitor run --source - --pcm-rate 48000`"
)
_SAMPLE_BYTES: dict[SampleFormat, int] = {"s16le": 2, "s24le": 3, "s32le": 4, "f32le": 4}


class PcmSource:
    """A source that reads interleaved samples without a header.

    A pipe is live: nobody asks it to wait, unless it is known to be `patient` (a decoder that feeds a file).
    A regular file (``--source - < file.raw``) is always patient. When a pipe is slow, `read` returns None and
    goes on; it is never lost, only silent, until its other end closes it.
    """

    id = "stdin"
    name = "standard input"

    def __init__(
        self,
        stream: BinaryIO | None,
        sample_rate: int,
        channels: int = 1,
        dtype: SampleFormat = "s16le",
        *,
        patient: bool = False,
    ) -> None:
        """Read from `stream`, which nobody else reads; `sample_rate` in Hz. None is refused by `open`."""
        self.live = not patient and not _is_regular_file(stream)
        self.sample_rate = sample_rate
        self._stream = stream
        self._channels = channels
        self._format = dtype
        self._receive: Callable[[int, float], bytes | None] = _nothing
        self._rest = b""
        self._begun = False

    def open(self) -> None:
        """Prepare to read.

        Raises
        ------
        SourceError
            A parameter is out of range, or the stream is closed or a terminal.
        """
        if self._format not in get_args(SampleFormat):
            legal = ", ".join(get_args(SampleFormat))
            raise SourceError(f"{self._format!r} is not a sample format; legal: {legal}.")
        if not 1 <= self._channels <= MAX_CHANNELS:
            raise SourceError(f"{self._channels} channels are not possible; legal: 1 to {MAX_CHANNELS}.")
        if self._stream is None or self._stream.closed:
            raise SourceError(f"Standard input is closed; {_EXAMPLE}.")
        if self._stream.isatty():
            raise SourceError(f"Standard input is a terminal; {_EXAMPLE}.")
        self._receive = _receiver(self._stream)

    def read(self, timeout_s: float) -> Block | None:
        """Return at most `BLOCK_S` of what has arrived, or None if nothing did within `timeout_s` seconds.

        Raises
        ------
        EOFError
            The other end closed the pipe.
        SourceDamaged
            It did, in the middle of a sample.
        SourceError
            It did before the first sample, or the system cannot read from it.
        """
        step = _SAMPLE_BYTES[self._format] * self._channels
        wanted = max(1, round(BLOCK_S * self.sample_rate)) * step - len(self._rest)
        try:
            data = self._receive(wanted, timeout_s)
        except OSError as error:  # a directory, for one
            raise SourceError(f"Cannot read standard input: {error.strerror}; {_EXAMPLE}.") from None
        if data is None:
            return None
        if not data:
            self._end(step)
        self._begun = True
        data = self._rest + data
        whole = len(data) - len(data) % step
        self._rest = data[whole:]
        if not whole:
            return None
        samples = _decode(data[:whole], self._format).reshape(-1, self._channels)
        return Block(samples, time.monotonic())

    def close(self) -> None:
        """Stop reading; the stream belongs to whoever opened it."""
        self._receive = _nothing

    def _end(self, step: int) -> NoReturn:
        rest, self._rest = len(self._rest), b""
        if rest:
            raise SourceDamaged(
                f"Standard input ended in the middle of a sample: {rest} bytes are left over, {self._format} "
                f"with {self._channels} channel(s) takes {step}. Check the format and the number of channels."
            )
        if not self._begun and self._receive is not _nothing:
            raise SourceError(
                "Standard input ended before the first sample; is the program before the pipe working?"
            )
        raise EOFError


def _is_regular_file(stream: BinaryIO | None) -> bool:
    try:
        return stream is not None and stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):  # in memory, or closed
        return False


def _decode(data: bytes, form: SampleFormat) -> NDArray[np.float32]:
    """Return whole samples as float32 (n,), full scale +-1.0."""
    match form:
        case "f32le":
            return np.frombuffer(data, "<f4").astype(np.float32)
        case "s16le":
            return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(2**15)
        case "s32le":
            return (np.frombuffer(data, "<i4") / 2.0**31).astype(np.float32)
        case "s24le":
            padded = np.zeros((len(data) // 3, 4), np.uint8)
            padded[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
            return (padded.view("<i4")[:, 0] / 2.0**31).astype(np.float32)


def _receiver(stream: BinaryIO) -> Callable[[int, float], bytes | None]:
    """Return a function of length and timeout: bytes, none at the end, None when nothing arrived in time."""
    try:
        descriptor = stream.fileno()
    except OSError:  # in memory: it never makes anybody wait
        return lambda length, _: stream.read(length)
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)

    def receive(length: int, timeout_s: float) -> bytes | None:
        if not poll.poll(timeout_s * 1000.0):
            return None
        try:
            return os.read(descriptor, length)
        except BlockingIOError:  # a non-blocking pipe whose bytes somebody else took
            return None

    return receive


def _nothing(_length: int, _timeout_s: float) -> bytes:
    """Read from a source that is not open."""
    return b""
