"""The program where it is not at home: no home, no list of users, a plain terminal, a line that hangs up."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from monitor.cli.main import main
from monitor.errors import ConfigError, SourceError
from monitor.sources.demo import DemoSource
from monitor.sources.file import FileSource
from monitor.sources.options import SourceOptions
from monitor.sources.schemes import make_source
from tests.terminal import on_terminal

MONITOR = [sys.executable, "-m", "monitor"]
RUN = [*MONITOR, "run", "--source", "demo", "--fast", "--headless", "--bind", "none", "--duration", "1"]
NOBODY = ["unshare", "--user", "--map-user=54321"]
"""Runs a command as a user who is only a number."""


def cannot_be_nobody() -> str:
    if shutil.which("unshare") is None:
        return "needs unshare (util-linux)"
    probe = subprocess.run([*NOBODY, "true"], capture_output=True, check=False)
    return "" if probe.returncode == 0 else "user namespaces are not allowed here"


@pytest.mark.skipif(bool(cannot_be_nobody()), reason=cannot_be_nobody() or "can be nobody")
@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        (RUN, 0, "listening to demo street"),
        ([*MONITOR, "models", "list"], 0, "embedded"),
        ([*MONITOR, "models", "verify"], 0, "verified"),
        ([*MONITOR, "background", "forget", "--all"], 0, "Nothing was stored."),
        ([*MONITOR, "models", "install", "clap", "--offline"], 2, "There is no home folder"),
    ],
)
def test_without_a_home_and_an_entry_in_the_list_of_users_it_works(
    command: list[str], code: int, says: str
) -> None:
    names = ("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "MONITOR_NO_CACHE")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run(
        [*NOBODY, *command], env={**environment, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert says in done.stdout + done.stderr
    assert "The program failed" not in done.stderr


@pytest.mark.parametrize("term", ["dumb", "", "unknown", None])
def test_a_plain_terminal_gets_plain_lines(term: str | None, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "TERM"}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    if term is not None:
        environment["TERM"] = term
    without_headless = [word for word in RUN if word != "--headless"]
    code, shown = on_terminal(without_headless, tmp_path, environment)
    assert (code, "listening to demo street" in shown, "\x1b" in shown) == (0, True, False), shown
    code, shown = on_terminal([*MONITOR, "tui"], tmp_path, environment)
    assert (code, "use: monitor listen" in shown, "\x1b" in shown) == (2, True, False), shown
    code, shown = on_terminal([*MONITOR, "models"], tmp_path, environment)
    assert (code, "\x1b" in shown) == (0, False)


def test_a_hang_up_ends_open_events_as_a_request_to_end_does() -> None:
    program = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "signal.signal(signal.SIGHUP, signal.SIG_DFL); from monitor.__main__ import main; sys.exit(main())"
    )
    arguments = ["run", "--source", "demo", "--headless", "--json", "--bind", "none", "--classes", "car_horn"]
    process = subprocess.Popen([sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        onset = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGHUP)
        last = json.loads(process.communicate(timeout=30)[0].splitlines()[-1])
    assert process.returncode == 0
    assert (last["type"], last["id"], last["ended_by"]) == ("offset", onset["id"], "stopped")


def test_a_path_is_a_file_with_or_without_a_word_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name in ("street.wav", "street", "a:b.wav", "demo"):
        soundfile.write(tmp_path / name, np.zeros(800), 16000, format="WAV")
    for spec in (
        "street.wav",
        "street",
        "./street",
        "a:b.wav",
        "./demo",
        "file:demo",
        "~/street.wav",
        "file:~/street.wav",
    ):
        source = make_source(spec, SourceOptions(fast=True))
        assert isinstance(source, FileSource), spec
        source.open()
        source.close()
    assert isinstance(make_source("demo", SourceOptions(fast=True)), DemoSource)


def test_what_is_no_source_is_told_from_a_file_that_is_missing(tmp_path: Path) -> None:
    for spec in ("tape:3", "", "strasse", "gopher://x/y.wav"):
        with pytest.raises(ConfigError, match="There is no source"):
            make_source(spec, SourceOptions(fast=True))
    for spec in ("nothing.wav", "no/such", "~/nothing.wav"):
        with pytest.raises(SourceError, match="There is no file"):
            make_source(spec, SourceOptions(fast=True)).open()


@pytest.mark.parametrize("digits", ["9" * 5000])
@pytest.mark.parametrize("option", ["--pcm-rate", "--pcm-channels", "--duration", "--false-alarms"])
def test_a_number_of_thousands_of_digits_is_refused_in_a_short_sentence(
    option: str, digits: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["run", "--source", "demo", "--headless", option, digits])
    assert ended.value.code == 2
    assert len(capsys.readouterr().err) < 500


def test_a_printed_configuration_is_one_that_loads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given, printed = tmp_path / "given.toml", tmp_path / "printed.toml"
    given.write_text(
        '[detector.classes.siren]\nonset_threshold = 0.7\n[prompts.aliases]\nalarm = "Türklingel"\n', "utf-8"
    )
    assert main(["config", "--config", str(given)]) == 0
    printed.write_text(capsys.readouterr().out, "utf-8")
    assert main(["config", "--config", str(printed), "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert main(["config", "--config", str(given), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == again


@pytest.mark.parametrize(
    ("arguments", "stream", "code"),
    [
        (["config"], "stdout", 1),
        (["config", "--json"], "stdout", 1),
        (["models", "list"], "stdout", 1),
        (["config", "--config", "missing.toml"], "stderr", 2),
        (["run", "--no-such-flag"], "stderr", 2),
    ],
)
def test_a_full_disk_is_told_where_that_can_be_and_changes_no_exit_code(
    arguments: list[str], stream: str, code: int
) -> None:
    with Path("/dev/full").open("wb") as full:
        out, err = (full if stream == name else subprocess.PIPE for name in ("stdout", "stderr"))
        process = subprocess.Popen([*MONITOR, *arguments], stdout=out, stderr=err)
        said = process.communicate()[stream == "stdout"].decode()
    told = "monitor: Standard output cannot be written: No space left on device.\n" if code == 1 else ""
    assert (process.returncode, said) == (code, told)


def test_whatever_the_umask_is_the_user_owns_what_is_made(tmp_path: Path) -> None:
    names = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "XDG_RUNTIME_DIR": str(tmp_path)}
    environment = {**os.environ, **names, "PYTHONPATH": os.pathsep.join(sys.path)}
    environment.pop("MONITOR_NO_CACHE", None)
    command = [word for word in RUN if word not in {"--bind", "none"}] + ["--bind", "tcp://127.0.0.1:0"]
    subprocess.run(command, env=environment, umask=0o777, check=True, capture_output=True)
    made = [path for path in tmp_path.rglob("*") if path.name != "__pycache__"]
    assert {path.name for path in made} >= {"cache", "monitor", "texts.sqlite3"}
    for path in made:
        assert path.stat().st_mode & 0o600 == 0o600, path
        assert path.stat().st_mode & 0o077 == 0, path


def test_the_sound_system_is_not_sent_to_a_folder_that_is_none(tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_RUNTIME_DIR": "here", "PYTHONPATH": os.pathsep.join(sys.path)}
    (tmp_path / "here").mkdir()
    subprocess.run([*MONITOR, "devices"], env=environment, cwd=tmp_path, check=True, capture_output=True)
    assert [path.name for path in tmp_path.rglob("*")] == ["here"]
