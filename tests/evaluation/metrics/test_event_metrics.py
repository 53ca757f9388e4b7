"""Metrics: every event and every detection is counted once; intervals match published values."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.evaluation.metrics.event_metrics import (
    Detection,
    Outcome,
    Reference,
    match,
    poisson_rate,
    summarise,
    wilson,
)

SIREN = Reference("siren", 10.0, 14.0)


def heard(onset_s: float, class_name: str = "siren", decided_s: float | None = None) -> Detection:
    return Detection(class_name, onset_s, onset_s + 1.0, onset_s + 0.5 if decided_s is None else decided_s)


@pytest.mark.parametrize(
    ("onset_s", "found"), [(9.4, False), (9.5, True), (10.0, True), (14.0, True), (15.0, True), (15.1, False)]
)
def test_a_detection_finds_an_event_if_it_begins_inside_it_or_its_collar(onset_s: float, found: bool) -> None:
    outcome = match([SIREN], [heard(onset_s)], 60.0)

    assert len(outcome.hits) == found
    assert len(outcome.missed) == len(outcome.false_alarms) == (not found)


def test_another_class_finds_nothing_and_is_a_false_alarm() -> None:
    outcome = match([SIREN], [heard(11.0, "dog_bark")], 60.0)

    assert outcome.missed == (SIREN,)
    assert outcome.false_alarms == (heard(11.0, "dog_bark"),)


def test_a_second_detection_of_a_found_event_is_a_fragment_not_a_false_alarm() -> None:
    outcome = match([SIREN], [heard(12.5), heard(10.2)], 60.0)

    assert [hit.detection for hit in outcome.hits] == [heard(10.2)]
    assert outcome.fragments == (heard(12.5),)
    assert outcome.false_alarms == ()


def test_two_events_close_together_are_both_found_by_two_detections() -> None:
    long, short = Reference("siren", 10.0, 20.0), Reference("siren", 10.5, 11.0)

    outcome = match([long, short], [heard(11.0), heard(19.0)], 60.0)

    assert {(hit.reference, hit.detection) for hit in outcome.hits} == {
        (short, heard(11.0)),
        (long, heard(19.0)),
    }


events = st.lists(
    st.builds(
        lambda name, onset, length: Reference(name, onset, onset + length),
        st.sampled_from(["siren", "dog_bark"]),
        st.integers(0, 50).map(float),
        st.integers(1, 6).map(float),
    ),
    max_size=6,
)
detections = st.lists(
    st.builds(
        heard, st.integers(0, 120).map(lambda n: n / 2), st.sampled_from(["siren", "dog_bark", "bell"])
    ),
    max_size=8,
)


@given(events, detections)
def test_every_event_and_every_detection_is_counted_exactly_once(
    references: list[Reference], found: list[Detection]
) -> None:
    outcome = match(references, found, 60.0)

    assert len(outcome.hits) + len(outcome.missed) == len(references)
    assert len(outcome.hits) + len(outcome.fragments) + len(outcome.false_alarms) == len(found)
    assert sorted(
        map(repr, [*(hit.detection for hit in outcome.hits), *outcome.fragments, *outcome.false_alarms])
    ) == (sorted(map(repr, found)))


@given(events, detections, st.randoms())
def test_the_order_in_which_they_are_given_changes_nothing(
    references: list[Reference], found: list[Detection], random: Random
) -> None:
    mixed_references, mixed_found = list(references), list(found)
    random.shuffle(mixed_references)
    random.shuffle(mixed_found)

    assert match(mixed_references, mixed_found, 60.0) == match(references, found, 60.0)


@given(events, detections)
def test_as_many_events_are_found_as_any_assignment_could_find(
    references: list[Reference], found: list[Detection]
) -> None:
    edges = [
        [r for r, event in enumerate(references) if match([event], [one], 60.0).hits] for one in found
    ]  # fmt: skip

    def augment(one: int, owner: dict[int, int], seen: set[int]) -> bool:
        for r in edges[one]:
            if r not in seen:
                seen.add(r)
                if r not in owner or augment(owner[r], owner, seen):
                    owner[r] = one
                    return True
        return False

    owner: dict[int, int] = {}
    best = sum(augment(one, owner, set()) for one in range(len(found)))

    assert len(match(references, found, 60.0).hits) == best


def test_wilson_gives_the_published_interval() -> None:
    estimate = wilson(81, 263)  # R. G. Newcombe, 1998, table I

    assert estimate.value == pytest.approx(0.3080, abs=5e-5)
    assert (estimate.low, estimate.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [(0, 0.0, 3.6889), (1, 0.0253, 5.5716), (10, 4.7954, 18.3904), (100, 81.3640, 121.6270)],
)
def test_the_poisson_interval_is_garwoods(count: int, low: float, high: float) -> None:
    estimate = poisson_rate(count, 2.0)

    assert estimate.value == count / 2.0
    assert (2.0 * estimate.low, 2.0 * estimate.high) == pytest.approx((low, high), abs=1e-3)


@given(st.integers(0, 60), st.integers(1, 60))
def test_intervals_hold_their_value_and_stay_in_range(count: int, exposure: int) -> None:
    share = wilson(min(count, exposure), exposure)
    rate = poisson_rate(count, float(exposure))

    assert 0.0 <= share.low <= share.value <= share.high <= 1.0
    assert 0.0 <= rate.low <= rate.value <= rate.high


def test_nothing_observed_is_not_a_number_with_the_widest_interval() -> None:
    assert math.isnan(wilson(0, 0).value)
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)
    assert math.isinf(poisson_rate(0, 0.0).high)


def test_the_summary_pools_streams_and_can_be_of_one_class() -> None:
    dog = Reference("dog_bark", 30.0, 31.0)
    streams = [
        match([SIREN, dog], [heard(10.0, decided_s=11.0), heard(50.0, "dog_bark")], 60.0),
        match([SIREN], [heard(10.0, decided_s=13.0), heard(12.0)], 60.0),
        Outcome(1680.0, (), (), (), ()),
    ]

    both, siren = summarise(streams), summarise(streams, "siren")

    assert (both.events, both.found, both.fragments, both.false_alarms) == (3, 2, 1, 1)
    assert both.hours == pytest.approx(0.5)
    assert both.recall.value == pytest.approx(2 / 3)
    assert both.false_alarms_per_hour.value == pytest.approx(2.0)
    assert both.latency_median_s == pytest.approx(2.0)
    assert both.latency_p90_s == pytest.approx(2.8)
    assert (siren.events, siren.found, siren.false_alarms) == (2, 2, 0)
    assert math.isnan(summarise(streams, "dog_bark").latency_median_s)
