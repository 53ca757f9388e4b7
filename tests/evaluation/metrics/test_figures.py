"""Figures of streams: paired differences, and intervals that know that streams share recordings."""

from __future__ import annotations

import math

import pytest

from monitor.evaluation.metrics.event_metrics import Detection, Hit, Outcome, Reference, poisson_rate
from monitor.evaluation.metrics.figures import ALL, Case, Row, differences, rows

ALARM = Detection("siren", 30.0, 31.0, 31.0)


def outcome(number: int, found: bool, alarms: int = 0, background: str = "") -> Outcome:
    """Return a minute with one siren, of one of ten recordings, on one of five backgrounds."""
    siren = Reference("siren", 5.0, 6.0, f"siren {number % 10}")
    return Outcome(
        duration_s=60.0,
        hits=(Hit(siren, Detection("siren", 5.0, 6.0, 6.0)),) if found else (),
        missed=() if found else (siren,),
        fragments=(),
        false_alarms=(ALARM,) * alarms,
        background=background or f"street {number % 5}",
    )


def case(method: str, found: list[bool], negatives: list[Outcome] | None = None) -> Case:
    outcomes = [outcome(number, one) for number, one in enumerate(found)]
    return Case(method, 0.0, "1/h", {"siren": 0.5}, outcomes, negatives or [])


def figure(found: list[Row], metric: str) -> Row:
    return next(row for row in found if (row.metric, row.class_name) == (metric, ALL))


def test_a_method_that_finds_the_same_events_differs_by_nothing_for_certain() -> None:
    half = [number % 2 == 0 for number in range(40)]

    difference, ratio = differences(case("auto", half), case("zero-shot", half))

    assert (difference.value, difference.low, difference.high) == (0.0, 0.0, 0.0)
    assert (ratio.value, ratio.low, ratio.high) == (1.0, 1.0, 1.0)
    assert difference.method == ratio.method == "auto - zero-shot"
    assert difference.n == 40


def test_a_paired_difference_is_surer_than_the_two_recalls_are() -> None:
    few = [number % 7 < 3 for number in range(140)]
    more = [one or number % 7 == 4 + number % 3 for number, one in enumerate(few)]

    difference, ratio = differences(case("auto", more), case("zero-shot", few))

    assert difference.value == pytest.approx((sum(more) - sum(few)) / 140)
    assert ratio.value == pytest.approx(sum(more) / sum(few))
    assert 0.0 < difference.low < difference.value < difference.high
    recall = figure(rows(case("auto", more)), "recall")
    assert difference.high - difference.low < recall.high - recall.low


def test_the_order_in_which_events_were_found_does_not_matter() -> None:
    early, late = (Reference("siren", at, at + 1.0, f"siren at {at}") for at in (5.0, 25.0))
    hit = Hit(late, Detection("siren", 25.0, 26.0, 26.0))
    one = Outcome(60.0, (hit,), (early,), (), (), "street")
    both = Outcome(60.0, (hit, Hit(early, Detection("siren", 5.0, 6.0, 6.0))), (), (), (), "street")
    better, worse = (
        Case(name, 0.0, "1/h", {"siren": 0.5}, [out], []) for name, out in (("a", both), ("b", one))
    )

    assert differences(better, worse)[0].value == 0.5
    assert differences(worse, better)[0].value == -0.5


def test_times_nothing_is_not_a_number() -> None:
    _, ratio = differences(case("auto", [True] * 5), case("zero-shot", [False] * 5))
    assert math.isnan(ratio.value)


def test_false_alarms_that_come_from_one_background_are_less_sure_than_independent_ones() -> None:
    spread = [outcome(number, True, alarms=1, background=f"background {number}") for number in range(40)]
    heaped = [outcome(number, True, 40 * (number == 0), f"background {number}") for number in range(40)]
    plain = poisson_rate(40, 40 / 60.0)

    even, uneven = (
        figure(rows(case("auto", [True], negatives)), "negative_false_alarms_per_hour")
        for negatives in (spread, heaped)
    )

    assert even.value == uneven.value == pytest.approx(60.0)
    assert (even.low, even.high) == pytest.approx((plain.low, plain.high))
    assert uneven.low < even.low
    assert uneven.high > even.high
