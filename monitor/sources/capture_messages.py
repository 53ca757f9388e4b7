"""What travels from the capture process to its parent: framed blocks and typed messages.

A frame is ``kind, payload length, captured_s, lost_len, overflow`` (little endian) and then the payload:
float32 samples, or one message as JSON. The pipe is the process's stdout; nothing else is ever written there.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import msgspec

from monitor.sources.devices import Device

BLOCKS_PER_S = 10
"""Blocks of 100 ms: short against a window, long against the cost of a call."""
_HEADER = struct.Struct("<BIdQ?")
_MESSAGE, _BLOCK = 1, 2


class Opened(msgspec.Struct, frozen=True, tag=True):
    """The microphone delivers; blocks follow."""

    id: str
    name: str
    sample_rate: int
    """Hz."""
    channels: int


class Tuned(msgspec.Struct, frozen=True, tag=True):
    """What a stream in a network is from the next block on; the first message, and again where it changes."""

    sample_rate: int
    """Hz."""
    channels: int
    codec: str
    length_s: float | None
    """Seconds of a recording; None: it goes on for ever."""
    bursts: bool
    """It comes in segments of several seconds."""


class Over(msgspec.Struct, frozen=True, tag=True):
    """A recording has come to its end; the process ends."""

    heard_s: float
    """Seconds of sound that there were."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """It cannot be opened or went away; the process ends."""

    reason: str
    """One sentence for the user."""
    absent: bool = False
    """It may be there later."""


class ServerNote(msgspec.Struct, frozen=True, tag=True):
    """What the sound server does with the stream, at first and whenever that changes."""

    home: str
    """The server's name for the microphone that the stream belongs to."""
    warning: str
    """Which other one is heard, in words for the user; empty: none."""
    kept_quiet: str
    """Why the server lets no sound through, in words for the user; empty: it does."""


class Listed(msgspec.Struct, frozen=True, tag=True):
    """Answer to a request for the devices."""

    devices: list[Device]


Message = Opened | Failed | ServerNote | Listed | Tuned | Over

_DECODER: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


class RawBlock(NamedTuple):
    """Samples as the driver gave them."""

    data: bytes
    """float32 in the machine's byte order, channels interleaved."""
    captured_s: float
    """Monotonic clock, seconds, when the last sample had arrived."""
    lost_len: int
    """Samples per channel that were dropped before this block."""
    overflow: bool
    """The driver reported lost input."""


def encode_message(message: Message) -> bytes:
    """Return `message` as one frame."""
    payload = msgspec.json.encode(message)
    return _HEADER.pack(_MESSAGE, len(payload), 0.0, 0, False) + payload


def encode_header(block: RawBlock) -> bytes:
    """Return the frame header of `block`; its data follow as they are."""
    return _HEADER.pack(_BLOCK, len(block.data), block.captured_s, block.lost_len, block.overflow)


class FrameReader:
    """Cuts a byte stream into frames; never blocks."""

    def __init__(self, joins: bool = False) -> None:
        """Begin; `joins`: blocks that have arrived together and without a loss between them come as one."""
        self._bytes = bytearray()
        self._joins = joins

    def feed(self, data: bytes) -> None:
        """Take bytes as they came."""
        self._bytes += data

    def next(self) -> Message | RawBlock | None:
        """Return the next whole frame, or None if it has not arrived yet."""
        frame = self._cut()
        if self._joins and isinstance(frame, RawBlock):
            parts = [frame]
            while self._follows():
                parts.append(self._cut())  # type: ignore[arg-type]
            if len(parts) > 1:
                return frame._replace(
                    data=b"".join(part.data for part in parts), captured_s=parts[-1].captured_s
                )
        return frame

    def _follows(self) -> bool:
        """Tell whether a whole block has arrived that goes on where the one before it ended."""
        if len(self._bytes) < _HEADER.size:
            return False
        kind, length, _, lost_len, overflow = _HEADER.unpack_from(self._bytes)
        whole = len(self._bytes) >= _HEADER.size + length
        return bool(whole and kind == _BLOCK and not lost_len and not overflow)

    def _cut(self) -> Message | RawBlock | None:
        """Return the next whole frame as it was sent."""
        if len(self._bytes) < _HEADER.size:
            return None
        kind, length, captured_s, lost_len, overflow = _HEADER.unpack_from(self._bytes)
        stop = _HEADER.size + length
        if len(self._bytes) < stop:
            return None
        payload = bytes(self._bytes[_HEADER.size : stop])
        del self._bytes[:stop]
        if kind == _BLOCK:
            return RawBlock(payload, captured_s, lost_len, overflow)
        return _DECODER.decode(payload)
