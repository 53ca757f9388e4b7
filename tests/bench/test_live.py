from __future__ import annotations

import sys

import pytest

from monitor.bench.live import Plan, measure_live
from monitor.config.settings import load_config
from monitor.errors import ProgramError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux counts of each process")


@pytest.mark.timeout(180)
def test_a_monitor_is_measured_while_it_hears_and_the_first_sound_is_told_and_painted() -> None:
    said: list[str] = []
    found = measure_live(load_config(), Plan(1, 0.5, 8.0), None, said.append)
    assert 0.0 < found.share < 4.0
    assert found.resident_mib > 50.0
    assert len(found.started_s) == 1
    assert found.sounds == 1
    assert found.told == 1
    assert 0.0 < found.sound_to_received_s[0] < 20.0
    assert len(found.sound_to_painted_s) == 1
    assert any("alone" in sentence for sentence in said)


@pytest.mark.timeout(120)
def test_a_monitor_that_does_not_begin_says_why() -> None:
    config = load_config(flags={"model": {"name": "no_such_model"}})
    with pytest.raises(ProgramError, match="no_such_model"):
        measure_live(config, Plan(1, 0.1, 0.1), None, lambda _: None)
