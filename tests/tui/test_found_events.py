from __future__ import annotations

import pytest

from monitor.tui.found_events import matching, together

from .fakes import at, event
from .stories import EARLIER, NOW_S, STORIES

KEPT = [event("offset", "doorbell", onset=-90_000.0, offset=-89_990.0, id_="kept"), EARLIER[1]]


def test_each_event_is_there_once_the_newest_first_and_this_run_knows_it_best() -> None:
    view = STORIES["missed"]()
    rows = together(view, KEPT, at(NOW_S))  # type: ignore[arg-type]
    times = [row.event.onset_time for row in rows]
    assert times == sorted(times, reverse=True)
    assert len({row.key for row in rows}) == len(rows) == 8
    (kept,) = [row for row in rows if row.key == "kept"]
    assert view.lasted_s(kept) == 10.0
    assert not kept.open


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", 8),
        ("dog", 1),
        ("DOORBELL friday", 2),
        ("missed", 4),
        ("urgent seen", 1),
        ("2026-03-14 siren", 4),
        ("usb 08:27", 1),
        ("nothing like that", 0),
    ],
)
def test_every_word_that_is_typed_must_be_part_of_it(typed: str, found: int) -> None:
    rows = together(STORIES["missed"](), KEPT, at(NOW_S))  # type: ignore[arg-type]
    assert len(matching(rows, typed)) == found
