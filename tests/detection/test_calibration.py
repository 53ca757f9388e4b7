from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.config.limits import THRESHOLD
from monitor.config.settings import CalibrationConfig
from monitor.detection.calibration import ENOUGH, Calibration, Condition
from monitor.detection.rules import SURE
from monitor.records import WindowScores

RATE, HOP = 100, 25
DOG, SIREN = Condition(0.65, 100, 100), Condition(0.5, 0, 0)


def calibration(rate: float = 1.0, **conditions: Condition) -> Calibration:
    config = CalibrationConfig(false_alarms_per_hour=rate)
    return Calibration(conditions or {"dog": DOG, "siren": SIREN}, config, RATE)


def scores(odds: NDArray[np.float64], name: str) -> list[WindowScores]:
    values = 1.0 / (1.0 + np.exp(-odds))
    names = ("dog", "siren")
    return [
        WindowScores(0, 1, {one: value if one == name else 1e-5 for one in names}, "", 0.0)
        for value in values
    ]


def hear(one: Calibration, odds: NDArray[np.float64], name: str = "dog", sounding: bool = False) -> None:
    for score in scores(odds, name):
        one.learn(score, HOP, sounding)


def background(hours: float, seed: int = 0) -> NDArray[np.float64]:
    """Return log-odds that stay for a second and have an exponential upper tail."""
    count = round(hours * 3600)
    return np.repeat(np.random.default_rng(seed).exponential(1.2, count) - 9.0, RATE // HOP)


def test_before_anything_is_heard_thresholds_are_those_of_the_configuration() -> None:
    assert calibration().thresholds() == pytest.approx({"dog": 0.65, "siren": 0.5})


@pytest.mark.parametrize("rate", [1.0, 4.0, 20.0])
def test_other_hours_of_the_same_background_pass_the_thresholds_about_as_often_as_asked(rate: float) -> None:
    one = calibration(rate, dog=DOG)
    hear(one, background(max(4.0, 2.0 * ENOUGH / rate)))
    threshold = one.thresholds()["dog"]
    passed = (background(200.0, seed=1)[:: RATE // HOP] > np.log(threshold / (1 - threshold))).sum()
    assert rate / 2.5 < passed / 200.0 < 2.5 * rate


def test_fewer_false_alarms_need_higher_thresholds() -> None:
    found = []
    for rate in (10.0, 1.0, 0.1):
        one = calibration(rate)
        hear(one, background(1.0))
        found.append(one.thresholds()["dog"])
    assert found == sorted(found)


def test_all_classes_move_by_the_same_amount_of_log_odds() -> None:
    one = calibration()
    hear(one, background(1.0))
    odds = {name: np.log(value / (1 - value)) for name, value in one.thresholds().items()}
    assert odds["siren"] - odds["dog"] == pytest.approx(np.log(0.5 / 0.5) - np.log(0.65 / 0.35))


def test_a_moment_shorter_than_the_confirmation_does_not_count() -> None:
    short, long = calibration(dog=DOG), calibration(dog=DOG)
    odds = background(0.5)
    for one, lasts in ((short, 2), (long, 4)):
        clicks = odds.copy()
        for at in range(0, len(clicks) - 40, 400):
            clicks[at : at + lasts] = 3.0
        hear(one, clicks)
    assert short.thresholds()["dog"] < long.thresholds()["dog"]


def test_what_is_over_the_threshold_by_far_counts_after_less_but_for_that_much_less() -> None:
    surer = Condition(DOG.threshold, DOG.confirm_len, DOG.confirm_len // 2)
    found = []
    for condition, over in ((DOG, 0.0), (surer, 0.0), (DOG, math.log(SURE)), (surer, math.log(SURE))):
        one = calibration(dog=condition)
        clicks = np.full(3600 * RATE // HOP, -9.0)
        for at in range(0, len(clicks) - 40, 40):  # one in every block, half as long as a dog must bark
            clicks[at : at + 2] = over
        hear(one, clicks)
        found.append(math.log(one.thresholds()["dog"] / (1.0 - one.thresholds()["dog"])))
    plain, sure, plain_far, sure_far = found
    assert plain == plain_far < sure
    assert sure_far - sure == pytest.approx(math.log(SURE))


@pytest.mark.parametrize("blocks", [10, 400])
def test_blocks_in_which_an_event_is_reported_teach_next_to_nothing_however_many(blocks: int) -> None:
    quiet, barking = calibration(), calibration()
    hear(quiet, background(0.5))
    hear(barking, background(0.5))
    hear(barking, np.full(blocks * 10 * RATE // HOP, 6.0), sounding=True)
    moved = [
        float(np.log(one.thresholds()["dog"] / (1 - one.thresholds()["dog"]))) for one in (quiet, barking)
    ]
    assert moved[0] <= moved[1] < moved[0] + 0.5
    assert barking.state() == quiet.state()


@pytest.mark.parametrize("rate", [2.0, 10.0])
def test_thresholds_hold_though_the_false_alarms_that_pass_them_are_not_seen_whole(rate: float) -> None:
    one = calibration(rate, dog=DOG)
    threshold, over = 0.65, 0
    for score in scores(background(12.0) + 4.0, "dog"):
        over = over + 1 if score.values["dog"] >= threshold else 0
        moved = one.learn(score, HOP, sounding=over >= RATE // HOP)
        threshold = (moved or {"dog": threshold})["dog"]
    passed = (background(100.0, seed=1)[:: RATE // HOP] + 4.0 > np.log(threshold / (1 - threshold))).sum()
    assert rate / 2 < passed / 100.0 < 2 * rate


def test_until_there_is_enough_the_thresholds_rise_gradually() -> None:
    one = calibration()
    moved = []
    for _ in range(40):
        hear(one, np.full(10 * RATE // HOP, 2.0))
        moved.append(one.thresholds()["dog"])
    assert 0.65 < moved[0] < moved[10] < moved[29] == pytest.approx(moved[39])
    assert one.state().ready
    assert one.state().heard_s == 400.0


def test_five_quiet_minutes_do_not_show_one_false_alarm_in_two_hours() -> None:
    one = calibration(0.5)
    hear(one, np.full(300 * RATE // HOP, -12.0))
    assert one.thresholds() == pytest.approx({"dog": 0.65, "siren": 0.5})
    assert not one.state().ready


def test_thresholds_fall_once_more_quiet_was_heard_than_chance_explains() -> None:
    one, moved = calibration(1.0), []
    for _ in range(7):
        hear(one, np.full(3600 * RATE // HOP, -8.0))
        moved.append(one.thresholds()["dog"])
    assert moved[:3] == pytest.approx([0.65] * 3)
    assert 0.65 > moved[3] > moved[4] > moved[5] == pytest.approx(moved[6])
    assert one.state().ready


@settings(max_examples=30, deadline=None)
@given(st.floats(2.0, 60.0), st.floats(0.0, 0.99), st.floats(-14.0, 6.0))
def test_no_evidence_short_of_that_makes_a_threshold_more_lenient(
    rate: float, share: float, odds: float
) -> None:
    one = calibration(rate)
    hear(one, np.full(round(share * ENOUGH / rate * 3600.0) * RATE // HOP, odds))
    assert one.thresholds()["dog"] >= 0.65 - 1e-9
    assert one.thresholds()["siren"] >= 0.5 - 1e-9


def test_a_threshold_set_by_hand_is_left_alone() -> None:
    one = calibration()
    one.release("siren")
    hear(one, background(0.2))
    assert one.thresholds().keys() == {"dog"}


def test_with_every_threshold_set_by_hand_nothing_is_left_to_do() -> None:
    one = calibration()
    for name in ("dog", "siren"):
        one.release(name)
    hear(one, background(0.2))
    assert one.thresholds() == {}
    assert one.state().heard_s == 0.0


@given(st.lists(st.floats(-30, 30), min_size=1, max_size=400), st.floats(0.001, 1000))
def test_thresholds_stay_within_their_limits(odds: list[float], rate: float) -> None:
    one = calibration(rate)
    hear(one, np.repeat(np.array(odds), 10))
    assert all(THRESHOLD.holds(value) for value in one.thresholds().values())
