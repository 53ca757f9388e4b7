from __future__ import annotations

import io
import os
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from monitor.cli.main import main
from monitor.config.settings import Config, load_config
from tests.cli.test_interface import Session
from tests.vmic import SAMPLE_RATE, VirtualMicrophones

MODEL = Path(__file__).parents[2] / "models" / "embedded"
ANSWERS = [
    'dog_bark, Glocke="a church bell", smoke alarm',
    "",  # what sounds urgent is
    "12/day",
    "terminal, command, homeassistant, phone",
    "lamp 'on and off'",
    "mqtts://broker:8884",
    "attic",  # its user
    "MY_PHONE",
]
"""To the questions that are left where there is no microphone."""


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No microphone is there, whatever this computer has."""
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "none"))


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Return what runs the verb with answers from a pipe."""

    def run(answers: list[str], *argv: str) -> int:
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{one}\n" for one in answers)))
        return main(["init", *argv])

    return run


@pytest.mark.usefixtures("deaf")
def test_answers_from_a_pipe_make_a_file_that_runs(
    piped: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "my place.toml"
    assert piped(ANSWERS, str(path)) == 0
    out = capsys.readouterr().out
    assert "5 of 5" in out
    assert f"monitor run --config '{path}'" in out
    assert "export MY_PHONE=" in out
    config = load_config(path)
    assert config.prompts.classes == ("dog_bark", "Glocke", "smoke alarm")
    assert config.prompts.aliases == {"Glocke": "a church bell"}
    assert config.detector.urgent == ("smoke alarm",)
    assert config.calibration.false_alarms_per_hour == 0.5
    assert config.notify.targets["command"].exec == "lamp 'on and off'"
    assert (config.mqtt.url, config.mqtt.user) == ("mqtts://broker:8884", "attic")
    assert "export MQTT_PASSWORD=" in out
    assert config.notify.targets["phone"].url_env == "MY_PHONE"
    text = path.read_text("utf-8")
    assert "# Classes reported without waiting for confirmation.\n" in text
    path.write_text(text.partition("# An MQTT broker")[0].partition("# Who:")[0], "utf-8")  # nobody is told
    run = ["run", "--config", str(path), "--source", "demo", "--fast", "--headless", "--bind", "none"]
    assert main([*run, "--duration", "3"]) == 0


def test_without_questions_every_answer_is_the_default(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "my.toml"
    assert main(["init", str(path), "--defaults"]) == 0
    out = capsys.readouterr().out
    assert "of 5" not in out
    config = load_config(path)
    assert config.prompts == Config().prompts
    assert config.detector.urgent == ("siren", "fire_alarm", "glass_breaking")


@pytest.mark.usefixtures("deaf")
def test_a_pipe_that_ends_leaves_the_rest_to_the_defaults(piped: Callable[..., int], tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    assert piped(["siren"], str(path)) == 0
    config = load_config(path)
    assert (config.prompts.classes, config.detector.urgent) == (("siren",), ("siren",))
    assert config.notify == Config().notify


def test_another_file_is_never_overwritten_unless_it_is_asked_for(
    piped: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "my.toml"
    path.write_text("# mine\n", "utf-8")
    assert piped([], str(path)) == 2
    assert "is there already; name another file, or add --force" in capsys.readouterr().err
    assert path.read_text("utf-8") == "# mine\n"
    assert main(["init", str(path), "--defaults", "--force"]) == 0
    assert "monitor init" in path.read_text("utf-8")


@pytest.mark.usefixtures("deaf")
@pytest.mark.parametrize(
    ("answers", "says"),
    [
        (["siren,siren"], "listed twice"),
        (["siren", "owl"], "'owl' is not among your sounds; valid: siren, none."),
        (["siren", "", "many"], "'many' is no number of false alarms"),
        (
            ["siren", "", "", "pigeon"],
            "'pigeon' is no way to be told; valid: terminal, command",
        ),
        (["siren", "", "", "command", '"'], "quotation mark"),
        (["siren", "", "", "homeassistant", "http://x"], "valid: mqtt://HOST"),
    ],
)
def test_a_wrong_answer_from_a_pipe_is_one_sentence_and_nothing_is_written(
    piped: Callable[..., int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    answers: list[str],
    says: str,
) -> None:
    path = tmp_path / "my.toml"
    assert piped(answers, str(path)) == 2
    assert says in capsys.readouterr().err
    assert not path.exists()


@pytest.fixture
def session(tmp_path: Path, deaf: None) -> Iterator[Session]:
    session = Session("init", str(tmp_path / "my.toml"))
    yield session
    session.close()


def answer(session: Session, question: bytes, typed: bytes) -> None:
    session.read_until(lambda: question in session.output)
    session.output = b""
    session.type(typed + b"\n")


def test_on_a_terminal_a_wrong_answer_is_told_and_asked_again(session: Session, tmp_path: Path) -> None:
    answer(session, b"Sounds [", b"siren,sirne")
    session.read_until(lambda: b"did you mean 'siren'?" in session.output)
    answer(session, b"Take siren? yes or no [yes]:", b"no")
    answer(session, b"other words?", b"yes")
    answer(session, b"Sounds [siren,sirne]:", b"siren,dog bark")
    answer(session, b"or none [siren]:", b"owl")
    session.read_until(lambda: b"'owl' is not among your sounds" in session.output)
    answer(session, b"or none [siren]:", b"none")
    answer(session, b"[5/h]:", b"")
    answer(session, b"[terminal]:", b"")
    session.read_until(session.ended)
    assert session.status == 0
    config = load_config(tmp_path / "my.toml")
    assert (config.prompts.classes, config.detector.urgent) == (("siren", "dog bark"), ())


def test_what_a_misspelt_word_was_meant_as_is_taken_with_enter(session: Session, tmp_path: Path) -> None:
    answer(session, b"Sounds [", b"dog bark,sirne")
    answer(session, b"Take dog bark,siren? yes or no [yes]:", b"")
    session.read_until(lambda: b"recordings" in session.output and b"or none [siren]:" in session.output)
    measured = tomllib.loads((MODEL / "measured.toml").read_text("utf-8"))["table"][0]["words"]["siren"]
    clips, clean = measured["clips"], measured["percent"][0]
    told = f"of {clips} recordings told from 42 other sounds: {clean:.0f} % by themselves"
    assert told.encode() in b" ".join(session.output.split())
    for _ in range(3):
        session.type(b"\n")
    session.read_until(session.ended)
    assert load_config(tmp_path / "my.toml").prompts.classes == ("dog bark", "siren")


def test_ctrl_c_leaves_nothing_behind(session: Session, tmp_path: Path) -> None:
    answer(session, b"Sounds [", b"siren")
    session.read_until(lambda: b"or none [siren]:" in session.output)
    session.type(b"\x03")
    session.read_until(session.ended)
    assert session.status is not None
    assert os.waitstatus_to_exitcode(session.status) == 130
    assert b"Nothing was written." in session.output
    assert list(tmp_path.iterdir()) == []


def test_it_says_what_each_microphone_hears_and_takes_one_by_its_name(
    two_vmics: VirtualMicrophones,
    piped: Callable[..., int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    noise = 0.05 * np.random.default_rng(0).standard_normal(60 * SAMPLE_RATE)
    two_vmics.play("kitchen_left", noise.astype(np.float32))
    path = tmp_path / "my.toml"
    assert piped(["left", "siren"], str(path)) == 0
    lines = capsys.readouterr().out.splitlines()
    place = next(place for place, line in enumerate(lines) if line.endswith("kitchen_left"))
    assert "#####" in lines[place]
    assert "it seems to hear: " in lines[place + 1]
    place = next(place for place, line in enumerate(lines) if line.endswith("kitchen_right"))
    assert "silent" in lines[place + 1]
    assert load_config(path).capture.sources == ("mic:alsa-kitchen_left",)
