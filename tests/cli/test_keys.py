from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitor.cli.main import main

ENDPOINT = "tcp://192.0.2.9:5560"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


def listed(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    capsys.readouterr()
    assert main(["keys", "--json"]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_keys_are_made_given_and_taken_back(capsys: pytest.CaptureFixture[str]) -> None:
    assert listed(capsys) == {"own": None, "guests": [], "servers": {}}
    assert main(["keys", "new"]) == 0
    own = listed(capsys)["own"]
    assert isinstance(own, str)
    assert main(["keys", "allow", "attic", own, "--control"]) == 0
    assert main(["keys", "trust", ENDPOINT, own]) == 0
    assert listed(capsys) == {
        "own": own,
        "guests": [{"name": "attic", "key": own, "may": "control"}],
        "servers": {ENDPOINT: own},
    }
    assert main(["keys"]) == 0
    assert "May control  attic" in capsys.readouterr().out
    assert main(["keys", "revoke", "attic"]) == 0
    assert listed(capsys)["guests"] == []


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (["allow", "attic", "abc"], "not a public key"),
        (["revoke", "attic"], "let in: nobody"),
        (["trust", "ipc:///run/x", "a" * 52], "not an address"),
        (["trust", ENDPOINT, "abc"], "not a public key"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(
    command: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keys", *command]) == 2
    assert why in capsys.readouterr().err


def test_a_monitor_elsewhere_is_not_asked_without_its_key(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in (["ack"], ["listen"], ["background", "show"]):
        assert main([*verb, "--connect", ENDPOINT]) == 2
        assert f"monitor keys trust {ENDPOINT} KEY" in capsys.readouterr().err


def test_a_run_for_others_does_not_begin_without_keys(capsys: pytest.CaptureFixture[str]) -> None:
    command = [
        "run",
        "--source",
        "demo",
        "--headless",
        "--bind",
        "tcp://127.0.0.1:*",
        "--public",
        "tcp://*:5560",
    ]
    assert main(command) == 2
    assert "monitor keys new" in capsys.readouterr().err
