from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from monitor.encoders.store import ModelFile, StoredModel, find_model, list_models
from monitor.errors import ModelError


def store(tmp_path: Path, name: str, content: bytes) -> tuple[StoredModel, ModelFile]:
    (tmp_path / name).write_bytes(content)
    model = find_model("embedded")
    return StoredModel("mine", model.entry, tmp_path), ModelFile(name, hashlib.sha256(content).hexdigest())


def delimited(field: int, content: bytes) -> bytes:
    """One length-delimited protobuf field (content below 128 bytes)."""
    return bytes([field << 3 | 2, len(content)]) + content


def test_every_file_of_the_manifest_is_there_and_unaltered() -> None:
    for model in list_models():
        for part in (model.entry.audio, model.entry.text, model.entry.tokenizer):
            assert model.read(part)


def test_an_unknown_model_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ModelError, match="There is no model 'nope'; known: embedded"):
        find_model("nope")


def test_an_altered_file_is_refused(tmp_path: Path) -> None:
    model, part = store(tmp_path, "audio.onnx", b"weights")
    (tmp_path / "audio.onnx").write_bytes(b"weighty")
    with pytest.raises(ModelError, match="was altered"):
        model.read(part)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    model, part = store(tmp_path, "audio.onnx", b"weights")
    (tmp_path / "audio.onnx").unlink()
    with pytest.raises(ModelError, match=r"audio\.onnx: No such file"):
        model.read(part)


@pytest.mark.parametrize("inside_a_node", [False, True], ids=["initializer", "constant in a node"])
def test_weights_in_another_file_are_refused(tmp_path: Path, inside_a_node: bool) -> None:
    tensor = delimited(13, delimited(1, b"location") + delimited(2, b"../secret"))
    graph = delimited(1, delimited(5, delimited(5, tensor))) if inside_a_node else delimited(5, tensor)
    model, part = store(tmp_path, "audio.onnx", bytes([8, 9]) + delimited(7, graph))
    with pytest.raises(ModelError, match="weights in other files"):
        model.read(part)


def test_weights_inside_the_file_are_accepted(tmp_path: Path) -> None:
    tensor = delimited(8, b"name") + delimited(9, b"\x0d\x6a raw bytes that look like anything \x6a\x02")
    model, part = store(tmp_path, "audio.onnx", bytes([8, 9]) + delimited(7, delimited(5, tensor)))
    assert model.read(part)


@pytest.mark.parametrize(
    "text",
    ["[models", "[models.embedded]\naudio = 3", "nothing = 1"],
    ids=["not toml", "wrong type", "no models"],
)
def test_a_damaged_manifest_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    (tmp_path / "manifest.toml").write_text(text, "utf-8")
    monkeypatch.setenv("MONITOR_MODELS", str(tmp_path))
    with pytest.raises(ModelError, match="not valid"):
        list_models()
