from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.bus.codec import topic_of
from monitor.bus.messages import Event
from monitor.bus.publisher_state import RECENT, PublisherState
from monitor.records import EventType
from tests.examples import NOON, event, health, level


def entered(records: list[Event]) -> PublisherState:
    ledger = PublisherState()
    for record in records:
        ledger.enter(topic_of(record), record)
    return ledger


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans())))
def test_an_event_is_open_from_its_onset_to_its_offset(steps: list[tuple[str, bool]]) -> None:
    ledger, last, offsets = PublisherState(), dict[str, Event](), list[Event]()
    for id_, ends in steps:
        type_: EventType = "offset" if ends else ("update" if id_ in last else "onset")
        record = event(type_, id_=id_)
        ledger.enter(topic_of(record), record)
        if ends:
            last.pop(id_, None)
            offsets.append(record)
        else:
            last[id_] = record
    snapshot = ledger.snapshot("e", NOON)
    assert snapshot.open_events == list(last.values())
    assert snapshot.recent_events == offsets[-RECENT:]


def test_only_the_last_ended_events_are_kept() -> None:
    ended = [event("offset", id_=str(number)) for number in range(RECENT + 7)]
    assert entered(ended).snapshot("e", NOON).recent_events == ended[-RECENT:]


def test_health_is_the_newest_of_each_source() -> None:
    ledger = PublisherState()
    for state in ("starting", "running", "lost"):
        ledger.enter("health/mic0/", health(state))
    assert ledger.snapshot("e", NOON).health == [health("lost")]


@given(st.lists(st.sampled_from(["a", "b", "c"])))
def test_sequences_count_from_one_without_gaps_per_topic(topics: list[str]) -> None:
    ledger = PublisherState()
    given_out: dict[str, list[int]] = {}
    for topic in topics:
        given_out.setdefault(topic, []).append(ledger.enter(topic, level()))
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in given_out.values())
    assert ledger.sequences == {topic: len(numbers) for topic, numbers in given_out.items()}
