"""`monitor adapt` from the command line: recordings to a verdict, the history, and the way back."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile

from monitor import load_encoder
from monitor.cli.eval_options import open_encoder
from monitor.cli.main import main
from monitor.config.settings import Config
from monitor.encoders import load
from monitor.errors import MonitorError
from monitor.models.adapter import unpack_adapter
from monitor.pipeline.start_notes import adapter_note

RATE = 32_000
SHORT = ["--epochs", "1", "--rank", "2", "--share", "1", "--classes", "beep,hum"]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty files of beeps and of hum, twelve seconds each."""
    folder = tmp_path_factory.mktemp("place")
    t = np.arange(12 * RATE) / RATE
    for number in range(20):
        pitch = 2000.0 + 50 * number if number % 2 else 100.0
        sound = 0.1 * np.sin(2 * np.pi * pitch * t) * ((t % 0.5 < 0.2) if number % 2 else 1.0)
        soundfile.write(folder / f"{number}.wav", sound.astype(np.float32), RATE)
    return folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("DATA", "STATE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    return tmp_path


def refused(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert main(["adapt", *argv]) == 2
    return capsys.readouterr().err


def test_a_version_is_made_told_of_used_and_put_aside(
    recordings: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = home / "adapter.npz"
    assert main(["adapt", "recordings", str(recordings), *SHORT, "--json", "--out", str(out)]) == 0
    version = json.loads(capsys.readouterr().out)
    assert version["sound"]["kind"] == "recordings"
    assert str(recordings) not in json.dumps(version)
    assert version["verdict"]["reason"].startswith("Kept" if version["verdict"]["kept"] else "Not kept")
    adapter = unpack_adapter(out.read_bytes(), "it")
    assert adapter.fingerprint == version["fingerprint"]
    assert main(["adapt", "history"]) == 0
    told = capsys.readouterr().out
    assert version["verdict"]["reason"] in told
    assert ("in use" in told) == version["verdict"]["kept"]
    if version["verdict"]["kept"]:
        assert load_encoder().info.identity == adapter.identity
        assert main(["adapt", "rollback"]) == 0
    assert load_encoder().info.adapter == ""


def test_a_run_says_that_it_listens_through_an_adapter(
    recordings: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = home / "adapter.npz"
    assert main(["adapt", "recordings", str(recordings), *SHORT, "--dry-run", "--out", str(out)]) == 0
    assert "Nothing was kept: --dry-run." in capsys.readouterr().out
    assert main(["adapt", "history"]) == 0
    assert "Nothing was tried yet" in capsys.readouterr().out
    model = msgspec.structs.replace(Config().model, adapter=str(out))
    (note,) = adapter_note(load(model).info)
    assert "`monitor adapt history`" in note
    measured = open_encoder(Config(), f"embedded+{out}")
    assert measured.info.name == "embedded+adapter"
    assert open_encoder(Config(), "embedded").info.adapter == ""
    with pytest.raises(MonitorError, match="No adapter of the model 'embedded' is in use"):
        open_encoder(Config(), "embedded+adapter")


def test_bad_input_is_one_sentence(recordings: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "Nothing is remembered yet" in refused(capsys, "memory")
    assert "--share is 2; valid: above 0, up to 1." in refused(
        capsys, "recordings", str(recordings), "--share", "2"
    )
    assert "no table of clips" in refused(capsys, "recordings", str(home))
    assert "Cannot read the captions" in refused(
        capsys, "recordings", str(recordings), "--captions", str(home / "missing.txt")
    )
    assert "No adapter of this model is in use" in refused(capsys, "rollback")


def test_a_prompt_without_a_place_for_the_name_is_refused_before_anything_is_heard(
    recordings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = refused(capsys, "recordings", str(recordings), *SHORT, "--prompt", "a sound")
    assert "must hold {} once" in told
    assert "listening" not in told
