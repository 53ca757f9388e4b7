from __future__ import annotations

import pytest

from monitor.sinks.uplink.link import pause_s
from monitor.sinks.uplink.pace import Pace


def test_after_a_pause_so_many_come_at_once_and_then_so_many_a_second() -> None:
    now = [0.0]
    pace = Pace(10.0, lambda: now[0])
    assert sum(pace.may() for _ in range(50)) == 10
    assert pace.wait_s == pytest.approx(0.1)
    now[0] += 0.55
    assert sum(pace.may() for _ in range(50)) == 5
    now[0] += 3600.0
    assert sum(pace.may() for _ in range(50)) == 10


def test_less_than_one_a_second_is_still_one_now_and_then() -> None:
    now = [0.0]
    pace = Pace(0.1, lambda: now[0])
    assert [pace.may(), pace.may()] == [True, False]
    now[0] += 10.0
    assert pace.may()


@pytest.mark.parametrize(("failures", "most"), [(0, 1.0), (3, 8.0), (100, 30.0)])
def test_pauses_between_attempts_are_spread_over_all_that_is_allowed(failures: int, most: float) -> None:
    found = [pause_s(failures) for _ in range(500)]
    assert 0.1 <= min(found) < 0.2 * most
    assert 0.8 * most < max(found) <= most
