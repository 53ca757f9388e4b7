"""FFmpeg's demuxers and decoders, through PyAV: bytes of one container -> samples, and where they failed.

The demuxer is named by who recognised the container, never guessed, and gets bytes only: no playlist, no
address and no other file is ever opened. What cannot be decoded is stepped over, and its place is kept.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.errors import SourceDamaged, SourceError
from monitor.extras import install
from monitor.sources.container import Container

JITTER_S = 0.03
"""A time stamp that is later than the samples before it by less is rounded, not a hole."""
ROUNDING_S = 0.002
"""The same where a packet could not be decoded just before."""
MAX_HOLE_S = 60.0
"""A time stamp that leaps by more without an error is a clock that was set, not sound that is missing."""
_PROBE_S = 1.0
"""Seconds of a stream that may be read to learn what is in it."""

_ARRIVING = {"ignore_length": "1", "max_size": "2048"}
"""Of WAV that arrives: its packets are short, so that none waits."""
_WHOLE = {"ignore_length": "1", "max_size": "16384", "probesize": "65536"}
"""Of WAV that is all there. Still larger packets take longer again, for the memory they need. Whether they
are no PCM is asked of so many bytes: of all that could be asked it takes longer than a minute of sound."""
_STRICT = {name: {"err_detect": "crccheck+explode"} for name in ("flac", "ac3", "eac3")}
"""By codec: a frame whose checksum is wrong is an error, not noise."""
_SCALES = {"u1": 2.0**-7, "i2": 2.0**-15, "i4": 2.0**-31, "i8": 2.0**-63}
_OPENING = threading.Lock()


class Fault(msgspec.Struct, frozen=True):
    """A place that could not be decoded."""

    start_s: float
    """Seconds into the sound."""
    lost_s: float
    """Seconds that are missing there; 0 where that is not known."""

    @property
    def text(self) -> str:
        """The place as a clause of a sentence."""
        lost = f", {self.lost_s:.2f} s are missing there" if self.lost_s >= 0.005 else ""
        return f"what comes at {self.start_s:.2f} s could not be decoded{lost}"


class Piece(msgspec.Struct, frozen=True):
    """Samples as they were decoded at once."""

    samples: NDArray[np.float32]
    """float32 (n, channels), full scale +-1.0."""
    lost_len: int = 0
    """Samples missing before these."""
    fault: str | None = None
    """What could not be decoded before these, in words; None if nothing."""


class Readable(Protocol):
    """What a decoder reads from."""

    def read(self, length: int, /) -> bytes:
        """Return up to `length` bytes, at least one; none at the end."""


class Decoder:
    """The first stream of sound in a container."""

    def __init__(self, data: Readable, container: Container, name: str, whole: bool = False) -> None:
        """Read the header of `data`, which is wrapped as `container` says; `name` it in sentences.

        With `whole`, all of it is there, and none of it has to be given at once.

        Raises
        ------
        SourceError
            It cannot be read.
        """
        av = load_av()
        self._errors = av.error
        self._name = name
        options = {"analyzeduration": f"{_PROBE_S * 1e6:.0f}"}
        if container.demuxer == "wav":
            options |= _WHOLE if whole else _ARRIVING
        try:
            self._container = av.open(
                data, format=container.demuxer, options=options, metadata_errors="replace"
            )
        except av.error.FFmpegError as error:
            raise SourceError(_unreadable(name, container, error)) from None
        stream = self._container.streams.best("audio")
        if stream is None or stream.codec_context is None or not stream.rate:
            self._container.close()
            raise SourceError(f"{name} is {container.name} without a stream of sound that can be decoded.")
        stream.codec_context.options = _STRICT.get(stream.codec_context.name, {})
        self._stream = stream
        self.sample_rate = int(stream.rate)
        """Hz."""
        self.is_pcm = stream.codec_context.name.startswith("pcm_")
        """Whether each sample stands for itself."""
        self.promised_s = self._promised_s()
        """Seconds of sound by the header, None where it does not say."""
        self.faults: list[Fault] = []
        """What could not be decoded so far."""
        self.position = 0
        """Samples per channel so far, missing ones included."""
        self.heard = 0
        """Samples per channel decoded so far."""
        self.longest = 0
        """Samples per channel of the longest frame."""
        self.cut = False
        """Whether the last packet is not there as a whole."""
        self._origin_s: float | None = None
        self._broken = False

    def pieces(self) -> Iterator[Piece]:
        """Decode to the end.

        Raises
        ------
        SourceDamaged
            The sound goes on at another sample rate.
        """
        for packet in self._packets():
            try:
                frames = packet.decode()
            except self._errors.EOFError:
                break
            except self._errors.FFmpegError:
                self._broken = True
                continue
            for frame in frames:
                yield self._piece(frame)
        if self._broken:
            self.faults.append(Fault(self.position / self.sample_rate, 0.0))

    def close(self) -> None:
        """Release the decoder; may be called twice."""
        self._container.close()

    def _packets(self) -> Iterator[Any]:
        """Give the packets, the last of them empty, to the end or to where nothing can be made out."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except self._errors.EOFError:
                return
            except self._errors.FFmpegError:
                self._broken = not self._complete
                return
            if packet is None:
                return
            if packet.size:
                self.cut = packet.is_corrupt
            yield packet

    @property
    def _complete(self) -> bool:
        """Whether all that the header promises was decoded: what comes then is a tag, or nobody's sound."""
        return self.promised_s is not None and self.position >= round(self.promised_s * self.sample_rate)

    def _piece(self, frame: Any) -> Piece:
        if frame.sample_rate != self.sample_rate:
            raise SourceDamaged(
                f"{self._name} changes its sample rate from {self.sample_rate} to {frame.sample_rate} "
                f"Hz after {self.position / self.sample_rate:.2f} s; the rest was not heard. Convert it."
            )
        lost_len = self._lost_len(frame)
        fault = None
        if self._broken or frame.is_corrupt or lost_len:
            fault = Fault(self.position / self.sample_rate, lost_len / self.sample_rate)
            self.faults.append(fault)
        self._broken = False
        samples = to_float(frame)
        self.position += lost_len + len(samples)
        self.heard += len(samples)
        self.longest = max(self.longest, len(samples))
        damage = None if fault is None else f"{self._name} is damaged: {fault.text}."
        return Piece(samples, lost_len, damage)

    def _lost_len(self, frame: Any) -> int:
        """Return how many samples are missing before `frame`, by its time stamp."""
        if frame.pts is None or frame.time_base is None:
            return 0
        tick = frame.time_base
        stamp_s = frame.pts * tick.numerator / tick.denominator
        now_s = self.position / self.sample_rate
        if self._origin_s is None:
            self._origin_s = stamp_s
        hole_s = stamp_s - self._origin_s - now_s
        if hole_s < -JITTER_S or (hole_s > MAX_HOLE_S and not self._broken):
            self._origin_s, hole_s = stamp_s - now_s, 0.0
        return round(hole_s * self.sample_rate) if hole_s > (ROUNDING_S if self._broken else JITTER_S) else 0

    def _promised_s(self) -> float | None:
        stream, whole = self._stream, self._container.duration
        if stream.duration is not None and stream.time_base is not None:
            return float(stream.duration * stream.time_base)
        return whole / 1e6 if whole else None


def to_float(frame: Any) -> NDArray[np.float32]:
    """Return the samples of `frame` as float32 (n, channels), full scale +-1.0."""
    array = frame.to_ndarray()
    channels = frame.layout.nb_channels
    array = array.T if frame.format.is_planar else array.reshape(-1, channels)
    kind = array.dtype.str[1:]
    if kind == "u1":
        array = array.astype(np.int16) - 128
    samples: NDArray[np.float32] = np.ascontiguousarray(array, np.float32)
    if kind in _SCALES:
        samples *= _SCALES[kind]  # powers of two: nothing is rounded but by float32 itself
    return samples


def load_av() -> ModuleType:
    """Return PyAV.

    Raises
    ------
    SourceError
        It is not installed.
    """
    try:
        with _OPENING:  # its modules import one another: one thread at a time
            import av
    except (ImportError, OSError):
        raise SourceError(
            "Sound in a container or from a network needs the Python package av (FFmpeg); install it with: "
            + install("av")
        ) from None
    module: ModuleType = av
    return module


def _unreadable(name: str, container: Container, error: Exception) -> str:
    why = str(getattr(error, "strerror", error)).rstrip(".").lower()
    return f"{name} begins like {container.name}, but cannot be read as such ({why})."
