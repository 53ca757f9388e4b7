"""One stream of bytes from its recognition to the verdict: samples, holes, and what was wrong at the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from monitor.errors import SourceError
from monitor.sources.bytestream import ByteStream, SoundBytes, sound_bytes
from monitor.sources.chunk_layout import index_first
from monitor.sources.container import (
    ID3_MAX_LEN,
    LOOK_LEN,
    READABLE,
    Container,
    Foreign,
    frames_from,
    id3_len,
    recognise,
)
from monitor.sources.declared import TOLERANCE_S, Found, XingTag, cut_end, read_xing
from monitor.sources.decoder import Decoder, Piece
from monitor.sources.matroska import MatroskaBytes

_MARK_LEN = 16
_SHORT_MARKS = b"\xffG\x0b"
"""First bytes of what is recognised by several frames."""


def look(stream: ByteStream) -> Container | Foreign | None:
    """Return what `stream` holds, after any tag before the sound; wait for no more than must be."""
    while (tag_len := id3_len(stream.peek(_MARK_LEN))) and stream.position < ID3_MAX_LEN:
        stream.skip(tag_len)
    head = stream.peek(_MARK_LEN)
    known = recognise(head)
    short = head[:1] and head[0] in _SHORT_MARKS
    if short or isinstance(known, Foreign):
        known = recognise(stream.peek(LOOK_LEN))
    return known or _joined_in_the_midst(stream)


def _joined_in_the_midst(stream: ByteStream) -> Container | None:
    """Step over what comes before the first whole frame or packet; wait only where there may be one."""
    if frames_from(stream.ahead[:LOOK_LEN], 2) is None:
        return None
    found = frames_from(stream.peek(LOOK_LEN))
    if found is None:
        return None
    stream.skip(found[0])
    return found[1]


class Sound:
    """The sound in a recognised container."""

    def __init__(
        self,
        stream: ByteStream,
        container: Container,
        name: str,
        file: BinaryIO | None = None,
        whole: bool = False,
    ) -> None:
        """Begin to decode `stream`; `name` it in sentences; a `file` may be read back and forth.

        With `whole`, all of it is there already.

        Raises
        ------
        SourceError
            It cannot be decoded.
        """
        if container.demuxer == "mov" and file is None and not index_first(stream.peek):
            raise SourceError(
                f"{name} is an MP4 whose index comes after its sound, which a pipe cannot go back to; write "
                "it with `-movflags faststart`, or give it as file:PATH."
            )
        self._stream = stream
        self._container = container
        self._name = name
        self._begin = stream.position
        self._xing = read_xing(stream.peek(LOOK_LEN)) if container.demuxer == "mp3" else None
        self._bytes = sound_bytes(stream, container.demuxer)
        in_file = container.seeks and file is not None and self._bytes is stream
        data = file if in_file and file is not None else self._bytes
        self._decoder = Decoder(data, container, name, whole)
        self.sample_rate = self._decoder.sample_rate
        """Hz."""

    def pieces(self) -> Iterator[Piece]:
        """Decode to the end of the bytes; read `found` then."""
        yield from self._decoder.pieces()

    def close(self) -> None:
        """Release the decoder; may be called twice."""
        self._decoder.close()

    @property
    def found(self) -> Found:
        """What was found so far."""
        decoder, stream = self._decoder, self._stream
        heard_s = decoder.heard / decoder.sample_rate
        promised_s, tolerance_s = self._promise(heard_s)
        cut = (
            self._cut_sample()
            or ("it ends inside a block" if self._decoder.cut and self._bytes is stream else "")
            or cut_end(self._container.demuxer, stream.position - self._begin, stream.tail)
        )
        return Found(heard_s, promised_s, tolerance_s, tuple(decoder.faults), cut)

    def _cut_sample(self) -> str:
        """Return whether sound of no stated length ends inside a sample or an element."""
        data, heard = self._bytes, self._decoder.heard
        if isinstance(data, MatroskaBytes):
            return "it ends inside an element" if data.inside else ""
        if (
            not isinstance(data, SoundBytes)
            or data.promised is not None
            or not self._decoder.is_pcm
            or not heard
        ):
            return ""
        cut = data.delivered % (data.delivered // heard) and not data.header_again
        return "it ends inside a sample" if cut else ""

    def _promise(self, heard_s: float) -> tuple[float | None, float]:
        """Return the seconds promised, and how exactly."""
        decoder, data = self._decoder, self._bytes
        if isinstance(data, SoundBytes):
            if data.promised is None or not data.delivered:
                return None, 0.0
            return heard_s * (data.promised / data.delivered), 0.5 / decoder.sample_rate
        if self._xing is not None:
            return self._xing_promise(self._xing, heard_s)
        exact = self._container.demuxer == "flac"
        frame_s = decoder.longest / decoder.sample_rate  # the last may be filled up
        return decoder.promised_s, 0.5 / decoder.sample_rate if exact else max(TOLERANCE_S, frame_s)

    def _xing_promise(self, xing: XingTag, heard_s: float) -> tuple[float | None, float]:
        """Where the tag counts bytes and all are there, nothing is missing, whatever it says of frames."""
        whole = xing.promised_len is not None and self._stream.position - self._begin >= xing.promised_len
        if whole and xing.promised_s is not None and heard_s < xing.promised_s:
            return None, TOLERANCE_S
        return xing.promised_s, TOLERANCE_S


def refuse_foreign(name: str, foreign: Foreign) -> SourceError:
    """Return what to say of a stream that holds no sound."""
    return SourceError(f"{name} is {foreign.name}, not sound; give {READABLE}, or raw PCM.")
