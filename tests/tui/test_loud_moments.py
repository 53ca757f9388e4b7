from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from monitor.tui.loud_moments import KEPT, Moments, loudest, with_level, with_scores, without

from .fakes import RATE, event, level, scores


def after(*seconds_and_dbfs: tuple[float, float]) -> Moments:
    moments: Moments = ()
    for seconds, dbfs in seconds_and_dbfs:
        moments = with_level(moments, level(seconds, dbfs), RATE, seconds)
    return moments


def test_what_does_not_stand_out_is_no_moment() -> None:
    assert after((1.0, -57.0), (2.0, -54.0)) == ()


def test_of_a_stretch_the_loudest_moment_is_kept_and_of_all_the_loudest_is_told() -> None:
    moments = after((1.0, -45.0), (3.0, -30.0), (4.0, -40.0), (30.0, -35.0))
    assert [one.level_dbfs for one in moments] == [-30.0, -35.0]
    told = loudest(moments, since_s=0.0)
    assert told is not None
    assert told.sample == 3 * RATE
    later = loudest(moments, since_s=20.0)
    assert later is not None
    assert later.level_dbfs == -35.0
    assert loudest(moments, since_s=40.0) is None


def test_it_says_what_it_was_like_by_the_window_that_holds_it() -> None:
    moments = with_scores(after((9.5, -30.0)), scores(10.0))
    assert moments[-1].like == "speech"
    assert with_scores(after((9.5, -30.0)), scores(9.0))[-1].like == ""


def test_what_an_event_explains_is_no_unrecognised_moment() -> None:
    moments = after((1.0, -30.0), (15.0, -30.0), (40.0, -30.0))
    ended = without(moments, event("offset", onset=14.5, offset=16.0))
    assert [one.sample // RATE for one in ended] == [1, 40]
    goes_on = without(moments, event("onset", onset=14.5))
    assert [one.sample // RATE for one in goes_on] == [1]


@given(st.lists(st.tuples(st.floats(0, 1e5), st.floats(-90, 0)), max_size=40))
def test_there_are_never_more_than_are_kept_and_none_before_another(spots: list[tuple[float, float]]) -> None:
    moments = after(*sorted(spots))
    assert len(moments) <= KEPT
    assert all(later.sample > one.sample for one, later in pairwise(moments))
