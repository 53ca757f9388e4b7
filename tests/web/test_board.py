from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from monitor.bus.client import Contact, ContactChange
from monitor.bus.messages import Heartbeat
from monitor.web.board import MOST_MISSED, MOST_PAST, Board, is_missed
from monitor.web.page_messages import EventMessage, MachineMessage, SourceMessage
from tests.tui.fakes import event, health, level

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def board() -> Board:
    return Board(0, "tcp://127.0.0.1:5557", NOW)


def contact(change: ContactChange) -> Contact:
    return Contact(change, f"It is {change}.", NOW + timedelta(seconds=1))


def test_the_first_sign_of_life_is_told_with_all_there_is() -> None:
    told = board().take([Heartbeat(NOW, {})], NOW)
    assert [type(message) for message in told] == [MachineMessage]
    assert told[0] == MachineMessage(msgspec.structs.replace(board().machine, contact="alive"))


def test_health_is_told_only_where_something_is_otherwise_than_before() -> None:
    known = board()
    known.take([health(1.0)], NOW)
    assert known.take([health(2.0)], NOW) == []
    (told,) = known.take([health(3.0, "lost", "It was unplugged.")], NOW)
    assert isinstance(told, SourceMessage)
    assert (told.source.state, told.source.reason) == ("lost", "It was unplugged.")


def test_an_event_is_told_once_for_each_that_is_new_of_it() -> None:
    known = board()
    known.take([health(1.0)], NOW)
    onset = event("onset", urgent=True)
    assert len(known.take([onset, onset], NOW)) == 1
    (told,) = known.take([event("offset", urgent=True, offset=12.0, ended_by="quiet")], NOW)
    assert isinstance(told, EventMessage)
    assert is_missed(told.event)
    seen = msgspec.structs.replace(onset, type="acknowledged", acknowledged_by="me", acknowledged_at=NOW)
    (told,) = known.take([seen], NOW)
    assert isinstance(told, EventMessage)
    assert not is_missed(told.event)
    assert told.event.offset_time is not None


def test_a_level_is_told_once_so_that_none_stands_where_nothing_is_measured() -> None:
    known = board()
    known.take([health(1.0), level(1.0), level(1.1, -40.0)], NOW)
    assert [one.level_dbfs for one in known.take_levels().values()] == [-40.0]
    assert known.take_levels() == {}


def test_a_monitor_that_goes_is_told_gone_with_the_time() -> None:
    known = board()
    known.take([health(1.0)], NOW)
    known.take([contact("gone")], NOW)
    assert (known.machine.contact, known.machine.since) == ("gone", NOW + timedelta(seconds=1))
    known.take([contact("back")], NOW)
    assert known.machine.contact == "alive"


def test_what_is_concluded_of_a_monitor_that_is_gone_is_no_sign_of_its_life() -> None:
    known = board()
    known.take([health(1.0), event("onset", urgent=True)], NOW)
    known.take([contact("gone"), event("offset", urgent=True, offset=11.0, ended_by="gone")], NOW)
    assert known.machine.contact == "gone"
    assert [is_missed(one) for one in known.machine.events] == [True]


def test_a_restarted_monitor_may_have_other_sources() -> None:
    known = board()
    known.take([health(1.0)], NOW)
    known.take([contact("restarted")], NOW)
    assert known.machine.sources == []


def test_what_is_odd_about_the_connection_is_told_until_it_is_over() -> None:
    known = board()
    known.take([health(1.0), contact("stalled")], NOW)
    assert known.machine.note == "It is stalled."
    known.take([contact("moving")], NOW)
    assert known.machine.note is None


@given(st.lists(st.tuples(st.integers(0, 400), st.booleans(), st.booleans()), max_size=600))
def test_the_list_is_bounded_and_open_and_missed_ones_outlast_the_others(
    lives: list[tuple[int, bool, bool]],
) -> None:
    known = board()
    for number, urgent, ends in lives:
        one = event("onset", urgent=urgent, id_=f"{number}-{urgent}")
        over = event("offset", urgent=urgent, id_=f"{number}-{urgent}", offset=20.0, ended_by="quiet")
        known.take([one, *([over] if ends else [])], NOW)
    events = known.machine.events
    assert sum(is_missed(one) for one in events) <= MOST_MISSED
    assert sum(one.offset_time is not None and not is_missed(one) for one in events) <= MOST_PAST
    assert len({one.id for one in events}) == len(events)
