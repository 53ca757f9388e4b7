"""Where the sound lies in a container made of chunks, and how much of it the header promises.

The six containers of uncompressed sound (WAV, RF64, W64, AIFF, AU, CAF) state the size of their sound in one
field. A program that writes into a pipe cannot know it and leaves a placeholder; one that is killed leaves an
old value; one that passes 4 GiB leaves a wrapped one. So the field is a promise to compare with, never the
end.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Literal, Protocol

import msgspec
from msgspec.structs import replace

MAX_HEADER_LEN = 16 << 20
"""Bytes before the sound (cover images, padding) beyond which no header goes."""
_MOST_CHUNKS = 4096
"""Chunks before the sound: many more than any program writes, and few enough to be looked at at once."""
_AU_LEN = 24
"""Bytes of the shortest header of an AU."""
_MOST_HEADERS = 4
"""Headers one after another."""
_NEAR = 1 << 16
_PLACEHOLDERS = (1 << 31, 1 << 32, 0x7F00_0000, 1 << 63, 1 << 64)
"""Largest sizes of a field, and what sox writes into an AIFF; programs round them down to whole frames."""

_KNOWN_CHUNKS = frozenset(
    (
        b"LIST|list|INFO|fact|cue |smpl|inst|JUNK|junk|FLLR|PAD |bext|iXML|axml|aXML|chna|cart|levl|PEAK"
        b"|acid|strc|plst|labl|note|adtl|DISP|disp|afsp|umid|minf|elm1|regn|ovwf|_PMX|LGWV|MARK|COMT|AUTH"
        b"|NAME|(c) |ANNO|APPL|MIDI|AESD|INST|ID3 |id3 |SAUR|info|strg|mark|uuid|free|ovvw|edct|CSET|ResU"
        b"|basc|trns|cate|pakt|chan|kuki|peak|COMM|FVER|SSND|data|fmt |ds64|slnt|wavl|midi|slic|bxml|sxml"
        b"|dlyt|r64m|Cr8r|SyLp"
    ).split(b"|")
)
"""Chunks that come after the sound; anything else there is more of it."""


class Layout(msgspec.Struct, frozen=True):
    """Where the sound of a chunked container lies."""

    start: int
    """Index of its first byte."""
    promised: int | None
    """Bytes of sound by the header; None where it holds a placeholder."""
    unbounded: bytes
    """The header, `start` bytes, with a size no reader can reach."""
    guids: bool = False
    """Chunks after the sound begin with the 16 bytes of W64 instead of 4 letters."""
    form_stop: int | None = None
    """Bytes from the container's first to the end of all of its chunks, by the header; None where unknown."""
    order: Literal["big", "little"] = "big"
    """Of the bytes of a chunk's size."""


class Peek(Protocol):
    """Shows what a stream begins with."""

    def __call__(self, stop: int, start: int = 0, /) -> bytes:
        """Return the bytes from `start` to `stop`, or those of them that there are."""


def is_placeholder(size: int) -> bool:
    """Whether `size` is what programs write who do not know it."""
    return size <= 0 or any(abs(size - mark) <= _NEAR for mark in _PLACEHOLDERS) or size > 1 << 62


def read_layout(peek: Peek, demuxer: str) -> Layout | None:
    """Return where the sound lies in what begins as `peek` shows; None in a container of another make.

    Parameters
    ----------
    peek
        Returns the first so many bytes, or all there are.
    demuxer
        What FFmpeg calls the container.
    """
    readers = {"wav": _riff, "w64": _w64, "aiff": _aiff, "au": _au, "caf": _caf}
    if demuxer not in readers:
        return None
    layout = readers[demuxer](peek)
    for _ in range(_MOST_HEADERS):
        if layout is None or peek(layout.start + 12, layout.start) != peek(12):
            break
        before = layout.start  # libsndfile cannot go back in a pipe: it writes its header once more
        layout = readers[demuxer](_from(peek, before))
        layout = layout and replace(layout, start=before + layout.start)
    return layout


def _from(peek: Peek, before: int) -> Peek:
    """Return what shows a stream from byte `before` on."""

    def later(stop: int, start: int = 0, /) -> bytes:
        return peek(before + stop, before + start)

    return later


def index_first(peek: Peek) -> bool:
    """Whether the index of an MP4, which begins as `peek` shows it, comes before its sound."""

    def next_at(at: int, box: bytes) -> int:
        size = int.from_bytes(box[:4])
        long = int.from_bytes(peek(at + 16, at + 8)) if size == 1 else size
        return at + max(long, 8)

    for _, box in _chunks(peek, 0, next_at):
        if box[4:] in {b"moov", b"moof", b"mdat"}:
            return box[4:] != b"mdat"
    return True


def _chunks(
    peek: Peek, at: int, next_at: Callable[[int, bytes], int], head_len: int = 8
) -> Iterator[tuple[int, bytes]]:
    """Yield where each chunk from `at` on begins, and its first `head_len` bytes; a longer header is none."""
    for _ in range(_MOST_CHUNKS):
        if at >= MAX_HEADER_LEN or len(chunk := peek(at + head_len, at)) < head_len:
            return
        yield at, chunk
        at = next_at(at, chunk)


def is_chunk(following: bytes, guids: bool) -> bool:
    """Whether what follows the sound is a chunk of something else, and not more sound."""
    if guids:
        return following[4:16].hex() in {"f3acd3118cd100c04f8edb8a", "a5d628db04c10000"}
    return following[:4] in _KNOWN_CHUNKS


def fits(following: bytes, left: int, order: Literal["big", "little"]) -> bool:
    """Whether what follows the sound is a chunk, of any name, that ends within the `left` bytes of all."""
    name, size = following[:4], int.from_bytes(following[4:8], order)
    return len(following) >= 8 and name.isascii() and name.decode("ascii").isprintable() and 8 + size <= left


def _riff(peek: Peek) -> Layout | None:
    """Pass on the format only: FFmpeg loses its way in an odd chunk without padding, or an empty ds64."""
    head = peek(12)
    order: Literal["big", "little"] = "big" if head[:4] == b"RIFX" else "little"
    kept = (head[:4] if head[:4] in {b"RIFF", b"RIFX"} else b"RIFF") + b"\xff" * 4 + head[8:]
    long_size = long_form = 0

    def next_at(at: int, chunk: bytes) -> int:
        size = int.from_bytes(chunk[4:], order)
        return at + 8 + size + _padding(peek, at + 8 + size, size % 2)

    for at, chunk in _chunks(peek, 12, next_at):
        name, size = chunk[:4], int.from_bytes(chunk[4:], order)
        if name == b"ds64":
            long_form, long_size = struct.unpack("<QQ", peek(at + 24, at + 8).ljust(16, b"\0"))
        if name == b"data":
            promised = long_size if size == 0xFFFF_FFFF and long_size else size
            found = _layout(peek, at + 8, promised, at + 4, b"")
            form = int.from_bytes(head[4:8], order)
            stop = None if is_placeholder(form) else form + 8
            stop = long_form + 8 if head[:4] in {b"RF64", b"BW64"} else stop
            unbounded = kept + b"data" + b"\xff" * 4
            return found and replace(found, unbounded=unbounded, form_stop=stop, order=order)
        if size > MAX_HEADER_LEN:
            return None
        if name == b"fmt ":
            kept += peek(at + 8 + size, at) + bytes(size % 2)
    return None


def _padding(peek: Peek, at: int, padding: int) -> int:
    """Return the bytes between a chunk of odd size and the next: some programs leave out the one there is."""
    return 0 if padding and peek(at + 4, at) in _KNOWN_CHUNKS else padding


def _w64(peek: Peek) -> Layout | None:
    def next_at(at: int, chunk: bytes) -> int:
        size = int.from_bytes(chunk[16:], "little")
        return at + max(24, size + -size % 8)

    for at, chunk in _chunks(peek, 40, next_at, 24):
        if chunk[:4] == b"data":
            size = int.from_bytes(chunk[16:], "little")
            return _layout(peek, at + 24, size - 24, at + 16, (1 << 62).to_bytes(8, "little"), guids=True)
    return None


def _aiff(peek: Peek) -> Layout | None:
    def next_at(at: int, chunk: bytes) -> int:
        size = int.from_bytes(chunk[4:])
        return at + 8 + size + size % 2

    for at, chunk in _chunks(peek, 12, next_at):
        if chunk[:4] == b"SSND":
            size, skip = int.from_bytes(chunk[4:]), int.from_bytes(peek(at + 12, at + 8))
            found = _layout(peek, at + 16 + skip, size - 8 - skip, at + 4, b"\xff" * 4)
            unbounded = b"FORM" + b"\xff" * 4 + (found.unbounded[8:] if found else b"")
            form = int.from_bytes(peek(8, 4))
            stop = None if is_placeholder(form) else form + 8
            return found and replace(found, unbounded=unbounded, form_stop=stop)
    return None


def _au(peek: Peek) -> Layout | None:
    start, size = int.from_bytes(peek(8, 4)), int.from_bytes(peek(12, 8))
    if len(peek(_AU_LEN)) < _AU_LEN or start < _AU_LEN:
        return None
    return _layout(peek, start, size, 8, b"\xff" * 4)


def _caf(peek: Peek) -> Layout | None:
    if peek(32, 28) not in {b"lpcm", b"ulaw", b"alaw"}:  # of others the index comes after the sound
        return None
    kept = peek(8)  # FFmpeg 8 loses its way in a chunk that it does not know
    for at, chunk in _chunks(peek, 8, lambda at, chunk: at + 12 + int.from_bytes(chunk[4:]), 12):
        size = int.from_bytes(chunk[4:])
        if chunk[:4] == b"data":
            promised = None if is_placeholder(size) else size - 4
            return Layout(at + 16, promised or None, kept + b"data" + b"\xff" * 8 + bytes(4))
        if size > MAX_HEADER_LEN:
            return None
        if chunk[:4] in {b"desc", b"chan"}:
            kept += peek(at + 12 + size, at)
    return None


def _layout(  # noqa: PLR0913, PLR0917 - one call per container, each with its own five facts
    peek: Peek,
    start: int,
    promised: int,
    size_at: int,
    unbounded: bytes,
    guids: bool = False,
) -> Layout | None:
    if start > MAX_HEADER_LEN:
        return None
    header = bytearray(peek(start))
    header[size_at : size_at + len(unbounded)] = unbounded
    return Layout(start, None if is_placeholder(promised) else promised, bytes(header[:start]), guids)
