from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from monitor.config.settings import DriftConfig, ScorerConfig, Tau, load_config
from monitor.records import Prototypes
from monitor.scoring.prompts import build_prompts, parse_classes
from monitor.scoring.prototypes import build_prototypes, drift_directions
from monitor.scoring.scorer import Scorer, own_tau
from monitor.units import unit_norm
from tests.fakes import FakeEncoder


def prototypes(classes: str = "low,middle", distractors: tuple[str, ...] = ("high", "else")) -> Prototypes:
    config = load_config(flags={"prompts": {"distractors": distractors}, "drift": {"phrases": ()}})
    prompts = build_prompts(parse_classes(classes), config, "{}")
    return build_prototypes(FakeEncoder().embed_text, prompts, 0.9)


UNKNOWN = np.zeros(4, np.float32)


def score(
    embedding: NDArray[np.float32], background: NDArray[np.float32] = UNKNOWN, tau: Tau = "auto"
) -> dict[str, float]:
    scorer = Scorer(prototypes(), ScorerConfig(), DriftConfig(), tau)
    return scorer.score(embedding, background, 0, 10).values


def test_the_class_that_sounds_gets_a_high_score_and_the_other_a_low_one() -> None:
    values = score(np.array([1, 0, 0, 0], np.float32))
    assert values["low"] > 0.99
    assert values["middle"] < 0.51


def test_an_unlisted_sound_is_not_forced_into_a_listed_class() -> None:
    assert max(score(np.array([0, 0, 1, 0], np.float32)).values()) < 0.01


def test_two_listed_classes_may_sound_at_once() -> None:
    values = score(unit_norm(np.array([1, 1, 0, 0], np.float32)))
    assert min(values.values()) > 0.99


def test_what_the_background_always_sounds_like_counts_less() -> None:
    sound = unit_norm(np.array([1, 0, 0.9, 0], np.float32))
    background = unit_norm(np.array([1, 0, 0, 1], np.float32))
    for tau in ("auto", 0.5):
        assert score(sound, background, tau)["low"] < score(sound)["low"]


def test_what_the_background_sounds_like_stays_a_competitor() -> None:
    sound = unit_norm(np.array([1, 0, 1.2, 0], np.float32))
    hum = np.array([0, 0, 1, 0], np.float32)  # the background hums as "high", a distractor, does
    assert score(sound, hum)["low"] == pytest.approx(score(sound)["low"])


def test_auto_takes_nothing_off_a_sound_that_is_nothing_like_the_background() -> None:
    background = unit_norm(np.array([0, 1, 0, 1], np.float32))
    sound = unit_norm(np.array([1, 0, 0.8, 0], np.float32))
    assert score(sound, background) == score(sound)
    assert score(sound, background, 1.0)["middle"] < score(sound)["middle"]


@given(arrays(np.float32, 4, elements=st.floats(-1, 1, width=32)))
def test_the_part_of_a_window_that_is_background_has_no_say(vector: NDArray[np.float32]) -> None:
    background = unit_norm(np.array([1, 1, 0, 1], np.float32))
    sound = unit_norm(vector)
    rest = sound - own_tau(sound, background) * background
    wanted = prototypes().vectors[:2] @ rest
    taken = prototypes().vectors[:2] @ sound - own_tau(sound, background) * (
        prototypes().vectors[:2] @ background
    )
    assert taken == pytest.approx(wanted, abs=1e-6)


@given(arrays(np.float32, 4, elements=st.floats(-1, 1, width=32)))
def test_tau_of_its_own_is_at_least_nothing_and_at_most_one(vector: NDArray[np.float32]) -> None:
    assert 0.0 <= own_tau(unit_norm(vector), np.array([0.6, 0, 0.8, 0], np.float32)) <= 1.0 + 1e-6


def test_a_background_is_described_by_the_words_nearest_to_it() -> None:
    scorer = Scorer(prototypes(), ScorerConfig(), DriftConfig(), "auto")
    found = scorer.sounds_like(np.array([0.1, 0, 0.5, 0], np.float32), 5)
    assert found[0].phrase == "high"
    assert sum(one.share for one in found) == pytest.approx(1.0)
    assert scorer.sounds_like(UNKNOWN, 5) == []


@given(arrays(np.float32, 4, elements=st.floats(-1, 1, width=32)))
def test_scores_are_always_in_the_unit_interval(embedding: NDArray[np.float32]) -> None:
    assert all(0.0 <= value <= 1.0 for value in score(unit_norm(embedding)).values())


def test_a_distractor_that_means_a_listed_class_is_left_out() -> None:
    assert prototypes("low", ("low", "high")).distractors == ("high",)


def test_without_distractors_scores_still_tell_the_classes_apart() -> None:
    scorer = Scorer(prototypes(distractors=()), ScorerConfig(), DriftConfig(), "auto")
    values = scorer.score(np.array([1, 0, 0, 0], np.float32), UNKNOWN, 0, 1)
    assert values.values["low"] > values.values["middle"]
    assert values.other == ""


def test_drift_points_from_the_class_to_the_class_in_noise() -> None:
    noisy = FakeEncoder().embed_text(["low with high"])
    directions = drift_directions(np.eye(4, dtype=np.float32)[:1], noisy)
    assert directions[0] == pytest.approx(
        unit_norm(np.array([2**-0.5 - 1, 0, 2**-0.5, 0], np.float32)), abs=1e-6
    )


def test_the_drift_bonus_raises_a_class_heard_along_its_drift() -> None:
    vectors = np.eye(4, dtype=np.float32)[:2]
    drift = np.array([[0, 0, 1, 0], [0, 0, 0, 1]], np.float32)
    backgrounds = Prototypes(("low",), ("low",), ("middle",), vectors, drift, np.ones((1, 1), np.bool_))
    sound = unit_norm(np.array([0.5, 0.5, 0.7, 0], np.float32))
    with_bonus, without = (
        Scorer(backgrounds, ScorerConfig(), DriftConfig(beta=beta), "auto").score(sound, UNKNOWN, 0, 1)
        for beta in (0.3, 0.0)
    )
    assert with_bonus.values["low"] > without.values["low"]
