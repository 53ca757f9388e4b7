"""Raw PCM: interleaved samples without a header, as ``arecord -t raw`` writes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.errors import SourceDamaged
from monitor.sources.bytestream import ByteStream
from monitor.sources.declared import Found
from monitor.sources.decoder import Piece

SampleFormat = Literal["s16le", "s24le", "s32le", "f32le"]
"""How one sample is written: signed integer or float, its bits, little endian."""

BLOCK_S = 0.02
"""Seconds read at once at most."""
_SAMPLE_BYTES: dict[SampleFormat, int] = {"s16le": 2, "s24le": 3, "s32le": 4, "f32le": 4}


class RawFormat(msgspec.Struct, frozen=True):
    """What raw samples look like; nothing in them says it."""

    sample_rate: int = 16_000
    """Hz."""
    channels: int = 1
    sample_format: SampleFormat = "s16le"

    @property
    def step(self) -> int:
        """Bytes of one sample of all channels."""
        return _SAMPLE_BYTES[self.sample_format] * self.channels


class RawSound:
    """Raw samples as a `Sound`."""

    def __init__(self, stream: ByteStream, form: RawFormat, name: str) -> None:
        """Read `stream` as `form` says; `name` it in sentences."""
        self._stream = stream
        self._form = form
        self._name = name
        self._heard = 0
        self.sample_rate = form.sample_rate
        """Hz."""

    def pieces(self) -> Iterator[Piece]:
        """Give what has arrived, `BLOCK_S` at most at once.

        Raises
        ------
        SourceDamaged
            It ended inside a sample.
        """
        step = self._form.step
        block_len = max(1, round(BLOCK_S * self.sample_rate)) * step
        rest = b""
        while data := self._stream.read(block_len - len(rest)):
            data = rest + data
            whole = len(data) - len(data) % step
            rest = data[whole:]
            if whole:
                samples = decode(data[:whole], self._form.sample_format).reshape(-1, self._form.channels)
                self._heard += len(samples)
                yield Piece(samples)
        if rest:
            raise SourceDamaged(
                f"{self._name} ended in the middle of a sample: {len(rest)} bytes are left over, "
                f"{self._form.sample_format} with {self._form.channels} channel(s) takes {step}. "
                "Check the format and the number of channels."
            )

    def close(self) -> None:
        """Do nothing: the stream belongs to whoever opened it."""

    @property
    def found(self) -> Found:
        """What was found so far; nothing had been promised."""
        return Found(self._heard / self.sample_rate)


def decode(data: bytes, form: SampleFormat) -> NDArray[np.float32]:
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
