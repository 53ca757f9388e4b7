from __future__ import annotations

from pathlib import Path

import pytest

from monitor.cli.main import main
from monitor.files.paths import home_folder, own_folder, user_path


def test_folders_are_those_of_the_specification(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", "/home/of")
    for variable, place in (("CACHE", ".cache"), ("DATA", ".local/share"), ("STATE", ".local/state")):
        monkeypatch.delenv(f"XDG_{variable}_HOME", raising=False)
        assert own_folder(f"XDG_{variable}_HOME") == Path("/home/of", place, "monitor")
        monkeypatch.setenv(f"XDG_{variable}_HOME", "relative/is/ignored")
        assert own_folder(f"XDG_{variable}_HOME") == Path("/home/of", place, "monitor")
        monkeypatch.setenv(f"XDG_{variable}_HOME", str(tmp_path))
        assert own_folder(f"XDG_{variable}_HOME") == tmp_path / "monitor"


def test_without_the_variable_the_list_of_users_says_where_home_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    listed = home_folder()
    monkeypatch.setenv("HOME", "")
    assert home_folder() == listed


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
