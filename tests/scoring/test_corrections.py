"""What was said of events: a hint each, together no more than a bound, and never the end of an alarm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from monitor.config.settings import DriftConfig, ScorerConfig
from monitor.records import WindowScores
from monitor.scoring.corrections import BOUNDS, Corrections, Evidence
from monitor.scoring.scorer import Scorer
from monitor.units import unit_norm
from tests.scoring.test_scorer import UNKNOWN, prototypes

CLASSES = ("low", "middle")
LOW = np.array([1, 0, 0, 0], np.float32)
units = arrays(np.float32, 4, elements=st.floats(-1, 1, width=32)).map(unit_norm)
evidence = st.builds(
    Evidence,
    st.sampled_from(CLASSES),
    st.booleans(),
    st.booleans(),
    st.lists(units, min_size=1, max_size=4).map(np.stack),
)


def wrong(vector: NDArray[np.float32] = LOW, class_: str = "low") -> Evidence:
    return Evidence(class_, False, False, vector[np.newaxis])


def right(vector: NDArray[np.float32] = LOW) -> Evidence:
    return Evidence("low", True, False, vector[np.newaxis])


def terms(told: Sequence[Evidence], vector: NDArray[np.float32], spared: Sequence[str] = ()) -> list[float]:
    corrections = Corrections(CLASSES, spared)
    corrections.replace(told)
    found = corrections.terms(vector)
    return [0.0, 0.0] if found is None else found.tolist()


def scored(told: Sequence[Evidence] | None, vector: NDArray[np.float32]) -> WindowScores:
    corrections = None if told is None else Corrections(CLASSES)
    if corrections is not None and told is not None:
        corrections.replace(told)
    scorer = Scorer(prototypes(), ScorerConfig(), DriftConfig(), "auto", corrections=corrections)
    return scorer.score(vector, UNKNOWN, 0, 10)


@given(units)
def test_as_long_as_nothing_was_said_every_score_is_the_same_to_the_last_bit(
    vector: NDArray[np.float32],
) -> None:
    assert scored([], vector) == scored(None, vector)


@given(units)
def test_what_is_like_no_corrected_event_keeps_its_score_to_the_last_bit(vector: NDArray[np.float32]) -> None:
    if float(vector @ LOW) <= BOUNDS.near:
        assert scored([wrong()] * 50, vector) == scored(None, vector)


@given(st.lists(evidence, max_size=60), units)
def test_whatever_is_said_no_score_moves_beyond_the_bounds(
    told: list[Evidence], vector: NDArray[np.float32]
) -> None:
    most = BOUNDS.up + BOUNDS.missed
    assert all(-BOUNDS.down <= term <= most for term in terms(told, vector))


@given(st.lists(evidence, max_size=60), units)
def test_the_worst_that_can_be_said_costs_a_class_that_must_not_be_missed_next_to_nothing(
    told: list[Evidence], vector: NDArray[np.float32]
) -> None:
    assert terms([*told, *[wrong(vector)] * 1000], vector, spared=["low"])[0] >= -BOUNDS.spared_down


def test_one_correction_is_a_hint_and_several_alike_add_up_to_the_bound() -> None:
    effects = [terms([wrong()] * count, LOW)[0] for count in (1, 2, 3, 5, 100)]
    assert -BOUNDS.step <= effects[0] <= -BOUNDS.step * 0.7
    assert effects == sorted(effects, reverse=True)
    assert effects[-1] == pytest.approx(-BOUNDS.down)
    assert terms([right()] * 100, LOW)[0] == pytest.approx(BOUNDS.up)


def test_what_was_missed_counts_for_more_than_what_was_right() -> None:
    missed = Evidence("low", True, True, LOW[np.newaxis])
    assert terms([missed], LOW)[0] > terms([right()] * 100, LOW)[0]
    assert terms([missed] * 100, LOW)[0] == pytest.approx(BOUNDS.missed)


def test_of_an_event_only_the_window_counts_that_is_most_alike() -> None:
    event = Evidence("low", False, False, np.stack([LOW, LOW, LOW, -LOW]))
    assert terms([event], LOW) == terms([wrong()], LOW)


def test_the_less_alike_the_less_it_counts() -> None:
    near = [unit_norm(np.array([1, 0, lean, 0], np.float32)) for lean in (0.0, 0.2, 0.4, 0.6, 2.0)]
    effects = [terms([wrong()], vector)[0] for vector in near]
    assert effects == sorted(effects)
    assert effects[-1] == 0.0


def test_what_was_right_and_what_was_wrong_weigh_against_one_another() -> None:
    assert terms([wrong(), right()], LOW)[0] == pytest.approx(0.0)
    assert terms([wrong(), wrong(), right()], LOW) == pytest.approx(terms([wrong()], LOW))


def test_a_correction_is_about_its_own_class_and_about_none_that_is_not_listed() -> None:
    assert terms([wrong()], LOW)[1] == 0.0
    assert terms([wrong(class_="kettle")], LOW) == [0.0, 0.0]


def test_scores_say_what_they_would_be_without_corrections_where_these_lower_them() -> None:
    plain, lowered = scored(None, LOW), scored([wrong()] * 3, LOW)
    assert lowered.uncorrected == {"low": plain.values["low"]}
    assert lowered.values["low"] < plain.values["low"]
    assert lowered.values["middle"] == plain.values["middle"]
    assert scored([right()], LOW).uncorrected == {}


def test_what_was_said_can_be_taken_back() -> None:
    corrections = Corrections(CLASSES)
    corrections.replace([wrong()])
    assert corrections.effect("low", LOW[np.newaxis]) < 0.0
    corrections.replace([])
    assert corrections.terms(LOW) is None
    assert corrections.effect("low", LOW[np.newaxis]) == corrections.effect("cat", LOW[np.newaxis]) == 0.0
