from __future__ import annotations

import socket
import sys
from typing import Any

import pytest

from monitor.config.settings import load_config
from monitor.doctor.checks import CHECKS, run_checks
from monitor.doctor.findings import Examined, Finding


def found(**target: Any) -> Finding:
    config = load_config(flags={"notify": {"targets": {"someone": target}}})
    (one,) = run_checks(Examined(config), lambda _: None, {"notify": CHECKS["notify"]})
    return one


def test_where_nobody_is_told_nothing_is_said() -> None:
    assert run_checks(Examined(load_config()), lambda _: None, {"notify": CHECKS["notify"]}) == []


def test_a_program_that_is_not_there_is_a_fault() -> None:
    assert found(exec=[sys.executable, "-V"]).state == "ok"
    one = found(exec="no-such-program --on")
    assert (one.state, one.found) == ("fault", "there is no program no-such-program")


def test_an_address_that_is_not_there_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PHONE", raising=False)
    one = found(url_env="NO_PHONE")
    assert one.state == "fault"
    assert "NO_PHONE, which is not set" in one.found


def test_a_server_that_takes_no_connection_is_a_fault_and_its_address_is_not_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/hunter2"
        assert found(webhook=address).state == "ok"
    one = found(webhook=address)
    assert one.state == "fault"
    assert "127.0.0.1" not in one.found + one.do
    assert "hunter2" not in one.found + one.do


def test_an_address_that_apprise_does_not_know_is_a_fault() -> None:
    pytest.importorskip("apprise")
    assert found(url="json://localhost/hunter2").state == "ok"
    one = found(url="nowhere://hunter2")
    assert one.state == "fault"
    assert "hunter2" not in one.found + one.do
