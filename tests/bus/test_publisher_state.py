from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.bus.codec import topic_of
from monitor.bus.messages import Event
from monitor.bus.publisher_state import RECENT, PublisherState
from monitor.records import EventType
from tests.examples import NOON, event, health, level


def entered(records: list[Event]) -> PublisherState:
    state = PublisherState()
    for record in records:
        state.enter(topic_of(record), record)
    return state


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans())))
def test_an_event_is_open_from_its_onset_to_its_offset(steps: list[tuple[str, bool]]) -> None:
    state, last, offsets = PublisherState(), dict[str, Event](), list[Event]()
    for id_, ends in steps:
        type_: EventType = "offset" if ends else ("update" if id_ in last else "onset")
        record = event(type_, id_=id_)
        state.enter(topic_of(record), record)
        if ends:
            last.pop(id_, None)
            offsets.append(record)
        else:
            last[id_] = record
    snapshot = state.snapshot("e", NOON)
    assert snapshot.open_events == list(last.values())
    assert snapshot.recent_events == offsets[-RECENT:]


def test_only_the_last_ended_events_are_kept() -> None:
    ended = [event("offset", id_=str(number)) for number in range(RECENT + 7)]
    assert entered(ended).snapshot("e", NOON).recent_events == ended[-RECENT:]


def test_health_is_the_newest_of_each_source() -> None:
    publisher = PublisherState()
    for state in ("starting", "running", "lost"):
        publisher.enter("health/mic0/", health(state))
    assert publisher.snapshot("e", NOON).health == [health("lost")]


@given(st.lists(st.sampled_from(["a", "b", "c"])))
def test_sequences_count_from_one_without_gaps_per_topic(topics: list[str]) -> None:
    state = PublisherState()
    given_out: dict[str, list[int]] = {}
    for topic in topics:
        given_out.setdefault(topic, []).append(state.enter(topic, level()))
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in given_out.values())
    assert state.sequences == {topic: len(numbers) for topic, numbers in given_out.items()}
