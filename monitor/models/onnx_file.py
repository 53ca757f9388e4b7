"""Whether a file is one whole ONNX graph: read from its bytes, with no library, and refused where in doubt.

A graph may keep weights in other files, which the hash of this one does not cover. What a reader skips, the
runtime may yet understand; so every field must be known, of its type, and end where its message ends. Fields
are those of onnx.proto of ONNX 1.23 (IR version 13); https://protobuf.dev/programming-guides/encoding has the
encoding.
"""

from __future__ import annotations

from typing import NoReturn

_VARINT, _FIXED64, _DELIMITED, _FIXED32 = 0, 1, 2, 5
_WIRES = {
    "int": {_VARINT},
    "ints": {_VARINT, _DELIMITED},
    "float": {_FIXED32},
    "floats": {_FIXED32, _DELIMITED},
    "doubles": {_FIXED64, _DELIMITED},
    "bytes": {_DELIMITED},
}
"""Kind of a value -> the encodings it may have; repeated numbers may be packed."""

_PAIR = {1: "bytes", 2: "bytes"}
_MESSAGES: dict[str, dict[int, str]] = {
    "model": {
        1: "int", 2: "bytes", 3: "bytes", 4: "bytes", 5: "int", 6: "bytes", 7: "graph", 8: "operators",
        14: "pair", 20: "training", 25: "function", 26: "devices",
    },
    "graph": {
        1: "node", 2: "bytes", 5: "tensor", 10: "bytes", 11: "value", 12: "value", 13: "value",
        14: "annotation", 15: "sparse", 16: "pair",
    },
    "function": {
        1: "bytes", 4: "bytes", 5: "bytes", 6: "bytes", 7: "node", 8: "bytes", 9: "operators", 10: "bytes",
        11: "attribute", 12: "value", 13: "bytes", 14: "pair",
    },
    "node": {
        1: "bytes", 2: "bytes", 3: "bytes", 4: "bytes", 5: "attribute", 6: "bytes", 7: "bytes", 8: "bytes",
        9: "pair", 10: "node devices",
    },
    "attribute": {
        1: "bytes", 2: "float", 3: "int", 4: "bytes", 5: "tensor", 6: "graph", 7: "floats", 8: "ints",
        9: "bytes", 10: "tensor", 11: "graph", 13: "bytes", 14: "type", 15: "type", 20: "int", 21: "bytes",
        22: "sparse", 23: "sparse",
    },
    "tensor": {
        1: "ints", 2: "int", 3: "segment", 4: "floats", 5: "ints", 6: "bytes", 7: "ints", 8: "bytes",
        9: "bytes", 10: "doubles", 11: "ints", 12: "bytes", 13: "pair", 14: "int", 16: "pair",
    },
    "sparse": {1: "tensor", 2: "tensor", 3: "ints"},
    "training": {1: "graph", 2: "graph", 3: "pair", 4: "pair"},
    "operators": {1: "bytes", 2: "int"},
    "pair": _PAIR,
    "segment": {1: "int", 2: "int"},
    "value": {1: "bytes", 2: "type", 3: "bytes", 4: "pair"},
    "annotation": {1: "bytes", 2: "pair"},
    "type": {
        1: "tensor type", 4: "element", 5: "map", 6: "bytes", 7: "opaque", 8: "tensor type", 9: "element",
    },
    "tensor type": {1: "int", 2: "shape"},
    "shape": {1: "dimension"},
    "dimension": {1: "int", 2: "bytes", 3: "bytes"},
    "element": {1: "type"},
    "map": {1: "int", 2: "type"},
    "opaque": _PAIR,
    "devices": {1: "bytes", 2: "int", 3: "bytes"},
    "node devices": {1: "bytes", 2: "sharding", 3: "int"},
    "sharding": {1: "bytes", 2: "ints", 3: "group", 4: "sharded"},
    "group": {1: "int", 2: "ints"},
    "sharded": {1: "int", 2: "simple"},
    "simple": {1: "int", 2: "bytes", 3: "int"},
}  # fmt: skip
"""Message -> field number -> kind of its value, or the message it holds."""

_EXTERNAL_DATA, _DATA_LOCATION, _GRAPH, _OPERATOR = 13, 14, 7, 4
_READS_FILES = b"EPContext"
"""The one operator of ONNX Runtime whose attributes name a file."""
_MOST_NESTED = 100
"""As in the runtime's own reader."""
_LONGEST_NUMBER, _LONGEST_KEY = 10, 5
"""Bytes."""


class NotOneGraph(Exception):
    """Why a file is not one whole ONNX graph."""


def check_one_graph(content: bytes) -> None:
    """Refuse what is not, to the last byte, an ONNX graph with all its weights inside.

    Raises
    ------
    NotOneGraph
        It keeps weights in other files, or is not known to keep none.
    """
    reader = _Reader(content)
    reader.message("model", len(content), 0)
    if not reader.has_graph:
        raise NotOneGraph("it holds no graph")


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0
        self.has_graph = False

    def message(self, kind: str, stop: int, depth: int) -> None:
        """Read a message of that kind that ends at byte `stop`."""
        if depth > _MOST_NESTED:
            self._refuse("messages are nested too deeply")
        while self._at < stop:
            self._field(kind, stop, depth)

    def _field(self, kind: str, stop: int, depth: int) -> None:
        key = self._number(stop, _LONGEST_KEY)
        field, wire = key >> 3, key & 7
        holds = _MESSAGES[kind].get(field)
        if holds is None or wire not in _WIRES.get(holds, {_DELIMITED}):
            self._refuse(f"field {field} of a {kind} is not known")
        if wire == _DELIMITED:
            self._delimited(kind, field, holds, stop, depth)
        elif wire == _VARINT:
            if self._number(stop, _LONGEST_NUMBER) and (kind, field) == ("tensor", _DATA_LOCATION):
                self._refuse_elsewhere()
        else:
            self._skip(8 if wire == _FIXED64 else 4, stop)

    def _delimited(self, kind: str, field: int, holds: str, stop: int, depth: int) -> None:
        if (kind, field) == ("tensor", _EXTERNAL_DATA):
            self._refuse_elsewhere()
        length = self._number(stop, _LONGEST_KEY)
        end = self._at + length
        if end > stop:
            self._refuse("it ends too early")
        if holds in _MESSAGES:
            self.has_graph |= (kind, field) == ("model", _GRAPH)
            self.message(holds, end, depth + 1)
            return
        if (kind, field) == ("node", _OPERATOR) and self._content[self._at : end] == _READS_FILES:
            self._refuse_elsewhere()
        self._at = end

    def _number(self, stop: int, longest: int) -> int:
        """Read a varint of at most `longest` bytes."""
        begin, value, more = self._at, 0, True
        while more:
            if self._at >= stop:
                self._refuse("it ends too early")
            if self._at - begin == longest:
                self._refuse("a number is too long")
            byte = self._content[self._at]
            value |= (byte & 0x7F) << 7 * (self._at - begin)
            more = byte > 0x7F
            self._at += 1
        return value

    def _skip(self, length: int, stop: int) -> None:
        self._at += length
        if self._at > stop:
            self._refuse("it ends too early")

    def _refuse(self, why: str) -> NoReturn:
        raise NotOneGraph(f"it cannot be read as ONNX at byte {self._at}: {why}")

    def _refuse_elsewhere(self) -> NoReturn:
        raise NotOneGraph("it keeps weights in other files")
