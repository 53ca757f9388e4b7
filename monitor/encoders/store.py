"""Which models there are, and whether their files are what they should be.

`manifest.toml` names each file with its sha256. A file that differs is refused, and so is an ONNX graph
that keeps weights in other files (they would escape the hash). Pickles are never read.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from pathlib import Path

import msgspec

from monitor.errors import ModelError

_PACKAGED = Path(__file__).parents[1] / "_share" / "models"
_CHECKOUT = Path(__file__).parents[2] / "models"


class ModelFile(msgspec.Struct, frozen=True):
    """One pinned file."""

    file: str
    """Path relative to the manifest."""
    sha256: str


class ModelEntry(msgspec.Struct, frozen=True):
    """One model as the manifest describes it."""

    audio: ModelFile
    text: ModelFile
    tokenizer: ModelFile
    sample_rate: int
    """Hz."""
    window_len: int
    """Samples."""
    dim: int
    licence: str
    source: str
    prompt: str
    """Prompt template with one `{}`."""
    max_tokens: int


class StoredModel(msgspec.Struct, frozen=True):
    """A model and the folder its files are in."""

    name: str
    entry: ModelEntry
    folder: Path

    def read(self, part: ModelFile) -> bytes:
        """Return the content of a file after checking its hash.

        Raises
        ------
        ModelError
            The file is missing, differs from its hash, or is an ONNX graph with weights elsewhere.
        """
        path = self.folder / part.file
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ModelError(f"Model {self.name!r}: cannot read {path}: {error.strerror}.") from None
        found = hashlib.sha256(content).hexdigest()
        if found != part.sha256:
            raise ModelError(
                f"Model {self.name!r}: {path} has sha256 {found[:12]}…, the manifest says "
                f"{part.sha256[:12]}…; the file was altered or is incomplete, install the model again."
            )
        if path.suffix == ".onnx" and _has_external_data(content):
            raise ModelError(
                f"Model {self.name!r}: {path} keeps weights in other files; only one-file ONNX is read."
            )
        return content


def manifest_path() -> Path:
    """Return the manifest: `$MONITOR_MODELS/manifest.toml`, else the one of the package or the checkout."""
    override = os.environ.get("MONITOR_MODELS")
    folder = Path(override) if override else _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT
    return folder / "manifest.toml"


def list_models() -> list[StoredModel]:
    """Return every model of the manifest.

    Raises
    ------
    ModelError
        The manifest is missing or not valid.
    """
    path = manifest_path()
    try:
        models = tomllib.loads(path.read_text("utf-8"))["models"]
        entries = msgspec.convert(models, dict[str, ModelEntry])
    except OSError as error:
        raise ModelError(f"Cannot read the model manifest {path}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, msgspec.ValidationError) as error:
        raise ModelError(f"The model manifest {path} is not valid: {error}.") from None
    return [StoredModel(name, entry, path.parent) for name, entry in entries.items()]


def find_model(name: str) -> StoredModel:
    """Return the model called `name`.

    Raises
    ------
    ModelError
        There is none of that name, or the manifest cannot be read.
    """
    models = {model.name: model for model in list_models()}
    if name not in models:
        raise ModelError(f"There is no model {name!r}; known: {', '.join(models)}.")
    return models[name]


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


def _has_external_data(content: bytes) -> bool:
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
