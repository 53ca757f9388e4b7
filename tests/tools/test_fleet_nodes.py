"""The benchmark of many nodes, with a few: all come back, and all that was written down arrives."""

from __future__ import annotations

import json

import pytest

from tests.nats_server import missing
from tools.benchmark.fleet_nodes import main


@pytest.mark.slow
@pytest.mark.skipif(bool(missing()), reason=missing() or "there is a server")
def test_a_few_nodes_come_back_and_lose_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    few = ["--nodes", "4", "--seconds", "1", "--away", "2", "--events-per-hour", "3600", "--heartbeat", "1"]
    assert main(few) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["lost"] == 0
    assert found["reports_written"] > 10
    assert found["storm"]["back"] == 4
    assert found["status"]["rows_with_clocks"] == {"good": 4}
    assert found["status"]["missing_with_clocks"] == 0
