"""The one command that makes the model in the box: which stages run, and which were done before."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from tests.tools.load import load_tool

load_tool("torch")
train_embedded = load_tool("tools.train.train_embedded")


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> argparse.Namespace:
    """Arguments of the command, whose stages write a file each and nothing more."""
    (tmp_path / "index.csv").write_text("sounds")

    def write(name: str, stage: str) -> Any:
        def run(self: Any) -> None:
            path = self.args.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{stage} of {self.made_of(stage)}")

        return run

    made = {
        "text": "text.pt",
        "student": "student.pt",
        "both": "both.pt",
        "export": "models/embedded/audio.onnx",
        "cohort": "models/embedded/cohort.npz",
        "tune": "models/manifest.toml",
        "evaluate": "report.json",
        "left_out": "left_out.json",
        "card": "models/embedded/README.md",
        "install": "installed",
    }
    for stage, name in made.items():
        monkeypatch.setattr(train_embedded.Stages, f"_{stage}", write(name, stage))
    work, data = str(tmp_path / "work"), str(tmp_path)
    arguments = train_embedded.parse(["--work", work, "--data", data, "--keep-words"])
    assert isinstance(arguments, argparse.Namespace)
    return arguments


def test_a_stage_that_is_done_is_not_done_again(given: argparse.Namespace) -> None:
    assert train_embedded.make(given) == list(train_embedded.STAGES)
    assert train_embedded.make(given) == []


def test_another_student_makes_all_that_follows_anew(given: argparse.Namespace) -> None:
    train_embedded.make(given)
    (given.work / "student.pt").write_text("more training")
    assert train_embedded.make(given) == [
        "both",
        "export",
        "cohort",
        "tune",
        "evaluate",
        "left_out",
        "card",
        "install",
    ]


def test_more_steps_are_trained_and_a_stage_that_failed_is_tried_again(
    given: argparse.Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_embedded.make(given)
    given.noise_steps += 1
    whole = train_embedded.Stages._cohort
    monkeypatch.setattr(train_embedded.Stages, "_cohort", lambda _: pytest.fail("no disk"))
    with pytest.raises(pytest.fail.Exception):
        train_embedded.make(given)
    monkeypatch.setattr(train_embedded.Stages, "_cohort", whole)
    assert train_embedded.make(given) == ["cohort", "tune", "evaluate", "left_out", "card", "install"]


def test_words_need_their_teacher_unless_they_are_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        train_embedded.parse(["--work", str(tmp_path)])
    assert refused.value.code == 2
    assert "--minilm is missing" in capsys.readouterr().err
