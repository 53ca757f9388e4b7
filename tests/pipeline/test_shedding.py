from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.pipeline.shedding import STRETCH_S, Allotment, Shedding

HOP_S = 0.25
STRETCH = STRETCH_S / HOP_S


def at(share: float) -> Shedding:
    """Return what all decide by while `share` of the windows fit."""
    shedding = Shedding(1.0)
    shedding.share = share
    return shedding


def settled(capacity: float, lag_s: float, seconds: float = 60.0) -> tuple[float, float]:
    """Return share and lag after a while in which `capacity` of the windows can be analysed."""
    shedding, now_s = Shedding(1.0), 0.0
    while now_s < seconds:
        shedding.observe([lag_s] * 3, 0.1, now_s)
        lag_s = max(0.0, lag_s + 0.1 * (shedding.share - capacity))
        now_s += 0.1
    return shedding.share, lag_s


@given(share=st.floats(0.02, 1.0), windows=st.integers(1, 500), sources=st.integers(1, 20))
def test_each_source_has_its_share_of_the_windows_to_within_a_stretch(
    share: float, windows: int, sources: int
) -> None:
    shedding = at(share)
    for _ in range(sources):
        allotment = Allotment(shedding, HOP_S)
        analysed = sum(not allotment.passes_over() for _ in range(windows))
        assert abs(analysed - share * windows) <= STRETCH + 2.0


@given(share=st.floats(0.02, 0.9))
def test_windows_are_passed_over_in_stretches_so_that_a_sound_can_still_be_confirmed(share: float) -> None:
    allotment = Allotment(at(share), HOP_S)
    said = "".join("." if allotment.passes_over() else "#" for _ in range(2000))
    runs = [len(run) for run in said.strip("#").split(".") if run]
    assert min(runs) >= STRETCH - 1


def test_sources_do_not_pass_over_all_at_the_same_time() -> None:
    shedding = at(0.5)
    allotments = [Allotment(shedding, HOP_S) for _ in range(20)]
    at_once = [sum(not allotment.passes_over() for allotment in allotments) for _ in range(200)][
        24:
    ]  # settled
    assert 4 <= min(at_once) <= max(at_once) <= 16


@pytest.mark.parametrize("capacity", [0.1, 0.3, 0.5, 0.9])
def test_the_share_settles_at_what_can_be_analysed_and_the_lag_below_what_is_allowed(capacity: float) -> None:
    share, lag_s = settled(capacity, lag_s=0.0)
    assert share == pytest.approx(capacity, abs=0.03)
    assert 0.3 < lag_s < 0.7


def test_nothing_is_passed_over_where_all_can_be_analysed_and_it_ends_with_the_lag() -> None:
    assert settled(1.2, lag_s=0.0) == (1.0, 0.0)
    assert settled(1.2, lag_s=5.0) == (1.0, 0.0)


def test_one_late_source_of_several_is_no_reason_to_pass_over_windows_of_the_others() -> None:
    shedding = Shedding(1.0)
    for tenth in range(100):
        shedding.observe([9.0, 0.1, 0.1], 0.1, tenth / 10)
    assert shedding.share == 1.0


def test_a_lag_of_two_rounds_is_allowed_however_long_a_round_takes() -> None:
    shedding = Shedding(1.0)
    shedding.observe([2.5, 2.5], 3.0, 0.0)
    assert (shedding.limit_s, shedding.share) == (6.0, 1.0)
