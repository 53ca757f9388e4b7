from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from monitor.config.settings import load_config
from monitor.doctor.checks import CHECKS, run_checks
from monitor.doctor.findings import Examined, Finding
from tests import mosquitto, nats_server
from tests.mosquitto import Broker
from tests.nats_server import NatsServer


def found(**settings: Any) -> list[Finding]:
    config = load_config(flags={"uplink": settings})
    return run_checks(Examined(config), lambda _: None, {"uplink": CHECKS["uplink"]})


def test_where_nothing_is_reported_nothing_is_said() -> None:
    assert found() == []


@pytest.mark.parametrize("scheme", ["mqtt", "nats"])
def test_one_that_is_not_there_is_a_fault(scheme: str) -> None:
    if scheme == "nats" and nats_server.missing():
        pytest.skip(nats_server.missing())
    (one,) = found(url=f"{scheme}://127.0.0.1:9")
    assert one.state == "fault"
    assert "refused" in one.found
    assert "[uplink]" in one.do


@pytest.mark.skipif(bool(mosquitto.missing()), reason=mosquitto.missing() or "there is a broker")
def test_an_mqtt_broker_that_is_there_lets_us_in(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker:
        assert [one.state for one in found(url=broker.url)] == ["ok"]


@pytest.mark.skipif(bool(nats_server.missing()), reason=nats_server.missing() or "there is a server")
def test_a_nats_server_that_is_there_lets_us_in_and_gets_nothing(tmp_path: Path) -> None:
    with NatsServer(tmp_path) as server:
        assert [one.state for one in found(url=server.url)] == ["ok"]
        assert server.kept("fleet_states") == []
