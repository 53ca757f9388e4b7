"""Raw PCM from a pipe as a source: ``arecord -t raw -f S16_LE -r 48000 | monitor run --source -``."""

from __future__ import annotations

import os
import select
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

_SAMPLE_BYTES: dict[SampleFormat, int] = {"s16le": 2, "s24le": 3, "s32le": 4, "f32le": 4}


class PcmSource:
    """A source that reads interleaved samples without a header.

    A pipe is live: nobody asks it to wait, unless it is known to be `patient` (a decoder that feeds a file).
    When it is slow, `read` returns None and goes on; it is never lost, only silent, until its other end
    closes it.
    """

    id = "stdin"
    name = "standard input"

    def __init__(
        self,
        stream: BinaryIO,
        sample_rate: int,
        channels: int = 1,
        dtype: SampleFormat = "s16le",
        *,
        patient: bool = False,
    ) -> None:
        """Read from `stream`, which nobody else reads; `sample_rate` in Hz."""
        self.live = not patient
        self.sample_rate = sample_rate
        self._stream = stream
        self._channels = channels
        self._format = dtype
        self._receive: Callable[[int, float], bytes | None] = _nothing
        self._rest = b""

    def open(self) -> None:
        """Prepare to read.

        Raises
        ------
        SourceError
            A parameter is out of range, or the stream is a terminal.
        """
        if self._format not in get_args(SampleFormat):
            legal = ", ".join(get_args(SampleFormat))
            raise SourceError(f"{self._format!r} is not a sample format; legal: {legal}.")
        if self._channels < 1:
            raise SourceError(f"{self._channels} channels are none; give at least 1.")
        if self._stream.isatty():
            raise SourceError(
                "Standard input is a terminal; pipe raw PCM into it, "
                "for example `arecord -t raw -f S16_LE -r 48000 | monitor run --source -`."
            )
        self._receive = _receiver(self._stream)

    def read(self, timeout_s: float) -> Block | None:
        """Return at most `BLOCK_S` of what has arrived, or None if nothing did within `timeout_s` seconds.

        Raises
        ------
        EOFError
            The other end closed the pipe.
        SourceDamaged
            It did, in the middle of a sample.
        """
        step = _SAMPLE_BYTES[self._format] * self._channels
        wanted = max(1, round(BLOCK_S * self.sample_rate)) * step - len(self._rest)
        data = self._receive(wanted, timeout_s)
        if data is None:
            return None
        if not data:
            self._end(step)
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
        raise EOFError


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
