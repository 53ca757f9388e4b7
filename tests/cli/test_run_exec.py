from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest

from monitor.cli.main import main

DEMO = ["run", "--source", "demo", "--fast", "--headless", "--bind", "none", "--classes", "siren,dog_bark"]


def test_a_command_is_run_for_each_sound_with_what_the_log_has_of_its_beginning(tmp_path: Path) -> None:
    out, log = tmp_path / "out", tmp_path / "log"
    code = f"import sys; open({str(out)!r}, 'a').write(sys.stdin.read())"
    command = shlex.join([sys.executable, "-c", code])
    assert main([*DEMO, "--exec", command, "--log", str(log)]) == 0
    logged = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    given = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert given == [one for one in logged if one.get("type") == "onset"]
    assert {one["class"] for one in given} == {"siren", "dog_bark"}


def test_a_command_that_fails_is_told_and_its_sounds_count_as_lost(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*DEMO, "--exec", "false"]) == 1
    said = capsys.readouterr().err
    assert "--exec could not be told (it failed with exit code 1); it is tried again." in said
    assert "not told in time and lost." in said


def test_a_command_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*DEMO, "--exec", "no-such-lamp on"]) == 2
    assert "--exec runs no-such-lamp, and there is no such program" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "says"),
    [("", "--exec names no command"), ("sh -c 'x", "a quotation mark is without its other half")],
)
def test_what_is_no_command_is_refused_in_words_of_the_command_line(
    command: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--headless", "--source", "demo", "--bind", "none", "--exec", command]) == 2
    assert says in capsys.readouterr().err
