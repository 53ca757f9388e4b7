"""How a node stands: whoever gives no sign of life is never taken for one that hears."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from monitor.bus.messages import NodeState
from monitor.fleet.sightings import Seen
from monitor.fleet.standing import Standing, own_clock_off_s, standing, standings
from tests.examples import NOON

NOW = NOON + timedelta(hours=1)
NOW_S = 5000.0
STATE = NodeState(
    node="attic",
    run="r",
    version="1",
    time=NOW - timedelta(seconds=5),
    started=NOON,
    heartbeat_s=15.0,
    hearing="good",
    sources=[],
)
ANSWERED = Seen(state=STATE, presence="online", offset_s=0.01, within_s=0.02, came_s=NOW_S - 1.0)


def of(seen: Seen, asked: bool = True) -> Standing:
    return standing("attic", seen, NOW, NOW_S, asked)


def older(seconds: float) -> NodeState:
    return replace(STATE, time=NOW - timedelta(seconds=seconds))


def test_one_that_answers_and_hears_is_well() -> None:
    assert of(ANSWERED).well
    assert of(replace(ANSWERED, state=replace(STATE, hearing="noisy", reason="traffic"))).status == "noisy"


@pytest.mark.parametrize(
    ("seen", "status"),
    [
        (Seen(presence="online"), "unknown"),
        (Seen(state=STATE, presence="lost"), "lost"),
        (Seen(state=STATE, presence="online"), "silent"),
        (Seen(state=older(600.0), presence="online"), "silent"),
        (Seen(state=STATE, kept_at=NOW - timedelta(hours=2)), "silent"),
        (Seen(state=STATE, kept_at=NOW - timedelta(seconds=5)), "silent"),
        (replace(ANSWERED, came_s=NOW_S - 60.0), "silent"),
        (Seen(state=replace(STATE, stopped=True), presence="stopped"), "stopped"),
        (replace(ANSWERED, presence="lost"), "good"),
    ],
)
def test_silence_is_told_whatever_was_said_last(seen: Seen, status: str) -> None:
    assert of(seen).status == status


def test_where_nobody_was_asked_the_last_sign_of_life_counts() -> None:
    assert of(Seen(state=STATE, presence="online"), asked=False).status == "good"
    assert of(Seen(state=older(49.0), presence="online"), asked=False).status == "silent"


def test_a_state_from_the_future_proves_no_life() -> None:
    """A clock that was ahead when its node died would make it look alive for as long."""
    ahead = Seen(state=older(-3600.0), presence="online")
    assert of(ahead, asked=False).status == "silent"
    assert of(ahead, asked=False).seen_s is None


@pytest.mark.parametrize(
    ("offset_s", "within_s", "wrong"),
    [(0.5, 0.01, False), (-3600.0, 0.01, True), (2.5, 0.1, True), (2.5, 1.0, False)],
)
def test_a_clock_is_wrong_only_where_the_way_of_the_answer_does_not_explain_it(
    offset_s: float, within_s: float, wrong: bool
) -> None:
    found = of(replace(ANSWERED, offset_s=offset_s, within_s=within_s))
    assert (found.clock_wrong, found.well) == (wrong, not wrong)


def test_where_all_clocks_differ_alike_it_is_this_one() -> None:
    rows = [of(replace(ANSWERED, offset_s=offset_s)) for offset_s in (60.0, 60.5, 59.8, 0.0)]
    assert own_clock_off_s(rows) == pytest.approx(-59.9)
    assert own_clock_off_s(rows[:2]) is None
    assert own_clock_off_s([of(ANSWERED)] * 5) is None


def test_those_that_need_somebody_come_first_and_one_that_never_came_is_missed() -> None:
    seen = {
        "a": ANSWERED,
        "b": Seen(state=STATE, presence="lost"),
        "c": replace(ANSWERED, state=replace(STATE, hearing="deaf")),
    }
    found = standings(seen, NOW, NOW_S, True, ["a", "porch"])
    assert [one.node for one in found] == ["porch", "b", "c", "a"]


ages = st.floats(0.0, 1e6)


@given(
    age_s=st.floats(-1e6, 1e6),
    came_s=st.none() | ages,
    kept_s=st.none() | ages,
    offset_s=st.none() | st.floats(-1e6, 1e6),
    presence=st.sampled_from(["", "online", "lost", "stopped"]),
    asked=st.booleans(),
)
def test_nobody_is_well_without_a_sign_of_life_within_three_heartbeats(**given_: Any) -> None:
    seen = Seen(
        state=older(given_["age_s"]),
        presence=given_["presence"],
        kept_at=None if given_["kept_s"] is None else NOW - timedelta(seconds=given_["kept_s"]),
        came_s=None if given_["came_s"] is None else NOW_S - given_["came_s"],
        offset_s=given_["offset_s"],
    )
    signs = [
        given_["came_s"],
        given_["kept_s"] if given_["came_s"] is None else None,
        given_["age_s"] if given_["came_s"] is None and given_["kept_s"] is None else None,
    ]
    recent = any(one is not None and -2.0 <= one <= 47.0 for one in signs)
    if of(seen, given_["asked"]).status == "good":
        assert recent
        assert given_["presence"] != "stopped"
