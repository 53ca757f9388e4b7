"""Models of other people: their folder, catalogue, measurements, graphs and tokenizers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from monitor.config.settings import ModelConfig
from monitor.encoders.onnx import _open
from monitor.encoders.text_tower import PieceCounter, cut, load_tokenizer
from monitor.errors import ModelError
from monitor.files.toml import toml_document, toml_lines
from monitor.models.catalogue import CatalogueEntry, is_safe, list_catalogue
from monitor.models.manifest import ModelEntry
from monitor.models.onnx_file import NotOneGraph, check_one_graph
from monitor.models.store import StoredModel, packaged_models, read_folder, read_manifest, sha256_of
from monitor.vocabulary.measured import read_measurements
from tools.fuzz.choices import Choices
from tools.fuzz.target import Target, as_file, at_home, check_same, only, put, workplace

_MODELS = Path(__file__).parents[2] / "models"
_TOKENIZER = b"""{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer":
{"type": "Lowercase"}, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
"model": {"type": "WordLevel", "vocab": {"a": 0, "siren": 1, "[UNK]": 2}, "unk_token": "[UNK]"}}"""
_BYTE_PAIRS = b"""{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [{"id": 4,
"content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
"special": true}], "normalizer": {"type": "NFC"}, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space":
false, "trim_offsets": true, "use_regex": true}, "post_processor": {"type": "RobertaProcessing", "sep":
["<s>", 4], "cls": ["<s>", 4], "trim_offsets": true, "add_prefix_space": false}, "decoder": {"type":
"ByteLevel"}, "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "",
"end_of_word_suffix": "", "fuse_unk": false, "vocab": {"a": 0, "b": 1, "ab": 2, "c": 3}, "merges":
["a b"]}}"""


def folder(data: bytes) -> None:
    """Read the entry of a model's folder, and what becomes of the files it names."""
    path = put(workplace() / "model" / "model.toml", data)
    with only(ModelError):
        found = read_folder(path.parent)
        again = read_folder(put(workplace() / "again" / "model.toml", _entry(found.entry)).parent, found.name)
        check_same(found.entry, again.entry)
        found.verify()


def manifest(data: bytes) -> None:
    """Read a manifest of models."""
    with only(ModelError):
        read_manifest(as_file(data, "manifest.toml"))


def catalogue(data: bytes) -> None:
    """Read a catalogue of models that can be installed."""
    import os

    with at_home():
        os.environ["MONITOR_MODELS"] = str(put(workplace() / "listed" / "catalogue.toml", data).parent)
        with only(ModelError):
            for one in list_catalogue().values():
                if isinstance(one, CatalogueEntry):
                    is_safe(one.url(one.audio, "https://example.org"))
                    one.entry()


def measurements(data: bytes) -> None:
    """Read how well a model heard."""
    with only(ModelError):
        read_measurements(as_file(data, "measured.toml"), "0")


def made(read: Callable[[bytes], None], kind: type[msgspec.Struct], table: str) -> Callable[[bytes], None]:
    """Return what reads bytes as they are, and TOML of which bytes choose the values."""

    def check(data: bytes) -> None:
        read(data)
        row = Choices(data).record(kind)
        if isinstance(row, dict):
            text = toml_document({table: row}) if table else toml_lines(row)
            read(text.encode("utf-8", "replace"))

    return check


def graph(data: bytes) -> None:
    """Tell whether bytes are one graph."""
    with only(NotOneGraph):
        check_one_graph(data)


def session(data: bytes) -> None:
    """Load a graph that was let through, as a run does."""
    with only(NotOneGraph, ModelError):
        check_one_graph(data)
        _open(data, ModelConfig(), "other")


def tokenizer(data: bytes) -> None:
    """Load a tokenizer, and cut words with it."""
    path = put(workplace() / "tokens" / "tokenizer.json", data)
    known = next(iter(packaged_models().values())).entry
    file = msgspec.structs.replace(known.tokenizer, file=path.name, sha256=sha256_of(path))
    entry = msgspec.structs.replace(known, tokenizer=file, vocabulary=0, golden={})
    with only(ModelError):
        model = StoredModel("other", entry, path.parent)
        cut(model, load_tokenizer(model), "a siren in the rain")
        PieceCounter(lambda: model)(["siren"])


def _entry(entry: ModelEntry) -> bytes:
    values: dict[str, Any] = msgspec.to_builtins(entry)
    return toml_lines(values).encode()


def _folders() -> list[bytes]:
    entry = next(iter(packaged_models().values())).entry
    away = msgspec.structs.replace(entry, audio=msgspec.structs.replace(entry.audio, file="../../x.onnx"))
    return [_entry(entry), _entry(away), b"a." * 3000 + b"a = 1\n", b"x = [" * 3000]


def _manifests() -> list[bytes]:
    return [(_MODELS / "manifest.toml").read_bytes(), b"models = 1\n", b"[models.x]\n"]


def _catalogues() -> list[bytes]:
    whole = (_MODELS / "catalogue.toml").read_bytes()
    return [whole[:4000], b"[models]\nx = 1\n", b"[checkpoints.x]\nbytes = 1e400\n"]


def _measurements() -> list[bytes]:
    table = b'[[table]]\naudio = "0"\nrecordings = "x"\nconditions = ["clean"]\n'
    return [
        table + b"[table.words]\nsiren = { clips = 3, percent = [50.0] }\n",
        b"table." * 3000 + b"a = 1\n",
    ]


def _graphs() -> list[bytes]:
    """Return the smallest graphs there are: y = x, as protobuf, and one with a weight."""
    dims = b"\x0a\x04\x0a\x02\x08\x01"
    port = b"\x0a\x01%b\x12" + bytes([4 + len(dims)]) + b"\x0a" + bytes([2 + len(dims)]) + b"\x08\x01\x12"
    value = port + bytes([len(dims)]) + dims
    ports = {name: value.replace(b"%b", name) for name in (b"x", b"y")}
    node = b"\x0a\x01x\x12\x01y\x22\x08Identity"
    body = b"\x0a" + bytes([len(node)]) + node + b"\x12\x01g"
    weight = b"\x2a\x0d\x08\x01\x10\x01\x42\x01w\x4a\x04\0\0\x80\x3f"
    found = []
    for more in (b"", weight):
        whole = body + more
        for field, name in ((b"\x5a", b"x"), (b"\x62", b"y")):
            whole += field + bytes([len(ports[name])]) + ports[name]
        found.append(b"\x08\x08\x42\x02\x10\x0d\x3a" + bytes([len(whole)]) + whole)
    return [*found, b"", b"\x3a\x00", found[0][:-3]]


def _tokenizers() -> list[bytes]:
    return [_TOKENIZER, _BYTE_PAIRS, b"{}"]


TARGETS = (
    Target(name="model-folder", check=made(folder, ModelEntry, ""), seeds=_folders),
    Target(name="model-manifest", check=manifest, seeds=_manifests),
    Target(name="model-catalogue", check=catalogue, seeds=_catalogues),
    Target(name="model-measured", check=measurements, seeds=_measurements),
    Target(name="onnx-file", check=graph, seeds=_graphs),
    Target(name="onnx-session", check=session, seeds=_graphs, native=True),
    Target(name="tokenizer", check=tokenizer, seeds=_tokenizers, native=True),
)
