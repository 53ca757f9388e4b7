from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from monitor.cli.main import main
from monitor.vocabulary.measured import MEASURED_FILE
from tests.encoders.tiny_models import tiny_model

RUN = ["run", "--headless", "--fast", "--bind", "none", "--source", "demo"]


def told(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert main(["words", *argv]) == 0
    return capsys.readouterr().out


def sentences(err: str) -> list[str]:
    """Return what was told, without the progress that a slow machine shows."""
    return [line for line in err.splitlines() if "embedding" not in line]


def as_json(capsys: pytest.CaptureFixture[str], *argv: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(told(capsys, "--json", *argv))
    return found


def test_each_word_is_told_known_or_not_with_what_is_near(capsys: pytest.CaptureFixture[str]) -> None:
    siren, typo, day = as_json(capsys, "siren", "sirne", "Tuesday")
    assert [one["verdict"]["known"] for one in (siren, typo, day)] == [True, False, False]
    assert typo["verdict"]["meant"] == "siren"
    assert len(day["verdict"]["nearest"]) == 3
    assert all(-1.0 <= one["cosine"] <= 1.0 for one in day["verdict"]["nearest"])


def test_people_read_a_sentence_about_what_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(capsys, "smoke alarm", "smoke alram", "justice").splitlines()
    assert lines[0] == "smoke alarm: known"
    assert "    The model does not know the word 'smoke alram'; did you mean 'smoke alarm'?" in lines
    assert any(line.startswith("    The model knows no sound called 'justice', so it may") for line in lines)
    assert sum(line.startswith("    confusions  ") for line in lines) == 2


def test_other_listed_words_and_distractors_that_are_near_are_likely_confusions(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bark, puppy, day = as_json(capsys, "dog bark", "puppy yapping", "rain")
    assert ["puppy yapping", True] in [[one["name"], one["listed"]] for one in bark["confusions"]]
    assert ["dog bark", True] in [[one["name"], one["listed"]] for one in puppy["confusions"]]
    assert not {"dog bark", "puppy yapping"} & {one["name"] for one in day["confusions"]}
    assert any(not one["listed"] for one in day["confusions"])
    assert "rain" not in [one["name"] for one in day["confusions"]]


def test_without_words_those_of_the_configuration_are_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "my.toml"
    path.write_text('[prompts]\nclasses = ["siren", "hound"]\naliases = { hound = "dog barking" }\n')
    assert [(one["name"], one["wording"]) for one in as_json(capsys, "--config", str(path))] == [
        ("siren", "siren"),
        ("hound", "dog barking"),
    ]


def test_a_wording_may_hold_a_comma_when_the_shell_took_its_quotes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert as_json(capsys, "alarm=smoke alarm, beeping")[0]["wording"] == "smoke alarm, beeping"


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["no siren"], "no model hears 'no'"),
        (["silence"], "an absence has no sound"),
        (["siren", "--model", "nope"], "no model 'nope'"),
        (["ドアベル"], "at least one letter from a to z"),
    ],
)
def test_what_cannot_be_told_is_refused_in_one_sentence(
    capsys: pytest.CaptureFixture[str], argv: list[str], says: str
) -> None:
    assert main(["words", *argv]) == 2
    out, err = capsys.readouterr()
    assert (out, len(sentences(err))) == ("", 1)
    assert says in err


def test_a_word_that_cannot_be_told_hides_nothing_of_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["words", "siren", "no siren", "sirne", "ドアベル"]) == 2
    out, err = capsys.readouterr()
    assert "siren: known" in out
    assert "sirne: not known" in out
    assert "no model hears 'no'" in err
    assert "at least one letter" in err


def test_where_no_word_can_be_told_each_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["words", "--json", "no siren", "ドアベル"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "no model hears 'no'" in err
    assert "at least one letter" in err


def test_only_another_name_of_a_sound_lends_its_figures(capsys: pytest.CaptureFixture[str]) -> None:
    alarm, kettle, typo = as_json(capsys, "smoke alarm", "kettle", "sirne")
    assert alarm["measured_near"][0]["word"] == "fire smoke alarm"
    assert kettle["measured_near"] == typo["measured_near"] == []
    assert told(capsys, "sirne").count("\n") == 2  # what is near its letters means nothing


def test_a_model_of_any_folder_tells_what_it_can_and_its_own_figures(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A text tower of random weights does not tell sounds from other words: then nothing is made up."""
    model = tiny_model().write(tmp_path / "mine")
    audio = model.entry.audio.sha256
    (model.folder / MEASURED_FILE).write_text(
        f'[[table]]\naudio = "{audio}"\nrecordings = "mine"\nconditions = ["clean"]\n'
        "words = { siren = { clips = 9, percent = [67.0] }, rain = { clips = 3, percent = [0.0] } }\n"
    )
    siren, klaxon, typo = as_json(capsys, "--model", str(model.folder), "siren", "klaxon", "sirne")
    assert [one["verdict"]["why"] for one in (siren, klaxon, typo)] == ["untold", "untold", "misspelt"]
    assert siren["measured"] == [
        {"word": "siren", "recordings": "mine", "among": 2, "clips": 9, "percent": {"clean": 67.0}}
    ]
    lines = told(capsys, "--model", str(model.folder), "siren", "klaxon").splitlines()
    assert "    measured    67 % clean: 9 clips, best of 2 words (mine)" in lines
    assert "klaxon: cannot be told" in lines


def test_a_run_tells_the_words_that_its_model_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--classes", "siren,sirne,Tuesday", "--duration", "3"]) == 0
    notes = [line for line in capsys.readouterr().err.splitlines() if "know" in line]
    assert notes[0] == "monitor: The model does not know the word 'sirne'; did you mean 'siren'?"
    assert notes[1].startswith("monitor: The model knows no sound called 'Tuesday', so it may never be told")
    assert len(notes) == 2


def test_a_program_reads_the_same_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--json", "--classes", "siren,sirne", "--duration", "3"]) == 0
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (first["type"], first["kind"]) == ("trouble", "unknown_word")
    assert first["text"] == "The model does not know the word 'sirne'; did you mean 'siren'?"


def test_strict_refuses_what_is_not_known_and_takes_what_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--strict", "--classes", "siren,sirne,Tuesday"]) == 2
    out, err = capsys.readouterr()
    assert (out, len(sentences(err))) == ("", 1)
    assert "did you mean 'siren'? The model knows no sound called 'Tuesday'" in err
    assert main([*RUN, "--strict", "--classes", "siren,puppy yapping", "--duration", "3"]) == 0
    assert not sentences(capsys.readouterr().err)


def test_reports_are_read_back_as_they_were_written(capsys: pytest.CaptureFixture[str]) -> None:
    from monitor.cli.word_report import WordReport

    written = told(capsys, "--json", "siren")
    report = msgspec.json.decode(written, type=list[WordReport])[0]
    assert msgspec.json.decode(msgspec.json.encode(report)) == json.loads(written)[0]
