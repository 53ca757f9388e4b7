from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import Literal

import pytest

from monitor.cli.main import main
from monitor.files.paths import own_folder, user_path


def test_folders_are_those_of_the_specification(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", "/home/of")
    places: dict[Literal["cache", "data", "state"], str]
    places = {"cache": ".cache", "data": ".local/share", "state": ".local/state"}
    for kind, place in places.items():
        variable = kind.upper()
        monkeypatch.delenv(f"XDG_{variable}_HOME", raising=False)
        assert own_folder(kind) == Path("/home/of", place, "monitor")
        monkeypatch.setenv(f"XDG_{variable}_HOME", "relative/is/ignored")
        assert own_folder(kind) == Path("/home/of", place, "monitor")
        monkeypatch.setenv(f"XDG_{variable}_HOME", str(tmp_path))
        assert own_folder(kind) == tmp_path / "monitor"


def test_without_the_variable_the_list_of_users_says_where_home_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_STATE_HOME")
    listed = Path(pwd.getpwuid(os.getuid()).pw_dir, ".local/state/monitor")
    monkeypatch.delenv("HOME")
    assert own_folder("state") == listed
    for relative in ("", "not/absolute"):
        monkeypatch.setenv("HOME", relative)
        assert own_folder("state") == listed


def test_a_user_that_is_only_a_number_has_no_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("os.getuid", lambda: 4_000_000)
    monkeypatch.delenv("XDG_STATE_HOME")
    for home in (None, "", "not/absolute"):
        monkeypatch.delenv("HOME", raising=False)
        if home is not None:
            monkeypatch.setenv("HOME", home)
        assert own_folder("state") is None
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert own_folder("state") == tmp_path / "monitor"


def test_a_tilde_is_expanded_where_that_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/of")
    assert user_path("~/x.wav") == Path("/home/of/x.wav")
    assert user_path("x~/~y") == Path("x~/~y")
    assert user_path("~nobody-of-that-name/x") == Path("~nobody-of-that-name/x")


@pytest.mark.parametrize(
    "arguments", [["models", "install"], ["models", "verify"], ["eval", "clips", "--data"]], ids=" ".join
)
def test_a_path_too_long_to_be_one_is_bad_input(
    arguments: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main([*arguments, f"{tmp_path}/{'x' * 300}"]) == 2
    said = capsys.readouterr().err
    assert "The program failed" not in said
    assert said.count("\n") == 1


def test_so_is_one_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MONITOR_MODELS", f"/{'x' * 300}")
    assert main(["models", "list"]) == 2
    assert "give a shorter one" in capsys.readouterr().err
