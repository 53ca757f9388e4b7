from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import ModelError

torch = pytest.importorskip("torch", reason="torch is not installed; it comes with the extra 'export'")
pytest.importorskip("transformers", reason="transformers is not installed; it comes with the extra 'export'")
pytest.importorskip("safetensors", reason="safetensors is not installed; it comes with the extra 'export'")

from monitor.export.checkpoints import read_checkpoint  # noqa: E402
from tests.export import tiny  # noqa: E402


@pytest.fixture(scope="module")
def model() -> Any:
    return tiny.make_model(tiny.make_config(fused=True, text_eps=1e-5))


def change_json(path: Path, **change: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | change), "utf-8")


def same(found: Any, wanted: Any) -> bool:
    ours, theirs = found.state_dict(), wanted.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("prefix", ["module.", ""])
def test_a_laion_checkpoint_becomes_the_model_it_was_made_of(model: Any, tmp_path: Path, prefix: str) -> None:
    found = read_checkpoint(tiny.write_laion(tmp_path / "a.pt", model, prefix))
    assert same(found.source, model)
    assert found.source.config.text_config.layer_norm_eps == 1e-5
    assert found.front_end.int16
    assert found.tokenizer is None
    assert found.notes == ()


@pytest.mark.parametrize("safetensors", [True, False], ids=["safetensors", "pickle"])
def test_a_folder_becomes_the_model_it_was_made_of(model: Any, tmp_path: Path, safetensors: bool) -> None:
    found = read_checkpoint(tiny.write_folder(tmp_path / "hub", model, safetensors))
    assert same(found.source, model)
    assert found.front_end.mel == "htk"
    assert not found.front_end.int16
    assert found.tokenizer == tmp_path / "hub" / "tokenizer.json"


def test_a_filterbank_that_is_not_claps_is_refused(model: Any, tmp_path: Path) -> None:
    state = tiny.laion_state(model.state_dict())
    state["audio_branch.logmel_extractor.melW"] = torch.rand(513, 64)
    torch.save({"state_dict": state}, tmp_path / "a.pt")
    with pytest.raises(ModelError, match="filterbank"):
        read_checkpoint(tmp_path / "a.pt")


def test_a_lost_tensor_is_named(model: Any, tmp_path: Path) -> None:
    state = tiny.laion_state(model.state_dict())
    del state["text_branch.pooler.dense.bias"]
    torch.save({"state_dict": state}, tmp_path / "a.pt")
    with pytest.raises(ModelError, match=r"text_model\.pooler\.dense\.bias"):
        read_checkpoint(tmp_path / "a.pt")


def test_an_unknown_tensor_is_told(model: Any, tmp_path: Path) -> None:
    torch.save(
        tiny.laion_state(model.state_dict()) | {"audio_branch.more.weight": torch.zeros(1)}, tmp_path / "a.pt"
    )
    assert "more.weight" in read_checkpoint(tmp_path / "a.pt").notes[0]


@pytest.mark.parametrize(
    "content",
    [b"", b"no pickle at all", b"PK\x03\x04 no archive", b"\x80\x02}q\x00.", b"\x80\x04\x95\xff\xff"],
    ids=["empty", "text", "zip", "empty pickle", "cut pickle"],
)
def test_what_is_no_checkpoint_is_refused_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pt").write_bytes(content)
    with pytest.raises(ModelError, match=r"^a\.pt "):
        read_checkpoint(tmp_path / "a.pt")


def test_a_cut_download_is_refused(model: Any, tmp_path: Path) -> None:
    path = tiny.write_laion(tmp_path / "a.pt", model)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ModelError, match="fetch"):
        read_checkpoint(path)
    folder = tiny.write_folder(tmp_path / "hub", model)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])
    with pytest.raises(ModelError, match=r"model\.safetensors cannot be read"):
        read_checkpoint(folder)


@pytest.mark.parametrize(
    ("file", "change", "sentence"),
    [
        ("config.json", {"model_type": "clip"}, "valid: 'clap'"),
        ("config.json", {"projection_dim": 64}, "do not belong together"),
        ("preprocessor_config.json", {"sampling_rate": 44_100}, "sampling_rate = 44100; valid: 48000"),
        ("preprocessor_config.json", {"frequency_min": 0}, "frequency_min = 0; valid: 50"),
        ("preprocessor_config.json", {"padding": "pad"}, "valid: repeatpad"),
        ("preprocessor_config.json", {"truncation": "none"}, "valid for a model that is fused"),
    ],
)
def test_settings_that_are_not_claps_are_refused(
    model: Any, tmp_path: Path, file: str, change: dict[str, object], sentence: str
) -> None:
    folder = tiny.write_folder(tmp_path / "hub", model)
    change_json(folder / file, **change)
    with pytest.raises(ModelError, match=sentence):
        read_checkpoint(folder)


def test_a_missing_file_is_named(model: Any, tmp_path: Path) -> None:
    folder = tiny.write_folder(tmp_path / "hub", model)
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(ModelError, match=r"preprocessor_config\.json"):
        read_checkpoint(folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"neither model\.safetensors nor"):
        read_checkpoint(folder)
    with pytest.raises(ModelError, match="There is no checkpoint"):
        read_checkpoint(tmp_path / "none")
