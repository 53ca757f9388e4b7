"""Resampling: whole recordings, two ways, always the same."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.evaluation.metrics.bootstrap import estimate, two_way_weights
from monitor.evaluation.metrics.ranking import accuracy

names = st.lists(st.sampled_from("abcde"), min_size=1, max_size=30)


@given(names, st.integers(0, 3))
def test_the_same_seed_gives_the_same_resamples_and_the_first_row_is_what_was_observed(
    events: list[str], seed: int
) -> None:
    backgrounds = events[::-1]

    weights = two_way_weights(events, backgrounds, rounds=20, seed=seed)

    assert np.array_equal(weights, two_way_weights(events, backgrounds, rounds=20, seed=seed))
    assert weights.shape == (21, len(events))
    assert np.all(weights[0] == 1.0)


@given(names)
def test_mixtures_of_the_same_two_recordings_share_their_weight(events: list[str]) -> None:
    backgrounds = [name.upper() for name in events]

    weights = two_way_weights(events, backgrounds, rounds=20)

    for name in set(events):
        own = weights[:, [at for at, other in enumerate(events) if other == name]]
        assert np.all(own == own[:, :1])


def test_as_many_recordings_are_drawn_as_there_are() -> None:
    weights = two_way_weights(list("abcdefgh"), None, rounds=50)

    assert np.all(weights.sum(axis=1) == 8.0)


def test_the_draws_of_the_events_do_not_depend_on_the_backgrounds() -> None:
    events = list("aabbcc")

    alone = two_way_weights(events, None, rounds=50)
    crossed = two_way_weights(events, ["x"] * 6, rounds=50)

    assert np.array_equal(alone, crossed)


def test_recordings_of_a_source_are_drawn_together_and_each_source_as_one() -> None:
    sources = {"a": "phone", "b": "phone", "c": "studio", "d": "studio"}

    weights = two_way_weights(list("abcd"), None, sources, rounds=200)[1:]

    phone, studio = weights[:, :2].sum(axis=1), weights[:, 2:].sum(axis=1)
    assert set(phone) == set(studio) == {0.0, 2.0, 4.0}
    assert np.all(phone + studio == 4.0)
    assert np.any(weights[:, 0] != weights[:, 1])


def test_one_source_changes_no_draw() -> None:
    events, backgrounds = list("aabbcc"), list("xyzxyz")
    known = dict.fromkeys("abcxyz", "phone")

    assert np.array_equal(two_way_weights(events, backgrounds, known), two_way_weights(events, backgrounds))


def test_recordings_of_few_sources_give_wider_intervals_than_of_many() -> None:
    names = [str(at) for at in range(120)]
    right = np.arange(120) % 4 < 2
    sources = {name: f"source {at % 4}" for at, name in enumerate(names)}

    plain, nested = (estimate(accuracy(right, two_way_weights(names, None, own))) for own in ({}, sources))

    assert plain.value == nested.value == 0.5
    assert nested.high - nested.low > 2.0 * (plain.high - plain.low)


def test_clips_of_few_recordings_give_wider_intervals_than_of_many() -> None:
    right = np.arange(200) % 2 == 0
    many = estimate(accuracy(right, two_way_weights([str(at) for at in range(200)], None)))
    few = estimate(
        accuracy(right, two_way_weights([str(right[at]) + str(at % 3) for at in range(200)], None))
    )

    assert many.value == few.value == 0.5
    assert few.high - few.low > 2.0 * (many.high - many.low)
    assert many.high - many.low == pytest.approx(2 * 1.96 * math.sqrt(0.25 / 200), rel=0.15)


@given(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=40))
def test_an_interval_holds_its_value(measured: list[float]) -> None:
    found = estimate(np.array(measured))

    assert found.value == measured[0]
    assert found.low <= found.value <= found.high


def test_what_is_not_defined_in_a_resample_is_left_out() -> None:
    assert estimate(np.array([0.5, np.nan, 0.4, 0.6])).low >= 0.4
    assert math.isnan(estimate(np.array([0.5, np.nan])).low)
