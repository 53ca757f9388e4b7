from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from monitor.config.settings import load_config
from monitor.doctor.checks import CHECKS, run_checks
from monitor.doctor.findings import Examined, Finding
from tests.mosquitto import Broker, Listener, missing, password_file

needs_a_broker = pytest.mark.skipif(bool(missing()), reason=missing() or "there is a broker")


def found(**settings: Any) -> list[Finding]:
    config = load_config(flags={"mqtt": settings})
    return run_checks(Examined(config), lambda _: None, {"broker": CHECKS["broker"]})


def test_where_there_is_no_broker_nothing_is_said() -> None:
    assert found() == []


def test_one_that_is_not_there_is_a_fault() -> None:
    (one,) = found(url="mqtt://127.0.0.1:9")
    assert one.state == "fault"
    assert "refused" in one.found
    assert "[mqtt]" in one.do


@needs_a_broker
def test_one_that_is_there_lets_us_in_and_keeps_nothing_of_it(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker, Listener(broker.port) as home:
        (one,) = found(url=broker.url)
        assert (one.state, one.check) == ("ok", "broker")
        home.publish("done", "1")
        home.until_last("done", "1")
        assert home.last("monitor/doctor") is None


@needs_a_broker
def test_a_password_that_is_refused_is_a_fault_and_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MQTT_PASSWORD", "hunter2")
    with Broker(tmp_path, *password_file(tmp_path, "me", "another")) as broker:
        (one,) = found(url=broker.url, user="me")
    assert one.state == "fault"
    assert "refuses this user" in one.found
    assert "hunter2" not in one.found + one.do
