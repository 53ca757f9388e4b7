"""Clips in the whole program, from a sound to `monitor clips`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import soundfile

from monitor.cli.main import main

RUN = ["run", "--headless", "--json", "--fast", "--bind", "none", "--classes", "siren,dog_bark"]


def configuration(folder: Path, more: str = "") -> str:
    path = folder / "clips.toml"
    path.write_text(f'[clips]\nkeep = true\nfolder = "{folder / "clips"}"\n{more}')
    return str(path)


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_each_event_has_a_clip_that_is_listed_and_deleted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = configuration(tmp_path, 'speech = "keep"\n')
    assert main([*RUN, "--source", "demo", "--config", config]) == 0
    told = lines(capsys.readouterr().out)
    ended = {one["id"]: one for one in told if one["type"] == "offset"}
    clips = {one["id"]: one for one in told if one["type"] == "clip"}
    assert ended
    assert clips.keys() == ended.keys()
    for id_, one in clips.items():
        info = soundfile.info(str(one["clip"]))
        lasts_s = float(ended[id_]["offset_position_s"]) - float(ended[id_]["onset_position_s"])  # type: ignore[arg-type]
        assert lasts_s < info.duration <= lasts_s + 5.01
    assert main(["clips", "list", "--json", "--config", config]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {one["event_id"] for one in listed} == clips.keys()
    assert main(["clips", "list", "--class", "siren", "--config", config]) == 0
    assert "siren" in capsys.readouterr().out
    assert main(["clips", "delete", "--config", config]) == 2
    assert "Say which recordings to delete" in capsys.readouterr().err
    assert main(["clips", "delete", "--all", "--config", config]) == 0
    assert capsys.readouterr().out == f"Deleted: {len(clips)}\n"
    assert main(["clips", "delete", "last", "--config", config]) == 2


def test_without_being_asked_no_sound_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert main([*RUN, "--source", "demo"]) == 0
    assert not (tmp_path / "data").exists()
    assert "There are no recordings" not in capsys.readouterr().err
