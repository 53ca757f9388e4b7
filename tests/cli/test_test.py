from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from monitor.bus.subscriber import Subscriber
from monitor.cli.alarm_trial import _Heard
from monitor.cli.main import main
from monitor.start import child_environment, python_module
from tests.examples import event
from tests.sinks.notify.channels import serving


def written(folder: Path, text: str) -> str:
    path = folder / "my.toml"
    path.write_text(text, "utf-8")
    return str(path)


def test_a_test_message_goes_to_all_and_says_of_each_whether_it_arrived(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    code = f"import sys; open({str(out)!r}, 'w').write(sys.stdin.read())"
    command = json.dumps([sys.executable, "-c", code])
    with serving() as server:
        config = written(
            tmp_path,
            f'[notify.targets.plug]\nwebhook = "http://127.0.0.1:{server.port}/"\nquiet = "00:00-23:59"\n'
            f"[notify.targets.lamp]\nexec = {command}\n",
        )
        assert main(["test", "notify", "--config", config]) == 0
    plug, lamp = capsys.readouterr().out.splitlines()
    assert plug.startswith("plug: delivered in ")
    assert lamp.startswith("lamp: delivered in ")
    for body in (server.requests[0].body, out.read_bytes()):
        event = json.loads(body)
        assert (event["topic"], event["label"]) == ("event/test/test/", "test, nothing was heard")


def test_one_that_fails_is_said_and_is_the_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = written(
        tmp_path,
        '[notify.targets.good]\nexec = "true"\n[notify.targets.bad]\nexec = "false"\n'
        '[notify.targets.none]\nexec = "no-such-lamp"\n',
    )
    assert main(["test", "notify", "--json", "--config", config]) == 1
    good, bad, none = json.loads(capsys.readouterr().out)
    assert (good["target"], good["delivered"], good["why"]) == ("good", True, "")
    assert (bad["delivered"], bad["why"]) == (False, "it failed with exit code 1")
    assert "there is no such program" in none["why"]
    assert main(["test", "notify", "--target", "good", "--config", config]) == 0


@pytest.mark.parametrize(
    ("config", "arguments", "says"),
    [
        ("", [], "Nobody is told: the configuration has no [notify.targets.NAME]"),
        ('[notify.targets.lamp]\nexec = "true"', ["--target", "phone"], "valid: lamp."),
    ],
)
def test_nobody_to_tell_is_bad_input(
    tmp_path: Path, config: str, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["test", "notify", "--config", written(tmp_path, config), *arguments]) == 2
    assert says in capsys.readouterr().err


def test_an_alarm_made_by_code_is_heard_and_followed_to_everybody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = written(
        tmp_path,
        '[detector]\nurgent = ["fire_alarm"]\n'
        '[notify.targets.lamp]\nexec = "true"\n[notify.targets.bell]\nexec = "false"\n',
    )
    assert main(["test", "alarm", "--json", "--config", config]) == 1
    steps = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert [name for name, one in steps.items() if not one["works"]] == ["bell"]
    assert list(steps) == ["heard", "published", "history", "lamp", "bell"]
    assert 0.0 < steps["heard"]["seconds"] <= steps["published"]["seconds"] < 6.5


def test_an_alarm_is_played_for_a_monitor_that_runs_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["test", "alarm", "--play", "--connect", f"ipc://{tmp_path}/nobody"]) == 2
    assert "No monitor runs on ipc://" in capsys.readouterr().err


def test_that_something_was_loud_is_no_alarm_that_was_heard() -> None:
    heard = _Heard()
    heard.emit(event("onset", "loud_sound"))
    assert heard.event is None
    heard.emit(event("onset", "smoke_alarm"))
    assert heard.event == event("onset", "smoke_alarm")


def test_a_monitor_that_runs_tests_itself_while_it_listens(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint = f"ipc://{tmp_path}/bus"
    run = subprocess.Popen(
        python_module("monitor", "run", "--source", "demo", "--headless", "--json", "--bind", endpoint),
        env={**child_environment(), "HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        outcome: list[Any] = [{"test": {"state": "untested"}}]
        while outcome[0]["test"]["state"] == "untested":  # it just begins, or the computer is busy
            assert run.poll() is None
            if main(["test", "self", "--json", "--connect", endpoint]) < 2:
                outcome = json.loads(capsys.readouterr().out)
    finally:
        run.terminate()
        said, _ = run.communicate(timeout=30)
    (one,) = outcome
    assert (one["source_id"], one["works"], one["test"]["state"]) == ("demo", True, "passed")
    assert 0.0 < one["test"]["heard_s"] <= one["test"]["told_s"] < 5.0
    told = {json.loads(line).get("class") for line in said.splitlines()}
    assert not told & {"smoke_alarm", "self_test"}


def test_what_could_not_be_tested_did_not_fail_and_is_called_by_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint = f"ipc://{tmp_path}/bus"
    zeros = "import sys, time\nwhile True: sys.stdout.buffer.write(bytes(3200)); time.sleep(0.1)"
    silence = subprocess.Popen([sys.executable, "-c", zeros], stdout=subprocess.PIPE)
    run = subprocess.Popen(
        python_module("monitor", "run", "--source", "-", "--headless", "--bind", endpoint),
        env={**child_environment(), "HOME": str(tmp_path)},
        stdin=silence.stdout,
        stdout=subprocess.DEVNULL,
    )
    try:
        with Subscriber(endpoint, ("health/",)) as subscriber:
            while subscriber.receive(1.0) is None:
                assert run.poll() is None
        assert main(["test", "self", "--connect", endpoint]) == 1
    finally:
        for process in (run, silence):
            process.terminate()
            process.communicate(timeout=30)
    said = capsys.readouterr().out
    assert said.startswith("not tested standard input: no self-test: ")
    assert said.count("test") == len(["tested", "self-test"]), "its reason does not say it again"


def test_without_a_monitor_there_is_no_self_test(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "self", "--connect", f"ipc://{tmp_path}/nobody"]) == 2
    assert "no monitor" in capsys.readouterr().err.lower()
