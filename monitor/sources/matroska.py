"""Whether a Matroska or WebM stream ends inside one of its elements: written into a pipe it states no length.

An element is an id, a size and that many bytes (RFC 8794); those of unknown size hold others.
"""

from __future__ import annotations

from typing import Protocol

_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
_MAX_HEAD_LEN = 12


class _Readable(Protocol):
    def read(self, length: int, /) -> bytes: ...


class MatroskaBytes:
    """Hands bytes on to a decoder and follows the elements in them."""

    def __init__(self, stream: _Readable) -> None:
        """Read from `stream`, which stands at its beginning."""
        self._stream = stream
        self._rest = bytearray()
        self._skip_len = 0
        self._lost = False

    @property
    def inside(self) -> bool:
        """Whether the bytes so far end inside an element."""
        return not self._lost and bool(self._skip_len or self._rest)

    def read(self, length: int) -> bytes:
        """Return up to `length` bytes, at least one; none at the end."""
        data = self._stream.read(length)
        if not self._lost:
            self._rest += data
            self._follow()
        return data

    def _follow(self) -> None:
        """Step over whole elements."""
        while self._rest:
            passed_len = min(self._skip_len, len(self._rest))
            del self._rest[:passed_len]
            self._skip_len -= passed_len
            if self._skip_len or not self._rest:
                return
            head = _element_head(self._rest)
            if head is None:
                self._lost = (
                    len(self._rest) >= _MAX_HEAD_LEN
                )  # no element: a fault, or another kind of stream
                return
            kind, size, head_len = head
            del self._rest[:head_len]
            self._skip_len = 0 if kind == _SEGMENT or size is None else size
            self._lost = size is None and kind not in {_SEGMENT, _CLUSTER}
            if self._lost:
                return


def _element_head(data: bytearray) -> tuple[int, int | None, int] | None:
    """Return id, size (None: unknown) and length of the head of the element at the beginning of `data`."""
    id_len = 9 - data[0].bit_length()
    if id_len > 4 or len(data) <= id_len:
        return None
    size_len = 9 - data[id_len].bit_length()
    stop = id_len + size_len
    if size_len > 8 or len(data) < stop:
        return None
    size = int.from_bytes(data[id_len:stop]) & ((1 << 7 * size_len) - 1)
    unknown = size == (1 << 7 * size_len) - 1
    return int.from_bytes(data[:id_len]), None if unknown else size, stop
