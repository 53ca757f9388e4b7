from __future__ import annotations

from pathlib import Path

from tools.benchmark.notify import CLASSES, Nothing, cost, event, killed, outage


def test_nothing_is_lost_while_the_server_is_away_for_half_of_the_events(tmp_path: Path) -> None:
    events = [event(number) for number in range(4 * CLASSES)]
    found = outage(events, 0.0, 300.0, tmp_path)
    assert (found.told, found.messages, found.lost, found.twice) == (4 * CLASSES, 2 * CLASSES, 0, 0)


def test_what_a_call_costs_is_counted_for_each_event() -> None:
    found = cost(Nothing(), [event(number) for number in range(200)], 0.0)
    assert 0.0 < found.p50_us <= found.p99_us <= found.max_us <= found.total_ms * 1000.0


def test_a_program_that_is_killed_while_it_writes_has_lost_nothing_that_it_was_told_is_kept(
    tmp_path: Path,
) -> None:
    found = killed(5, tmp_path)
    assert (found.kills, found.lost, found.broken) == (5, 0, 0)
    assert found.kept >= 5
    assert list((tmp_path / "killed").glob("*.message")) == []
