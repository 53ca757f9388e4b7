"""`monitor models cohort`, from the command line to the scores of a run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from monitor import load_encoder
from monitor.cli.main import main
from monitor.models.cohort import unpack

RATE = 16_000
HOURLY = 3600.0 / 2.0
"""Windows of two seconds in an hour."""


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven minutes of noises that swell, one file of silence."""
    folder = tmp_path_factory.mktemp("hours")
    random = np.random.default_rng(0)
    for number in range(7):
        sound = 0.1 * random.standard_normal(60 * RATE) * np.linspace(0.1, 1.0, 60 * RATE)
        soundfile.write(folder / f"{number}.wav", sound.astype(np.float32), RATE)
    soundfile.write(folder / "silent.wav", np.zeros(60 * RATE, np.float32), RATE)
    return folder


def test_ones_own_hours_become_the_cohort_of_a_model(
    recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    shipped = load_encoder().info.cohort
    assert shipped is not None
    assert main(["models", "cohort", "embedded", "--from", str(recordings), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    own = load_encoder().info.cohort
    assert own is not None
    assert len(own.vectors) == report["sounds"] == 7 * 30  # silence is no sound
    assert own.sounds_per_hour == HOURLY == report["sounds_per_hour"]
    assert set(own.kind_of.tolist()) == {-1}
    assert main(["models", "cohort", "embedded", "--remove"]) == 0
    again = load_encoder().info.cohort
    assert again is not None
    assert len(again.vectors) == len(shipped.vectors)
    capsys.readouterr()
    assert main(["models", "cohort", "embedded", "--remove"]) == 2
    assert "No cohort was built here" in capsys.readouterr().err


def test_a_cohort_may_be_written_to_be_pinned(recordings: Path, tmp_path: Path) -> None:
    out = tmp_path / "cohort.npz"
    given = ["--from", str(recordings), "--most", "200", "--sounds-per-hour", "50", "--out", str(out)]
    assert main(["models", "cohort", "embedded", *given]) == 0
    found = unpack(out.read_bytes(), load_encoder().dim, "it")
    assert found.sounds_per_hour == 50.0
    assert len(found.vectors) == 200


def test_what_is_no_sound_is_left_out_of_ones_own_hours_and_told_of(
    recordings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (recordings / "broken.wav").write_text("no sound")
    given = ["--from", str(recordings), "--most", "200", "--out", str(tmp_path / "cohort.npz")]
    assert main(["models", "cohort", "embedded", *given]) == 0
    assert "broken.wav is no sound that can be read; it is left out" in capsys.readouterr().err


def test_too_few_minutes_are_refused_before_any_is_heard(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "short.wav", np.zeros(RATE * 90), RATE)
    assert main(["models", "cohort", "embedded", "--from", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert "last 1.5 minutes, and a cohort needs 200 windows of 2 s, 7 minutes" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--from", "/nowhere"], "There is no folder or index /nowhere"),
        (["--from", "HERE", "--most", "7"], "valid: 200 to 20000"),
        (["--from", "HERE", "--sounds-per-hour", "-1"], "no number above 0"),
        (["--from", "HERE", "--folds", "a"], "no list of whole numbers"),
        ([], "required"),
    ],
)
def test_what_cannot_be_a_cohort_is_refused_with_a_sentence(
    recordings: Path, given: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["models", "cohort", "embedded", *(one.replace("HERE", str(recordings)) for one in given)]
    try:
        code = main(command)
    except SystemExit as error:
        code = int(str(error.code))
    assert code == 2
    assert said in capsys.readouterr().err
