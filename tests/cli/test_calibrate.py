"""`monitor calibrate`, from the tone of a calibrator to a run that says dBA."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from monitor.cli.main import main
from tests.vmic import SAMPLE_RATE, VirtualMicrophones

RUN = ["run", "--headless", "--fast", "--bind", "none", "--classes", "siren"]


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def recording(folder: Path, gain: float = 1.0, frequency_hz: float = 1000.0) -> str:
    """A tone at -23.01 dBFS and a little noise, for six seconds."""
    time_s = np.arange(6 * SAMPLE_RATE) / SAMPLE_RATE
    noise = 0.001 * np.random.default_rng(0).standard_normal(len(time_s))
    samples = gain * (0.1 * np.sin(2.0 * np.pi * frequency_hz * time_s) + noise)
    path = folder / "yard.wav"
    soundfile.write(path, np.clip(samples, -1.0, 1.0), SAMPLE_RATE, subtype="PCM_24")
    return str(path)


def levels(folder: Path, wav: str) -> list[dict[str, Any] | None]:
    """What a run over a file says in its health."""
    log = folder / "log.jsonl"
    log.unlink(missing_ok=True)
    assert main([*RUN, "--source", f"file:{wav}", "--log", str(log)]) == 0
    told = [json.loads(line) for line in log.read_text().splitlines()]
    return [one["level_dba"] for one in told if one["topic"].startswith("health/")]


def test_a_run_says_dba_once_its_source_is_calibrated_and_dbfs_only_before_and_after(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wav = recording(tmp_path)
    assert set(levels(tmp_path, wav)) == {None}
    whose = ["--source", f"file:{wav}"]
    capsys.readouterr()
    assert main(["calibrate", *whose, "--from", wav, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["source_id"] == "yard"
    assert found["offset_db"] == pytest.approx(94.0 + 23.01, abs=0.05)
    assert found["frequency_hz"] == pytest.approx(1000.0, abs=0.5)
    kept = tmp_path / "state" / "monitor" / "levels" / "yard.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    last = levels(tmp_path, wav)[-1]
    assert last is not None
    assert [last[name] for name in ("leq_dba", "l10_dba", "l50_dba", "l90_dba")] == pytest.approx(
        4 * [94.0], abs=0.2
    )
    quieter = levels(tmp_path, recording(tmp_path, gain=0.1))[-1]
    assert quieter is not None
    assert quieter["leq_dba"] == pytest.approx(74.0, abs=0.2)
    capsys.readouterr()
    assert main(["calibrate", "--show"]) == 0
    assert "94 dB, so +117.0 dB" in capsys.readouterr().out
    assert main(["calibrate", *whose, "--remove"]) == 0
    assert set(levels(tmp_path, wav)) == {None}
    assert main(["calibrate", *whose, "--remove"]) == 2
    assert "There is no calibration of yard" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("gain", "frequency_hz", "said"), [(30.0, 1000.0, "clipped"), (1.0, 440.0, "-23 dBFS at 440 Hz")]
)
def test_a_tone_that_will_not_do_is_refused_and_nothing_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], gain: float, frequency_hz: float, said: str
) -> None:
    wav = recording(tmp_path, gain, frequency_hz)
    assert main(["calibrate", "--source", wav, "--from", wav]) == 2
    refused = capsys.readouterr().err
    assert said in refused
    assert refused.count("\n") == 1
    assert main(["calibrate", "--show", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_damaged_calibration_is_said_and_ends_no_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wav = recording(tmp_path)
    kept = tmp_path / "state" / "monitor" / "levels" / "yard.json"
    kept.parent.mkdir(parents=True)
    kept.write_text('{"offset_db": 1e')
    assert set(levels(tmp_path, wav)) == {None}
    assert f"The calibration {kept} cannot be used: it is damaged" in capsys.readouterr().err


def test_a_microphone_that_hears_the_calibrator_is_kept_by_its_id(
    vmic: VirtualMicrophones, capsys: pytest.CaptureFixture[str]
) -> None:
    time_s = np.arange(15 * SAMPLE_RATE) / SAMPLE_RATE
    vmic.play("attic", np.asarray(0.1 * np.sin(2.0 * np.pi * 1000.0 * time_s), np.float32))
    assert main(["calibrate", "--mic", "attic", "--level", "114", "--json"]) == 0
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert "Hold the calibrator on the microphone" in told.err
    assert "attic" in found["source_id"]
    assert found["offset_db"] == pytest.approx(114.0 + 23.01, abs=0.05)
    assert main(["calibrate", "--mic", "attic", "--remove"]) == 0
