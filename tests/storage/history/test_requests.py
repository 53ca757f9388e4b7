"""What a running monitor answers from the history."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from monitor.bus.messages import Event, Request
from monitor.storage.history import HistoryWriter, answer
from monitor.storage.history.requests import MOST
from tests.examples import NOON, event


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a history of more events than one answer may have, a minute from each to the next."""
    path = tmp_path_factory.mktemp("state") / "history.db"
    writer = HistoryWriter(path, keep_days=36_500.0, max_mb=100.0)
    for minute in range(MOST + 5):
        began = NOON + timedelta(minutes=minute)
        writer.add(
            msgspec.structs.replace(
                event("offset", id_=str(minute)),
                onset_time=began,
                offset_time=began,
                class_="dog_bark" if minute % 100 == 0 else "siren",
            )
        )
    writer.close()
    return path


def asked(path: Path, request: Request) -> list[Event]:
    reply = answer(path, request)
    assert reply.ok
    return reply.events


def test_an_answer_is_bounded_and_older_events_are_asked_for_with_until(path: Path) -> None:
    newest = asked(path, Request(request="history", limit=MOST * 10))
    assert [one.id for one in newest] == [str(minute) for minute in range(5, MOST + 5)]
    older = asked(path, Request(request="history", until=newest[0].onset_time))
    assert [one.id for one in older] == ["0", "1", "2", "3", "4"]


def test_events_are_found_by_class_as_a_person_writes_it_by_source_and_by_time(path: Path) -> None:
    barks = asked(path, Request(request="history", class_="dog bark", limit=2))
    assert [one.id for one in barks] == ["400", "500"]
    assert asked(path, Request(request="history", source_id="elsewhere")) == []
    assert len(asked(path, Request(request="history", since=NOON + timedelta(minutes=MOST)))) == 5


def test_where_nothing_was_kept_yet_nothing_is_found(tmp_path: Path) -> None:
    assert asked(tmp_path / "none.db", Request(request="history")) == []
