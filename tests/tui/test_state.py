from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.bus.messages import ClockStep, PublishedRecord
from monitor.tui.shown import MAX_PAST
from monitor.tui.state import COLUMNS, State

from .fakes import RATE, at, event, health, level, near_miss, scene, scores, snapshot

R = TypeVar("R", bound=msgspec.Struct)


def applied(*records: tuple[PublishedRecord, float], state: State | None = None) -> State:
    state = state or State()
    for record, seconds in records:
        state = state.apply(record, seconds, round(10 * seconds))
    return state


def test_an_event_is_open_from_its_onset_to_its_offset() -> None:
    state = applied((event("onset"), 10.5), (event("update"), 12.0))
    assert [heard.event.class_ for heard in state.open_events] == ["siren"]
    assert state.past_events == []
    state = applied((event("offset", offset=14.0, ended_by="quiet"), 15.5), state=state)
    assert state.open_events == []
    assert [state.lasted_s(heard, 99.0) for heard in state.past_events] == [4.0]


def test_the_length_of_an_event_never_shrinks_while_it_fades_and_ends() -> None:
    state = applied((health(9.0), 9.0), (event("onset"), 10.5))
    lengths: list[float] = []
    for k in range(16):  # the window of 2 s that ends at 13.5 s is the last one that holds the event
        seconds = 10.5 + k / 4
        state = applied((scores(seconds, siren=0.87 if seconds <= 13.5 else 0.01), seconds), state=state)
        (heard,) = state.open_events
        assert state.fading(heard) == (seconds > 13.5)
        lengths.append(state.lasted_s(heard, seconds))
    state = applied((event("offset", offset=12.5, ended_by="quiet"), 14.5), state=state)
    (heard,) = state.past_events
    lengths.append(state.lasted_s(heard, 14.5))
    assert lengths == sorted(lengths)
    assert lengths[-1] == 2.5
    assert not state.fading(heard)


def test_an_event_keeps_its_highest_score_level_and_snr() -> None:
    state = applied(
        (event("onset", score=0.6, dbfs=-40.0), 10.5),
        (event("update", score=0.9, dbfs=-44.0), 12.0),
        (event("offset", score=0.2, dbfs=-57.0, offset=13.0), 14.0),
    )
    (heard,) = state.past_events
    assert (heard.peak_score, heard.level_dbfs) == (0.9, -40.0)
    assert heard.snr_db > 17.0


def test_an_event_remembers_when_it_was_first_seen_here() -> None:
    state = applied((event("onset"), 10.5), (event("update"), 12.0))
    assert state.open_events[0].seen_s == 10.5


def test_an_event_never_opens_again_after_its_offset() -> None:
    state = applied((event("offset", offset=13.0), 14.0), (event("update"), 15.0))
    assert state.open_events == []


def test_urgent_events_come_first_then_the_newest() -> None:
    state = applied(
        (event("onset", "siren", onset=1.0, urgent=True), 1.0),
        (event("onset", "dog_bark", onset=2.0), 2.0),
        (event("onset", "knocking", onset=3.0), 3.0),
    )
    assert [heard.event.class_ for heard in state.open_events] == ["siren", "knocking", "dog_bark"]


def test_a_snapshot_brings_open_and_recent_events_and_health() -> None:
    late = snapshot(20.0, open_events=(event("update"),), recent=(event("offset", "dog_bark", offset=12.0),))
    state = State().apply(late, 20.0)
    assert [heard.event.class_ for heard in state.open_events] == ["siren"]
    assert [heard.event.class_ for heard in state.past_events] == ["dog_bark"]
    assert state.health is not None


def test_a_snapshot_ends_events_whose_offset_was_missed() -> None:
    state = applied((event("onset"), 10.5)).apply(snapshot(20.0), 20.0)
    assert state.open_events == []
    assert state.past_events[0].ended_by == "unknown"


def test_a_snapshot_does_not_end_an_event_that_began_after_it() -> None:
    state = applied((event("onset", onset=20.5), 21.0)).apply(snapshot(20.0), 21.1)
    assert len(state.open_events) == 1


def test_a_late_snapshot_does_not_reopen_an_event_or_replace_newer_health() -> None:
    state = applied((event("offset", offset=13.0), 14.0), (health(15.0, "lost"), 15.0))
    state = state.apply(snapshot(12.0, open_events=(event("update"),)), 15.1)
    assert state.open_events == []
    assert state.health is not None
    assert state.health.state == "lost"


def test_the_time_since_the_state_changed_is_kept() -> None:
    state = applied((health(1.0), 1.0), (health(2.0), 2.0))
    assert state.state_since_s == 1.0
    assert applied((health(3.0, "lost"), 3.0), state=state).state_since_s == 3.0


def test_levels_that_were_missed_leave_a_gap_in_the_spectrogram() -> None:
    state = applied((health(1.0), 1.0), (level(1.0), 1.0), (level(1.1), 1.1), (level(2.1), 2.1))
    assert len(state.columns) == 12
    assert [column.level is None for column in state.columns] == [False, False, *[True] * 9, False]


def test_when_a_sample_was_heard_is_reckoned_from_what_is_known() -> None:
    assert State().heard_s(8000, 5.0) == 5.0
    assert applied((health(4.0), 104.0)).heard_s(3 * RATE, 106.0) == 103.0
    state = applied((health(4.0), 104.0), (level(5.0), 105.2), (level(5.1), 105.3))
    assert state.heard_s(round(5.1 * RATE), 109.0) == 105.3
    assert state.heard_s(3 * RATE, 109.0) == pytest.approx(103.2)
    assert state.heard_s(99 * RATE, 109.0) == 109.0


def test_a_file_that_is_heard_fast_shows_its_events_where_they_sounded() -> None:
    state = applied((health(0.0), 50.0), *((level(k / 10), 50.0 + k / 200) for k in range(1, 200)))
    (heard,) = applied((event("offset", onset=5.0, offset=9.0), 50.6), state=state).past_events
    assert (heard.began_s, heard.ended_s) == (50.25, 50.45)
    assert state.lasted_s(heard, 99.0) == 4.0


@pytest.mark.parametrize("step_s", [-3600.0, 3600.0])
def test_a_clock_that_is_set_wipes_nothing_freezes_nothing_and_reorders_nothing(step_s: float) -> None:
    def shifted(record: R) -> R:
        times = {name: getattr(record, name) for name in ("time", "onset_time", "offset_time")
                 if getattr(record, name, None) is not None}  # fmt: skip
        moved = {name: value + timedelta(seconds=step_s) for name, value in times.items()}
        return msgspec.structs.replace(record, **moved)

    state = applied(
        (health(1.0), 1.0), (level(1.0), 1.0), (level(1.1), 1.1), (event("onset", onset=0.5), 1.1)
    )
    state = applied((event("onset", "dog_bark", onset=0.6), 1.1), state=state)
    step = ClockStep(1, at(1.2), step_s, 0.0)
    said = msgspec.structs.replace(shifted(health(2.0)), clock_step=step)
    state = applied((shifted(level(1.2)), 1.2), (said, 1.2), state=state)
    assert [column.level is not None for column in state.columns] == [True] * 3
    assert state.health == said
    assert state.clock_set_s == 1.2
    update = shifted(event("update", onset=0.5, score=0.9))
    state = applied((update, 1.3), (shifted(event("onset", "knocking", onset=1.25)), 1.4), state=state)
    assert [heard.event.class_ for heard in state.open_events] == ["knocking", "dog_bark", "siren"]
    assert state.heard[update.id].event == update
    later = shifted(snapshot(2.0))
    state = state.apply(later, 2.0)
    assert state.open_events == []
    assert state.health == later.health[0]
    assert all(0.0 <= state.lasted_s(heard, 2.0) <= 1.5 for heard in state.past_events)


def test_a_restart_keeps_events_and_forgets_the_rest() -> None:
    state = applied(
        (event("onset"), 1.0), (level(1.0), 1.0), (health(1.0), 1.0), (scores(1.0, siren=0.5), 1.0)
    )
    again = state.restarted()
    assert again.heard == {id_: replace(heard, sequence=0) for id_, heard in state.heard.items()}
    assert (again.health, again.scores, again.columns) == (None, None, ())


def test_histories_are_bounded_and_open_events_stay() -> None:
    state = applied((event("onset", onset=0.0), 0.0))
    for k in range(MAX_PAST + 20):
        state = applied((event("offset", "dog_bark", onset=float(k), offset=k + 1.0), k + 1.0), state=state)
        state = applied((near_miss(float(k)), k + 1.0), state=state)
    assert len(state.past_events) == MAX_PAST
    assert len(state.near_misses) == MAX_PAST
    assert len(state.open_events) == 1
    state = applied((health(1.0), 1.0), (level(1.0), 1.0), (level(9000.0), 9000.0), state=state)
    assert len(state.columns) == COLUMNS


@given(ticks=st.lists(st.integers(0, 249), unique=True).map(sorted))
def test_applying_every_message_twice_changes_nothing(ticks: list[int]) -> None:
    once, twice = State(), State()
    for tick in ticks:
        for record in scene(tick):
            once = once.apply(record, tick / 10, tick)
            twice = twice.apply(record, tick / 10, tick)
            twice = twice.apply(record, tick / 10, tick)
    assert once == twice
