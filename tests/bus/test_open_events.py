from __future__ import annotations

import itertools
from datetime import timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from monitor.bus.messages import Event, Snapshot
from monitor.bus.open_events import OpenEvents
from tests.examples import NOON, event

IDS = ("1", "2")


def snapshot(*open_events: Event, recent: tuple[Event, ...] = ()) -> Snapshot:
    return Snapshot("e", NOON, {}, [], list(open_events), list(recent))


def test_what_sounds_when_one_joins_comes_once() -> None:
    sounding = OpenEvents()
    assert sounding.compare(snapshot(event("update"))) == [event("update")]
    assert sounding.take(event("onset")) == []  # it was on its way
    assert sounding.take(event("update")) == []
    assert sounding.take(event("offset")) == [event("offset")]
    assert sounding.take(event("update")) == []


def test_an_end_that_was_missed_comes_from_a_snapshot() -> None:
    sounding = OpenEvents()
    sounding.take(event("onset", id_="1"))
    sounding.take(event("onset", id_="2"))
    ended = event("offset", id_="1")
    first, second = sounding.compare(snapshot(recent=(ended,)))
    assert first == ended
    assert (second.id, second.type, second.ended_by, second.offset_sample) == ("2", "offset", "unknown", None)


def test_when_the_monitor_goes_everything_ends_and_may_go_on_later() -> None:
    sounding = OpenEvents()
    sounding.take(event("onset"))
    (end,) = sounding.gone(NOON + timedelta(seconds=5))
    assert (end.type, end.ended_by, end.offset_time) == ("offset", "gone", NOON + timedelta(seconds=5))
    assert sounding.gone(NOON) == []
    assert sounding.take(event("update")) == [event("update")]
    assert sounding.take(event("offset")) == [event("offset")]


def test_that_an_event_was_missed_or_acknowledged_comes_once_and_changes_no_life() -> None:
    sounding = OpenEvents()
    missed, seen = event("missed", id_="earlier"), event("acknowledged", id_="1")
    joined = msgspec.structs.replace(snapshot(), missed_events=[missed])
    assert sounding.compare(joined) == [missed]
    assert sounding.compare(joined) == sounding.take(missed) == []
    sounding.take(event("onset", id_="1"))
    assert sounding.take(seen) == [seen]
    assert sounding.take(seen) == []
    assert sounding.take(event("offset", id_="1")) == [event("offset", id_="1")]
    assert sounding.take(event("acknowledged", id_="earlier")) == [event("acknowledged", id_="earlier")]


def test_what_ended_before_ones_eyes_is_not_told_as_missed_when_one_joins_again() -> None:
    sounding = OpenEvents()
    sounding.take(event("onset"))
    sounding.take(event("offset"))
    assert sounding.compare(msgspec.structs.replace(snapshot(), missed_events=[event("missed")])) == []


steps = st.one_of(
    st.tuples(st.just("take"), st.sampled_from(["onset", "update", "offset"]), st.sampled_from(IDS)),
    st.tuples(st.just("compare"), st.sets(st.sampled_from(IDS)), st.sets(st.sampled_from(IDS))),
    st.just(("gone",)),
)


@given(st.lists(steps, max_size=30))
def test_each_event_has_one_end_after_which_only_one_that_went_with_its_monitor_goes_on(
    played: list[tuple[object, ...]],
) -> None:
    """Whatever arrives, in whatever order."""
    sounding = OpenEvents()
    told: dict[str, list[Event]] = {id_: [] for id_ in IDS}
    for step in played:
        match step:
            case ("take", kind, str(id_)):
                found = sounding.take(msgspec.structs.replace(event(id_=id_), type=kind))
            case ("compare", set() as sounds, set() as over):
                recent = tuple(event("offset", id_=str(id_)) for id_ in over - sounds)
                found = sounding.compare(snapshot(*(event(id_=str(id_)) for id_ in sounds), recent=recent))
            case _:
                found = sounding.gone(NOON)
        for one in found:
            told[one.id].append(one)
    for story in told.values():
        for before, after in itertools.pairwise(story):
            assert before.type != "offset" or before.ended_by == "gone"
            assert after.type != "onset" or before.type == "offset"
