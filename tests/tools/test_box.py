"""How a new model takes the place of the one in the box."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.errors import ModelError
from monitor.models.store import read_manifest
from tests.encoders.tiny_models import DIM, WINDOW_LEN, tiny_model
from tests.tools.load import load_tool

box = load_tool("tools.train.box")
SIGNATURE = box.Signature(16_000, WINDOW_LEN, DIM)
OTHER = '[models.other]\naudio = { file = "other/audio.onnx", sha256 = "00" }\n'


def model(folder: Path) -> Path:
    """Write a tiny model as the one in the box; return its folder."""
    own = tiny_model().write(folder / box.NAME).folder
    (own / "model.toml").unlink()
    box.pin(folder, box.NAME, SIGNATURE)
    return own


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A box that has more than its towers, beside another model."""
    own = model(tmp_path / "models")
    for name in ("cohort.npz", "measured.toml", "README.md"):
        (own / name).write_text("of the model before")
    with (tmp_path / "models" / "manifest.toml").open("a") as file:
        file.write(f"\n{OTHER}")
    return tmp_path / "models"


def test_a_new_model_leaves_nothing_of_the_audio_tower_before_it_and_all_else(
    models: Path, tmp_path: Path
) -> None:
    made = model(tmp_path / "made")
    (made / "cohort.npz").write_text("of the new model")
    box.install(tmp_path / "made", models)
    names = {path.name: path for path in (models / box.NAME).iterdir()}
    assert set(names) == {"audio.onnx", "text.onnx", "tokenizer.json", "cohort.npz", "README.md"}
    assert names["cohort.npz"].read_text() == "of the new model"
    assert names["README.md"].read_text() == "of the model before"
    assert {path.name for path in models.iterdir()} == {box.NAME, "manifest.toml"}
    manifest = (models / "manifest.toml").read_text()
    assert manifest.endswith(f"\n\n{OTHER}")
    (models / "manifest.toml").write_text(manifest.removesuffix(OTHER))
    read_manifest(models / "manifest.toml")[box.NAME].verify()


def test_a_model_that_is_not_as_pinned_is_not_put_into_the_box(models: Path, tmp_path: Path) -> None:
    made = model(tmp_path / "made")
    (made / "tokenizer.json").write_text("{}")
    before = {path: path.read_bytes() for path in models.rglob("*") if path.is_file()}
    with pytest.raises(ModelError, match=r"tokenizer\.json has sha256"):
        box.install(tmp_path / "made", models)
    assert {path: path.read_bytes() for path in models.rglob("*") if path.is_file()} == before


def test_what_is_tuned_for_a_tower_is_stored_in_its_entry_and_in_no_other(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (models / "manifest.toml").read_text()
    monkeypatch.setattr(box, "speech_odds", lambda *_: -0.12345)
    box.tune(models, box.NAME, None, tmp_path)
    after = (models / "manifest.toml").read_text()
    assert after.endswith(f"\n\n{OTHER}")
    changed = [line for line in after.splitlines() if line not in before.splitlines()]
    assert len(changed) == 1
    assert changed[0].startswith("tuning = {")
    assert "speech_odds = -0.123 }" in changed[0]


def test_a_box_that_is_not_there_yet_is_made(tmp_path: Path) -> None:
    model(tmp_path / "made")
    box.install(tmp_path / "made", tmp_path / "models")
    read_manifest(tmp_path / "models" / "manifest.toml")[box.NAME].verify()
