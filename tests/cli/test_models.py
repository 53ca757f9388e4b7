"""The `models` verb, from the command line to the folder and back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.cli.main import main
from monitor.models.store import find_model, model_names
from tests.encoders import tiny_models
from tests.encoders.tiny_models import TinyModel, tiny_model
from tests.fakes import INTERRUPTIBLE
from tests.install.hub import Hub, closes_after, running_hub, stalls_after

CATALOGUE = """
[models.tiny]
note = "a toy"
repository = "lab/tiny"
revision = "r1"
audio = {{ file = "onnx/audio.onnx", bytes = {audio[0]}, sha256 = "{audio[1]}" }}
text = {{ file = "onnx/text.onnx", bytes = {text[0]}, sha256 = "{text[1]}" }}
tokenizer = {{ file = "tokenizer.json", bytes = {tokenizer[0]}, sha256 = "{tokenizer[1]}" }}
sample_rate = 1600
window_len = 160
dim = 8
licence = "none"
source = "a test"
prompt = "{{}}"
max_tokens = 16
"""


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of installed models: a catalogue of one, nothing installed."""
    for name in ("HF_ENDPOINT", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MONITOR_MODELS", str(tmp_path / "models"))
    model = tiny_model()
    sizes = {
        part: (len(getattr(model, part)), tiny_models.sha256(getattr(model, part)))
        for part in ("audio", "text", "tokenizer")
    }
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "catalogue.toml").write_text(CATALOGUE.format(**sizes), "utf-8")
    return tmp_path / "models"


@pytest.fixture
def hub(models: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with running_hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        put(hub, tiny_model())
        yield hub


def put(hub: Hub, model: TinyModel) -> None:
    root = "/lab/tiny/resolve/r1"
    hub.files |= {f"{root}/onnx/audio.onnx": model.audio, f"{root}/onnx/text.onnx": model.text}
    hub.files[f"{root}/tokenizer.json"] = model.tokenizer


def states(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, str]:
    capsys.readouterr()
    main(["models", *argv, "--json"])
    return {line["name"]: line["state"] for line in json.loads(capsys.readouterr().out)}


def test_a_model_goes_from_installable_to_installed_to_gone(
    hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    assert states(capsys) == states(capsys, "list") == {"tiny": "installable"}
    assert main(["models", "install", "tiny"]) == 0
    out, err = capsys.readouterr()
    assert "tiny is installed: 0.0 MB in" in out
    assert "Note: a toy." in out
    assert "monitor: audio.onnx: 100 % of 0.0 MB" in err
    assert states(capsys) == states(capsys, "verify") == {"tiny": "installed"}
    assert main(["models", "install", "tiny"]) == 0
    assert "was installed already" in capsys.readouterr().out
    capsys.readouterr()
    assert main(["models", "remove", "tiny", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "tiny"
    assert states(capsys) == {"tiny": "installable"}


def test_the_report_of_an_install_is_json(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "install", "tiny", "--name", "mine", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["name"], report["unchanged"], report["entry"]["dim"]) == ("mine", False, 8)
    assert report["self_test"]["alike_texts"] < 0.999
    assert model_names() == ["mine"]


def test_a_folder_is_installed_under_its_name(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny_model().write(tmp_path / "exported")
    assert main(["models", "install", str(tmp_path / "exported")]) == 0
    assert model_names() == ["exported"]


@pytest.mark.parametrize("variable", ["", "HF_HUB_OFFLINE"])
def test_offline_is_one_sentence_and_exit_code_2(
    hub: Hub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    if variable:
        monkeypatch.setenv(variable, "1")
    assert main(["models", "install", "tiny", *([] if variable else ["--offline"])]) == 2
    err = capsys.readouterr().err
    assert err.startswith("monitor: Cannot fetch 'tiny' offline. Fetch by hand: http")
    assert err.count("\n") == 1
    assert hub.requests == []


def test_an_unknown_name_is_refused_with_the_known_ones(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "install", "clop"]) == 2
    assert "no model 'clop' to install; valid: tiny, or a folder" in capsys.readouterr().err


def test_what_is_half_fetched_is_shown(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    hub.always = closes_after(0)
    partial = Path(os.environ["MONITOR_MODELS"]) / "tiny.partial"
    partial.mkdir()
    (partial / "text.onnx").write_bytes(bytes(1_200_000))
    assert main(["models", "list"]) == 0
    assert "1.2 MB of it are here; a toy" in capsys.readouterr().out


def test_damaged_models_are_told_beside_the_sound_ones(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("altered", "broken", "sound"):
        tiny_model().write(models / name)
    (models / "altered" / "text.onnx").write_bytes(b"x")
    (models / "broken" / "model.toml").write_text("audio = 3", "utf-8")
    assert states(capsys) == {
        "altered": "installed", "broken": "damaged", "sound": "installed", "tiny": "installable",
    }  # fmt: skip
    assert states(capsys, "verify") == {"altered": "damaged", "broken": "damaged", "sound": "installed"}
    assert main(["models", "verify"]) == 2
    out, err = capsys.readouterr()
    assert "sound" in out
    assert "was altered" in err
    assert "not valid" in err
    assert main(["models", "verify", "sound"]) == 0


def test_ctrl_c_keeps_what_was_fetched(hub: Hub, models: Path) -> None:
    model = tiny_model()
    hub.script.append(stalls_after(2000))
    command = [sys.executable, "-c", INTERRUPTIBLE, "models", "install", "tiny"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert hub.reached.wait(30)
        partial = models / "tiny.partial" / "audio.onnx"
        while not (partial.exists() and partial.stat().st_size == 2000):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted; what was fetched is kept" in err
    assert "Traceback" not in err
    assert partial.read_bytes() == model.audio[:2000]
    assert main(["models", "install", "tiny"]) == 0
    assert hub.ranges[1] == "bytes=2000-"
    assert find_model("tiny").read(find_model("tiny").entry.audio) == model.audio
