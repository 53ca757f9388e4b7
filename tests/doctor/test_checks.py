from __future__ import annotations

import inspect
import re
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from pkgutil import resolve_name

import pytest

from monitor.config.settings import Config, load_config
from monitor.doctor.checks import CHECKS, Check, run_checks
from monitor.doctor.findings import Examined, Finding
from monitor.errors import ConfigError
from tests.doctor import toys

ACTION = re.compile(r"[A-Z`].*[.`)]", re.DOTALL)
"""How a next action reads: a sentence, or a command."""


@pytest.fixture(autouse=True)
def _nothing_hangs_for_ever() -> Iterator[None]:
    toys.LET_GO.clear()
    yield
    toys.LET_GO.set()


def toy(name: str, timeout_s: float = 10.0) -> Check:
    return Check(f"tests.doctor.toys:{name}", f"trying {name}", "Leave the toy alone.", timeout_s)


def silent(_: str) -> None:
    """Say nothing."""


def wrong(findings: list[Finding]) -> list[Finding]:
    return [one for one in findings if one.state in {"fault", "attention"}]


def test_every_line_of_the_table_names_a_function_of_what_is_examined() -> None:
    for check in CHECKS.values():
        assert len(inspect.signature(resolve_name(check.function)).parameters) == 1, check.function
        assert ACTION.fullmatch(check.if_stuck), check


def test_a_check_that_hangs_or_fails_is_a_finding_and_the_others_go_on() -> None:
    said: list[str] = []
    checks = {
        "first": toy("hangs", 0.2),
        "second": toy("breaks"),
        "missing": toy("nowhere"),
        "last": toy("works"),
    }
    found = run_checks(Examined(Config()), said.append, checks)
    assert said == ["trying hangs", "trying breaks", "trying nowhere", "trying works"]
    states = [(one.check, one.about, one.state) for one in found]
    assert states == [
        ("first", "before", "ok"),
        ("first", "first", "fault"),
        ("second", "before", "ok"),
        ("second", "second", "fault"),
        ("missing", "missing", "fault"),
        ("last", "toy", "ok"),
    ]
    assert found[1].found == "no answer within 0.2 s"
    assert "ZeroDivisionError" in found[3].found
    assert "\x1b" not in found[3].found
    assert all(ACTION.fullmatch(one.do) for one in wrong(found))


@pytest.mark.parametrize("state", ["fault", "attention"])
def test_nothing_can_be_found_wrong_without_a_next_action(state: str) -> None:
    with pytest.raises(ValueError, match="needs a next action"):
        Finding("toy", state, "broken")  # type: ignore[arg-type]


@pytest.fixture
def hostile(tmp_path: Path, short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Examined]:
    """A machine on which nothing works: no sound, a port that is taken, a damaged history, no such model."""
    state = tmp_path / "state" / "monitor"
    state.mkdir(parents=True)
    (state / "history.db").write_bytes(b"this is no database" * 100)
    short_folder.chmod(0o755)
    (short_folder / "monitor").mkdir(mode=0o777)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_folder))
    (short_folder / "monitor").chmod(0o777)
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "none"))
    monkeypatch.setenv("DO_NOT_TRACK", "0")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = load_config(
            flags={
                "model": {"name": "nope"},
                "publish": {"bind": f"tcp://127.0.0.1:{port}"},
                "prompts": {"classes": ["sirne"]},
                "capture": {"sources": ["tape:3"]},
            }
        )
        yield Examined(config, trouble="my.toml: nonsense.")


def test_whatever_fails_says_what_to_do(hostile: Examined) -> None:
    found = run_checks(hostile, silent)
    assert {one.check for one in found if one.state == "fault"} >= {
        "configuration", "sound", "bus", "control", "hearing", "model", "words", "history", "privacy",
    }  # fmt: skip
    for one in wrong(found):
        assert ACTION.fullmatch(one.do), one
        assert "`" in one.do or one.do[0].isupper(), one


def test_a_port_that_another_program_has_is_told_with_how_to_find_it(hostile: Examined) -> None:
    (found,) = run_checks(hostile, silent, {"bus": CHECKS["bus"]})
    port = hostile.config.publish.bind.rpartition(":")[2]
    assert "another program has" in found.found
    assert f"`ss -ltnp sport = :{port}`" in found.do


def test_a_misspelt_word_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    config = load_config(flags={"prompts": {"classes": ["siren", "sirne"]}})
    (found,) = run_checks(Examined(config), silent, {"words": CHECKS["words"]})
    assert (found.state, found.found) == ("attention", "the model does not know 'sirne'")
    assert "`monitor words 'sirne'`" in found.do


def test_the_model_in_the_box_is_whole_and_is_timed() -> None:
    files, speed = run_checks(Examined(Config()), silent, {"model": CHECKS["model"]})
    assert files.state == "ok"
    assert re.fullmatch(r"a window takes [\d.]+ ms, one comes every 250 ms: .*", speed.found)


def test_a_history_of_a_later_version_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "monitor").mkdir()
    path = tmp_path / "monitor" / "history.db"
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.close()
    before = path.read_bytes()
    (found,) = run_checks(Examined(Config()), silent, {"history": CHECKS["history"]})
    assert found.state == "fault"
    assert "version 99" in found.found
    assert path.read_bytes() == before


def test_a_configuration_without_any_source_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"capture\.sources"):
        load_config(flags={"capture": {"sources": []}})


def test_a_folder_that_cannot_be_written_and_the_one_for_clips_are_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    config = load_config(flags={"clips": {"keep": True, "folder": str(tmp_path / "file" / "clips")}})
    found = {one.about: one for one in run_checks(Examined(config), silent, {"storage": CHECKS["storage"]})}
    assert found["state folder"].state == "ok"
    assert found["clips folder"].state == "fault"
    assert "[clips] folder" in found["clips folder"].do
