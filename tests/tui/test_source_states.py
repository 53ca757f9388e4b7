from __future__ import annotations

from collections.abc import Sequence

import msgspec

from monitor.bus.messages import Heartbeat, PublishedRecord, Snapshot
from monitor.tui.source_states import States, after, after_restart

from .fakes import SOURCE_ID, at, event, health, level, snapshot
from .several import of


def seen(records: Sequence[PublishedRecord | Snapshot], states: States | None = None) -> States:
    states = {} if states is None else states
    for record in records:
        states = after(states, record, 20.0)
    return states


def both(seconds: float) -> Snapshot:
    """A snapshot of two sources: the attic sounds, the cellar has sounded."""
    return msgspec.structs.replace(
        snapshot(seconds),
        health=[of(health(seconds), "cellar"), of(health(seconds), "attic")],
        open_events=[of(event("update"), "attic")],
        recent_events=[of(event("offset", "dog_bark", offset=12.0), "cellar")],
    )


def test_what_one_source_says_changes_nothing_of_another() -> None:
    states = seen([of(level(1.0), "attic"), of(level(1.0, -20.0), "cellar"), of(event("onset"), "cellar")])
    assert [state.level and state.level.level_dbfs for state in states.values()] == [-56.0, -20.0]
    assert [len(state.open_events) for state in states.values()] == [0, 1]


def test_a_snapshot_gives_each_source_its_part_in_the_order_of_the_monitor() -> None:
    states = seen([of(level(1.0), "attic"), both(20.0)])
    assert list(states) == ["cellar", "attic"]
    assert [len(state.open_events) for state in states.values()] == [0, 1]
    assert [len(state.past_events) for state in states.values()] == [1, 0]


def test_a_snapshot_ends_what_it_does_not_list_at_every_source() -> None:
    states = seen([of(event("onset", "knocking"), "cellar")])
    states = after(states, both(30.0), 30.0)
    assert [heard.ended_by for heard in states["cellar"].past_events] == ["unknown", "quiet"]


def test_a_heartbeat_is_no_source() -> None:
    beat = Heartbeat(time=at(1.0), sequences={})
    assert seen([beat]) == {}
    assert list(seen([level(1.0), beat])) == [SOURCE_ID]


def test_after_a_restart_the_events_of_each_source_are_still_known_and_nothing_else() -> None:
    states = after_restart(seen([both(20.0)]))
    assert [state.health for state in states.values()] == [None, None]
    assert [len(state.heard) for state in states.values()] == [1, 1]
