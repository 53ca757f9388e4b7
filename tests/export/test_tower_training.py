"""Towers of the real structure, a thousand times smaller, are trained, written, read and exported again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.export.tiny import make_config, make_model, write_folder

torch = pytest.importorskip("torch", reason="training towers needs the extra export")
pytest.importorskip("transformers", reason="training towers needs the extra export")

from monitor.cli.main import main  # noqa: E402 - after it is known that torch is there
from monitor.export.checkpoints import read_checkpoint  # noqa: E402
from monitor.export.tower_training import TowerPairs, TowerTraining, fine_tune  # noqa: E402

LEN = 480_000
CAPTIONS = ("a dog barks", "a siren wails", "rain falls", "glass breaks")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    torch.set_num_threads(1)  # towers so small are slower with more
    return write_folder(folder, make_model(make_config()))


def pairs() -> TowerPairs:
    """Four sounds that differ, each with a caption of its own."""
    rng = np.random.default_rng(0)
    t = np.arange(LEN // 10) / 48_000
    sounds = [(0.3 * np.sin(2 * np.pi * hz * t)).astype(np.float32) for hz in (200.0, 900.0, 4000.0)]
    sounds.append((0.1 * rng.standard_normal(len(t))).astype(np.float32))
    vectors = np.eye(4, 32, dtype=np.float32)
    return TowerPairs(sounds.__getitem__, CAPTIONS, vectors, vectors, LEN)


def test_the_loss_falls_and_only_what_is_trained_moves(checkpoint: Path) -> None:
    options = TowerTraining(epochs=4, batch=4, learning_rate=1e-2, softness=0.0, sound_only=True)
    calls: list[int] = []
    trained = fine_tune(checkpoint, pairs(), options, lambda: calls.append(1))
    assert len(calls) == 4
    assert trained.losses[-1] < trained.losses[0]


def test_what_is_written_is_a_checkpoint_with_the_trained_weights(checkpoint: Path, tmp_path: Path) -> None:
    before = read_checkpoint(checkpoint).source.state_dict()
    options = TowerTraining(epochs=1, batch=4, learning_rate=1e-3, sound_only=True)
    fine_tune(checkpoint, pairs(), options).write(tmp_path / "new")
    again = read_checkpoint(tmp_path / "new")
    assert again.tokenizer is not None
    after = again.source.state_dict()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved
    assert not any(name.startswith(("text_", "logit_scale")) for name in moved)


def test_from_recordings_to_a_verdict_on_the_command_line(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DATA", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    rng = np.random.default_rng(1)
    (tmp_path / "sound").mkdir()
    for number in range(55):
        noise = (0.1 * rng.standard_normal(4000)).astype(np.float32)
        soundfile.write(tmp_path / "sound" / f"{number}.wav", noise, 8000)
    data, out = str(tmp_path / "sound"), tmp_path / "new"
    asked = [
        "adapt",
        "towers",
        str(checkpoint),
        data,
        "--out",
        str(out),
        "--epochs",
        "1",
        "--json",
        "--force",
    ]
    asked += ["--classes", "siren,rain", "--domain", "general", "--share", "1", "--batch", "64"]
    assert main(asked) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["pairs"] >= 32
    assert len(report["losses"]) == 1
    assert report["verdict"]["reason"]
    assert read_checkpoint(out).architecture == read_checkpoint(checkpoint).architecture
    assert main(asked) == 2
    assert "is there already" in capsys.readouterr().err
