"""The bytes of a file or a pipe as a decoder reads them: with a look ahead, and to their true end.

A decoder believes the size that a header states. Here it never sees one it could stop at: the sound of a
chunked container ends where its bytes end, or where another chunk begins.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from monitor.sources.chunk_layout import Layout, fits, is_chunk, read_layout
from monitor.sources.matroska import MatroskaBytes

TAIL_LEN = 2 * 65_307
"""Last bytes that are remembered: they hold a whole page of an Ogg file, twice the longest."""
_STEP_LEN = 1 << 16
_LEAST_LEN = 1 << 13
"""Bytes asked for at least when looking ahead; what has arrived of them is taken."""


class ByteStream:
    """Bytes in order, each given out once; the first of them can be looked at before.

    Not for several threads.
    """

    def __init__(self, receive: Callable[[int], bytes]) -> None:
        """Read by `receive`: up to so many bytes; it waits for the first, and returns none at the end."""
        self._receive = receive
        self._ahead = bytearray()
        self._given: deque[bytes] = deque()  # what holds the tail
        self._given_len = 0
        self.position = 0
        """Bytes given out."""

    def peek(self, stop: int, start: int = 0, /) -> bytes:
        """Return what comes from byte `start` to `stop`, or all there is of it, without taking it."""
        while len(self._ahead) < stop and (data := self._receive(max(_LEAST_LEN, stop - len(self._ahead)))):
            self._ahead += data
        return bytes(self._ahead[start:stop])

    @property
    def ahead(self) -> bytes:
        """What has arrived and was not taken, without waiting for more."""
        return bytes(self._ahead)

    @property
    def tail(self) -> bytes:
        """The last `TAIL_LEN` bytes given out."""
        return b"".join(self._given)[-TAIL_LEN:]

    def read(self, length: int) -> bytes:
        """Return the next bytes, `length` at most and one at least; none at the end."""
        if self._ahead:
            data = bytes(self._ahead[:length])
            del self._ahead[:length]
        else:
            data = self._receive(length)
        self.position += len(data)
        self._given.append(data)
        self._given_len += len(data)
        while self._given_len - len(self._given[0]) >= TAIL_LEN:
            self._given_len -= len(self._given.popleft())
        return data

    def skip(self, length: int) -> None:
        """Take `length` bytes, or all there are."""
        stop = self.position + length
        while self.position < stop and self.read(min(_STEP_LEN, stop - self.position)):
            pass


class SoundBytes:
    """What a decoder gets of a chunked container: its header without a size, then its sound."""

    def __init__(self, stream: ByteStream, layout: Layout) -> None:
        """Read from `stream`, which stands at its beginning and is laid out as `layout` says."""
        self._stream = stream
        self._layout = layout
        self._header = layout.unbounded
        self._left = layout.promised
        self.promised = layout.promised
        """Bytes of sound by the header; None where it holds a placeholder."""
        self.delivered = 0
        """Bytes of sound read so far."""
        self._ended = False
        self._begin = stream.position
        self._mark = stream.peek(12)
        stream.skip(layout.start)

    @property
    def header_again(self) -> bool:
        """Whether the last bytes hold the header once more, as libsndfile leaves it in a pipe."""
        return self._mark in self._stream.tail

    def read(self, length: int) -> bytes:
        """Return up to `length` bytes for the decoder; none at the end."""
        if self._header:
            data, self._header = self._header[:length], self._header[length:]
            return data
        if self._left == 0 and not self._ended:
            self._left = None if self._goes_on() else self._resumed()
            self._ended = self._left == 0
        if self._ended:
            return b""
        data = self._stream.read(length if self._left is None else min(length, self._left))
        self.delivered += len(data)
        if self._left is not None:
            self._left -= len(data)
        return data

    def _goes_on(self) -> bool:
        """Whether more sound follows where the header has it end."""
        guids, padding = self._layout.guids, self._padding
        following = self._stream.peek(padding + 16)
        if len(following) <= padding:
            return False
        left = (self._layout.form_stop or 0) - (self._stream.position - self._begin + padding)
        order = self._layout.order
        return not any(is_chunk(following[at:], guids) for at in (0, padding)) and not fits(
            following[padding:], left, order
        )

    @property
    def _padding(self) -> int:
        """Bytes after a chunk of the sound so far."""
        return -self.delivered % 8 if self._layout.guids else self.delivered % 2

    def _resumed(self) -> int:
        """Step over the chunks that follow; return the size of the next that holds sound, 0 if none does."""
        padding = self._padding
        while (
            self._layout.order == "little"
            and not self._layout.guids
            and len(chunk := self._stream.peek(padding + 8)[padding:]) == 8
        ):
            size = int.from_bytes(chunk[4:], "little")
            self._stream.skip(padding + 8)
            if chunk[:4] == b"data":
                self.promised = (self.promised or 0) + size
                return size
            self._stream.skip(size)
            padding = size % 2
        return 0


def sound_bytes(stream: ByteStream, demuxer: str) -> ByteStream | SoundBytes | MatroskaBytes:
    """Return what a decoder is to read of `stream`, which begins a container that FFmpeg calls `demuxer`."""
    if demuxer == "matroska":
        return MatroskaBytes(stream)
    layout = read_layout(stream.peek, demuxer)
    return stream if layout is None else SoundBytes(stream, layout)
