"""What is urgent stays missed until somebody says that it was seen."""

from __future__ import annotations

from datetime import datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from monitor.bus.messages import Event, PublishedRecord, Request
from monitor.pipeline.acknowledgements import MOST, Acknowledgements
from monitor.records import EventType
from tests.examples import NOON, event


def urgent(type_: EventType = "offset", id_: str = "1", class_: str = "siren") -> Event:
    return msgspec.structs.replace(event(type_, class_, id_), urgent=True)


class Known:
    """Acknowledgements, and what they publish."""

    def __init__(self) -> None:
        self.published: list[PublishedRecord] = []
        self.time: datetime = NOON
        self.acknowledgements = Acknowledgements(self.published.append, lambda: self.time)

    def waiting(self) -> list[str]:
        return [one.id for one in self.acknowledgements.waiting]


def asked(event_id: str | None = None, class_: str | None = None, source_id: str | None = None) -> Request:
    return Request("acknowledge", class_, None, source_id, event_id, client="the interface (pid 1)")


def test_an_urgent_event_waits_until_it_is_acknowledged_and_says_by_whom_and_when() -> None:
    known = Known()
    assert known.acknowledgements.completed(urgent()) == urgent()
    assert known.waiting() == ["1"]
    reply = known.acknowledgements.handle(asked("1"))
    (told,) = known.published
    assert isinstance(told, Event)
    assert (told.type, told.acknowledged_by, told.acknowledged_at) == (
        "acknowledged",
        "the interface (pid 1)",
        NOON,
    )
    assert reply.ok
    assert reply.events == [told]
    assert known.waiting() == []


def test_what_follows_an_acknowledgement_carries_it() -> None:
    known = Known()
    known.acknowledgements.completed(urgent("onset"))
    known.acknowledgements.handle(asked())
    end = known.acknowledgements.completed(urgent("offset"))
    assert (end.type, end.acknowledged_by) == ("offset", "the interface (pid 1)")
    assert known.waiting() == []


def test_acknowledging_twice_says_nothing_twice_and_keeps_the_first() -> None:
    known = Known()
    known.acknowledgements.completed(urgent())
    first = known.acknowledgements.handle(asked("1"))
    known.time = NOON.replace(hour=13)
    assert known.acknowledgements.handle(asked("1")) == first
    assert len(known.published) == 1


def test_all_of_a_class_or_of_a_source_are_acknowledged_together() -> None:
    known = Known()
    for id_, class_ in (("1", "siren"), ("2", "fire_alarm"), ("3", "siren")):
        known.acknowledgements.completed(urgent(id_=id_, class_=class_))
    assert len(known.acknowledgements.handle(asked(class_="Siren")).events) == 2
    assert known.waiting() == ["2"]
    assert known.acknowledgements.handle(asked(source_id="elsewhere")).events == []
    assert len(known.acknowledgements.handle(asked(source_id="mic0")).events) == 1


def test_what_is_not_urgent_or_not_known_is_refused_with_what_waits() -> None:
    known = Known()
    known.acknowledgements.completed(event("offset", id_="9"))
    known.acknowledgements.completed(urgent())
    reply = known.acknowledgements.handle(asked("9"))
    assert not reply.ok
    assert reply.error == "There is no urgent event with id '9'; 1 wait to be acknowledged."
    assert not known.acknowledgements.handle(asked(class_="cat")).ok


def test_what_an_earlier_run_told_is_missed_in_this_one() -> None:
    known = Known()
    known.acknowledgements.remember([urgent()])
    assert known.published == [msgspec.structs.replace(urgent(), type="missed")]
    assert known.waiting() == ["1"]


@given(st.lists(st.tuples(st.integers(0, MOST * 2), st.booleans()), max_size=MOST * 2))
def test_however_many_there_are_the_memory_is_bounded_and_the_newest_is_kept(
    steps: list[tuple[int, bool]],
) -> None:
    known = Known()
    for number, seen in steps:
        known.acknowledgements.completed(urgent(id_=str(number)))
        if seen:
            known.acknowledgements.handle(asked(str(number)))
    assert len(known.waiting()) <= MOST
    newest = [str(number) for number, _ in steps[-1:]]
    acknowledged = {str(number) for number, seen in steps[-MOST:] if seen}
    assert all(id_ in known.waiting() or id_ in acknowledged for id_ in newest)
