"""Whether an ONNX graph keeps weights in other files, read from its bytes with no library.

Such weights would escape the hash of the file, so a graph that has them is refused.
"""

from __future__ import annotations

_LENGTH_DELIMITED = 2
_MESSAGES = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
"""Message fields of onnx.proto3 that can lead to a tensor: kind -> field number -> kind."""
_EXTERNAL_DATA = 13
"""Field of TensorProto that names another file."""


def has_external_data(content: bytes) -> bool:
    """Return whether any tensor of a serialised ONNX model lives in another file."""
    try:
        return _search(memoryview(content), "model")
    except (IndexError, ValueError):
        return False  # not protobuf: the runtime will say so


def _search(message: memoryview, kind: str) -> bool:
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        field, wire = key >> 3, key & 7
        if wire == _LENGTH_DELIMITED:
            length, position = _varint(message, position)
            inner = message[position : position + length]
            position += length
            if kind == "tensor" and field == _EXTERNAL_DATA:
                return True
            below = _MESSAGES.get(kind, {}).get(field)
            if below and _search(inner, below):
                return True
        else:
            position = _skip(message, position, wire)
    return False


def _skip(message: memoryview, position: int, wire: int) -> int:
    if wire == 0:
        return _varint(message, position)[1]
    if wire in {1, 5}:
        return position + (8 if wire == 1 else 4)
    raise ValueError(f"wire type {wire}")


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        value |= (byte & 0x7F) << shift
        position += 1
        if byte < 0x80:
            return value, position
        shift += 7
