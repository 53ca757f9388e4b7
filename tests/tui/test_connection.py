from __future__ import annotations

import queue
from collections.abc import Iterator
from typing import TypeVar

import pytest

from monitor.bus.messages import Event, Health, Request, Snapshot
from monitor.errors import PublishError
from monitor.tui.connection import Arrived, BusConnection, Notice, Refused

from .fakes import SOURCE_ID, FakeLink, event, health, level, snapshot

Notices = queue.SimpleQueue[Notice]


@pytest.fixture
def link() -> FakeLink:
    return FakeLink(snapshot=snapshot(0.0))


@pytest.fixture
def notices() -> Notices:
    return queue.SimpleQueue()


@pytest.fixture
def connection(link: FakeLink, notices: Notices) -> Iterator[BusConnection]:
    connection = BusConnection(link, notices.put)
    connection.start()
    yield connection
    connection.close()
    assert link.closed


T = TypeVar("T")


def until(notices: Notices, kind: type[T]) -> T:
    """Return the first notice that is, or brings, a `kind`."""
    while True:
        notice = notices.get(timeout=5.0)
        content = notice.record if isinstance(notice, Arrived) else notice
        if isinstance(content, kind):
            return content


def in_any_order(notices: Notices, *kinds: type[object]) -> None:
    """Wait until a notice of each of `kinds` has come."""
    missing = set(kinds)
    while missing:
        notice = notices.get(timeout=5.0)
        assert isinstance(notice, Arrived)
        missing.discard(type(notice.record))


def test_the_first_message_asks_for_a_snapshot_once(
    link: FakeLink, connection: BusConnection, notices: Notices
) -> None:
    link.snapshot = snapshot(0.0, open_events=(event("update", onset=-5.0),))
    link.publish(level(0.1), 0.1)
    until(notices, Snapshot)
    assert len(connection.states[SOURCE_ID].open_events) == 1
    link.publish(health(1.0), 1.0)
    until(notices, Health)
    assert [request.request for request in link.requests] == ["snapshot"]


def test_meters_are_kept_without_a_word_and_every_event_is_announced(
    link: FakeLink, connection: BusConnection, notices: Notices
) -> None:
    for k in range(5):
        link.publish(level(k / 10), k / 10)
    link.publish(event("onset"), 10.0)
    link.publish(event("offset", offset=11.0), 12.0)
    announced = [until(notices, Event) for _ in range(2)]
    assert [record.type for record in announced] == ["onset", "offset"]
    assert connection.states[SOURCE_ID].level is not None
    assert len(connection.states[SOURCE_ID].past_events) == 1


def test_a_restart_forgets_the_old_health_and_asks_again(
    link: FakeLink, connection: BusConnection, notices: Notices
) -> None:
    link.publish(health(100.0, "lost"), 100.0)
    in_any_order(notices, Health, Snapshot)
    link.restarts = 1
    link.publish(level(0.1), 0.1)
    until(notices, Snapshot)
    health_now = connection.states[SOURCE_ID].health
    assert health_now is not None
    assert health_now.state == "running"


def test_a_refusal_is_announced_in_the_words_of_the_monitor(
    link: FakeLink, connection: BusConnection, notices: Notices
) -> None:
    link.refusal = "Unknown class 'x'."
    connection.ask(Request(request="mute", class_="x", value=True))
    assert until(notices, Refused).sentence == "Unknown class 'x'."


def test_a_monitor_that_does_not_answer_is_announced(
    connection: BusConnection, link: FakeLink, notices: Notices
) -> None:
    link.snapshot = None
    connection.ask(Request(request="snapshot"))
    assert until(notices, Refused).sentence == "Nobody answered; is the monitor still running?"
    with pytest.raises(PublishError):
        link.request(Request(request="snapshot"), 1.0)


def test_requests_keep_their_order(connection: BusConnection, link: FakeLink, notices: Notices) -> None:
    for value in (0.55, 0.6, 0.65):
        connection.ask(Request(request="threshold", class_="siren", value=value))
    connection.ask(Request(request="snapshot"))
    until(notices, Snapshot)
    assert [request.value for request in link.requests] == [0.55, 0.6, 0.65, None]


def test_nothing_is_asked_after_the_end(link: FakeLink, notices: Notices) -> None:
    connection = BusConnection(link, notices.put)
    connection.start()
    connection.close()
    connection.ask(Request(request="pause", value=True))
    assert link.requests == []


def ends(connection: BusConnection) -> list[str | None]:
    return [heard.ended_by for heard in connection.states[SOURCE_ID].heard.values()]


def test_when_the_monitor_goes_what_sounds_has_ended_and_goes_on_when_it_is_back(
    link: FakeLink, connection: BusConnection, notices: Notices
) -> None:
    link.publish(event("onset", onset=1.0), 1.0)
    assert until(notices, Event).type == "onset"
    link.is_alive = False
    gone = until(notices, Event)
    assert (gone.type, gone.ended_by, ends(connection)) == ("offset", "gone", ["gone"])
    link.is_alive = True
    link.publish(event("update", onset=1.0), 5.0)
    assert until(notices, Event).type == "update"
    assert ends(connection) == [None]


def test_a_monitor_that_restarted_ends_what_sounded_before(
    link: FakeLink, connection: BusConnection, notices: Notices
) -> None:
    link.publish(event("onset", onset=1.0), 1.0)
    until(notices, Snapshot)
    link.restarts += 1
    link.publish(event("onset", "dog_bark", onset=2.0), 2.0)
    found = [until(notices, Event) for _ in range(3)]
    assert [(one.type, one.class_) for one in found][-2:] == [("offset", "siren"), ("onset", "dog_bark")]
