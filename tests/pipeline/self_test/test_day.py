from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.pipeline.self_test.day import Day, last_at

NOON = last_at(time(12), datetime(2026, 11, 30, 23, 0, tzinfo=UTC))
MOMENTS = st.integers(0, 4_000_000_000).map(lambda one: datetime.fromtimestamp(one, UTC))


@given(MOMENTS, st.times())
def test_the_last_time_of_day_is_at_most_a_day_and_a_shift_of_the_clocks_ago(now: datetime, at: time) -> None:
    found = last_at(at.replace(second=0, microsecond=0), now)
    assert timedelta() <= now - found <= timedelta(hours=25)


@pytest.mark.parametrize(
    ("settled", "now", "due"),
    [
        (NOON - timedelta(hours=3), NOON - timedelta(minutes=1), False),
        (NOON - timedelta(hours=3), NOON, True),
        (NOON - timedelta(days=3), NOON - timedelta(minutes=1), True),
        (NOON + timedelta(minutes=1), NOON + timedelta(hours=11), False),
        (NOON + timedelta(minutes=1), NOON + timedelta(days=1), True),
    ],
    ids=["not yet", "at noon", "no monitor ran", "done", "the next day"],
)
def test_it_is_due_once_each_day(settled: datetime, now: datetime, due: bool) -> None:
    assert Day("12:00", 2.0, settled).is_due(now) is due


def test_what_cannot_be_done_for_its_hours_is_over_and_settled_for_that_day() -> None:
    day = Day("12:00", 2.0, NOON - timedelta(days=1))
    assert day.is_due(NOON)
    assert not day.is_over(NOON + timedelta(hours=1))
    assert day.is_over(NOON + timedelta(hours=2))
    day.settle(NOON + timedelta(hours=2))
    assert not day.is_due(NOON + timedelta(hours=3))
    assert day.is_due(NOON + timedelta(days=1))
    assert not day.is_over(NOON + timedelta(days=1))
