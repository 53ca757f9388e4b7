from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from monitor.bus.messages import Health
from monitor.bus.publisher import Publisher
from monitor.cli.main import main
from tests.examples import health
from tests.publishing import eager_publisher, while_turning

QUICK = ["doctor", "--quick", "--json"]


def said(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def about(report: dict[str, Any], check: str) -> list[dict[str, Any]]:
    return [one for one in report["findings"] if one["check"] == check]


@pytest.fixture
def monitored(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Health], int]:
    """Return what runs the doctor beside a monitor that says of itself what it is given."""
    endpoint = f"ipc://{short_folder}/events"
    monkeypatch.setenv("MONITOR_PUBLISH_BIND", endpoint)

    def run(record: Health) -> int:
        publisher: Publisher = eager_publisher(endpoint)
        try:
            publisher.emit(record)
            return while_turning(publisher, lambda: main(QUICK))
        finally:
            publisher.close()

    return run


def test_it_says_what_fails_and_what_to_do_and_ends_with_1(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    bad = tmp_path / "my.toml"
    bad.write_text("[capture]\nring_s = 1\n", "utf-8")
    assert main([*QUICK, "--config", str(bad)]) == 1
    report = said(capsys)
    assert report["ok"] is False
    (found,) = about(report, "configuration")
    assert "capture.ring_s is 1; valid: 2 to 600." in found["found"]
    assert "monitor config init" in found["do"]
    assert about(report, "clock"), "the other checks went on"


def test_a_table_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor", "--quick"])
    out, err = capsys.readouterr()
    assert "works" in out
    assert "telemetry" in out
    assert "monitor: loading the model" in err
    assert out.strip().splitlines()[-1].endswith((".", "`."))


def test_what_a_running_monitor_says_of_itself_is_passed_on(
    monitored: Callable[[Health], int], capsys: pytest.CaptureFixture[str]
) -> None:
    monitored(health())
    bus, hears = about(said(capsys), "bus")
    assert bus["found"].startswith("a monitor runs on ipc://")
    assert hears["state"] == "ok"
    deaf = msgspec.structs.replace(health(), hearing="too_quiet", hearing_reason="no sound arrives")
    monitored(deaf)
    assert "too_quiet: no sound arrives" in about(said(capsys), "bus")[1]["found"]
    assert monitored(health("lost", "unplugged")) == 1
    lost = about(said(capsys), "bus")[1]
    assert (lost["state"], lost["found"]) == ("fault", "lost: unplugged")


def test_a_configuration_that_a_run_would_refuse_is_a_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "my.toml"
    file.write_text('[notify.targets.x]\nexec = "true"\nclasses = ["doorbel"]\n', "utf-8")
    assert main(["doctor", "--quick", "--json", "--config", str(file)]) == 1
    found = json.loads(capsys.readouterr().out)["findings"]
    (one,) = [finding for finding in found if finding["about"] == "configuration"]
    assert one["state"] == "fault"
    assert "did you mean 'doorbell'?" in one["found"]
