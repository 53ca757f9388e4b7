"""A version that is worse is not kept, whatever it is worse at."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from numpy.typing import NDArray

from monitor.learning.made_alarms import SIREN, MadeAlarm
from monitor.learning.trial import LeftOut, Trial, Version, compare, split_cohort
from monitor.records import Cohort
from monitor.units import unit_norm

DIM = 4
BELL, SIREN_AXIS = 0, 1
"""Classes are axes of the space: a window scores as far as it lies along one."""


def axes(*chosen: int) -> NDArray[np.float32]:
    return np.eye(DIM, dtype=np.float32)[list(chosen)]


def version(gain: float = 10.0, offset: tuple[float, float] = (-5.0, -5.0)) -> Version:
    return lambda vectors: gain * vectors[:, :2].astype(np.float64) + np.array(offset)


def ordinary(count: int = 600, seed: int = 0) -> Cohort:
    vectors = np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float32)
    vectors[:, :2] *= 0.1
    return Cohort(unit_norm(vectors), (), np.full(count, -1, np.intp), 100.0)


def trial(cohort: Cohort | None = None) -> Trial:
    left_out = LeftOut(
        axes(BELL, 2, BELL, SIREN_AXIS), np.array([0, 0, 1, 2]), np.array([[1, 0], [1, 0], [0, 1]], bool)
    )
    alarm = MadeAlarm("a gliding siren", SIREN, axes(SIREN_AXIS, 3))
    return Trial(
        classes=("bell", "siren"),
        left_out=left_out,
        cohort=cohort,
        alarms=(alarm,),
        alarm_words=np.array([[0.2, 1.0]], np.float32),
    )


def test_a_version_is_no_worse_than_itself() -> None:
    verdict = compare(version(), version(), trial(ordinary()))
    assert verdict.kept
    assert verdict.found == (1.0, 1.0)
    assert verdict.reason.startswith("Kept: it finds 100 % of the left-out sounds")


def test_a_sound_is_found_if_any_of_its_windows_is() -> None:
    found = compare(version(), version(), trial()).classes[0]
    assert (found.sounds, found.found) == (2, (2, 2))


def test_a_version_that_loses_an_alarm_is_refused() -> None:
    verdict = compare(version(), version(offset=(-5.0, -11.0)), replace(trial(), left_out=None))
    assert not verdict.kept
    assert verdict.reason == "Not kept: a gliding siren, made by code, is no longer found."


def test_a_version_by_which_another_class_fires_on_an_alarm_is_refused() -> None:
    verdict = compare(version(), version(offset=(1.0, -5.0)), trial())
    assert not verdict.kept
    assert "'bell' would fire on a gliding siren" in verdict.reason


def test_a_class_that_means_nearly_the_same_may_fire_on_an_alarm() -> None:
    near = replace(trial(), alarm_words=np.array([[0.5, 1.0]], np.float32))
    assert compare(version(), version(offset=(1.0, -5.0)), near).kept


def test_a_version_with_more_false_alarms_is_refused() -> None:
    without_alarms = replace(trial(ordinary()), alarms=(), alarm_words=None)
    verdict = compare(version(), version(offset=(1.0, 1.0)), without_alarms)
    assert not verdict.kept
    assert "false alarms an hour" in verdict.reason
    assert verdict.false_alarms_per_hour is not None
    assert verdict.false_alarms_per_hour[1] > verdict.false_alarms_per_hour[0]


def test_a_class_that_is_taught_may_bring_what_each_class_is_allowed_and_no_more() -> None:
    plain = replace(trial(ordinary()), alarms=(), alarm_words=None, left_out=None, per_hour=5.0)

    def rates(offset: float) -> tuple[float, float]:
        found = compare(version(), version(offset=(offset, -5.0)), plain).classes[BELL].false_alarms_per_hour
        assert found is not None
        return found

    low, allowed, much = ((-5.0 + step) for step in (0.0, 1.0, 5.0))
    assert rates(low)[1] < rates(allowed)[1] <= plain.per_hour < rates(much)[1]
    taught = replace(plain, taught="bell")
    for after, kept in ((allowed, True), (much, False)):
        assert compare(version(), version(offset=(after, -5.0)), taught).kept == kept


def test_a_version_that_finds_less_is_refused() -> None:
    verdict = compare(version(), version(offset=(-11.0, -5.0)), trial())
    assert not verdict.kept
    assert verdict.reason == "Not kept: it finds 50 % of the left-out sounds, 100 % before."


def test_a_class_that_loses_many_is_told_even_if_others_gain() -> None:
    rows = [BELL] * 8 + [SIREN_AXIS] * 8
    truth = np.zeros((16, 2), np.bool_)
    truth[np.arange(16), rows] = True
    both = Trial(classes=("bell", "siren"), left_out=LeftOut(axes(*rows), np.arange(16), truth))
    verdict = compare(version(offset=(-5.0, -11.0)), version(offset=(-11.0, -5.0)), both)
    assert verdict.reason == "Not kept: of 8 left-out sounds of 'bell' it finds 0, 8 before."


def test_with_nothing_to_try_it_on_it_says_so() -> None:
    assert "nothing to try it on" in compare(version(), version(), Trial(classes=("bell", "siren"))).reason


def test_the_halves_of_a_cohort_share_no_sound_and_lose_none() -> None:
    cohort = ordinary(601)
    halves = split_cohort(cohort)
    together = np.concatenate([half.vectors for half in halves])
    assert abs(len(halves[0].vectors) - len(halves[1].vectors)) <= 1
    assert sorted(map(bytes, together)) == sorted(map(bytes, cohort.vectors))


@given(st.floats(-3.0, 3.0))
def test_a_shift_of_all_odds_changes_expected_false_alarms_by_its_exponential(shift: float) -> None:
    alone = Trial(classes=("bell", "siren"), cohort=ordinary())
    verdict = compare(version(), version(offset=(-5.0 + shift, -5.0 + shift)), alone)
    assert verdict.false_alarms_per_hour is not None
    before, after = verdict.false_alarms_per_hour
    assert after == pytest.approx(before * math.exp(shift))
