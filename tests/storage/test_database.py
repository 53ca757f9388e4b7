"""What holds for every database of the program."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.storage.database import is_due

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since_s", "due"), [(0.0, False), (599.0, False), (600.0, True), (1e8, True), (-599.0, False)]
)
def test_what_is_done_every_ten_minutes_is_due_after_ten_minutes(since_s: float, due: bool) -> None:
    assert is_due(NOW, NOW + timedelta(seconds=since_s), 600.0) is due


def test_it_is_due_at_first_and_where_the_clock_was_set_back() -> None:
    """A clock that was years ahead when a run began must not keep its files from being pruned for years."""
    assert is_due(None, NOW, 600.0)
    assert is_due(NOW + timedelta(days=4000), NOW, 600.0)
