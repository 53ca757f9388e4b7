from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from monitor.config import DriftConfig, ScorerConfig, load_config
from monitor.prompts import build_prompts, parse_classes
from monitor.prototypes import build_prototypes, drift_directions
from monitor.records import Prototypes
from monitor.scorer import Scorer
from monitor.units import unit_norm
from tests.fakes import FakeEncoder


def prototypes(classes: str = "low,middle", distractors: tuple[str, ...] = ("high", "else")) -> Prototypes:
    config = load_config(flags={"prompts": {"distractors": distractors}, "drift": {"phrases": ()}})
    prompts = build_prompts(parse_classes(classes), config, "{}")
    return build_prototypes(FakeEncoder().embed_text, prompts, 0.9)


def score(embedding: NDArray[np.float32], offset: NDArray[np.float32] | None = None) -> dict[str, float]:
    scorer = Scorer(prototypes(), ScorerConfig(), DriftConfig())
    profile = scorer.profile(embedding)
    none = np.zeros_like(profile)
    return scorer.score(embedding, profile, none if offset is None else offset, 0, 10).values


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
    background = np.array([0.5, 0, 0, 0], np.float32)
    assert score(sound, background)["low"] < score(sound)["low"]


@given(arrays(np.float32, 4, elements=st.floats(-1, 1, width=32)))
def test_scores_are_always_in_the_unit_interval(embedding: NDArray[np.float32]) -> None:
    assert all(0.0 <= value <= 1.0 for value in score(unit_norm(embedding)).values())


def test_a_distractor_that_means_a_listed_class_is_left_out() -> None:
    assert prototypes("low", ("low", "high")).distractors == ("high",)


def test_without_distractors_scores_still_tell_the_classes_apart() -> None:
    scorer = Scorer(prototypes(distractors=()), ScorerConfig(), DriftConfig())
    embedding = np.array([1, 0, 0, 0], np.float32)
    values = scorer.score(embedding, scorer.profile(embedding), np.zeros(2, np.float32), 0, 1)
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
    rooms = Prototypes(("low",), ("low",), ("middle",), vectors, np.zeros(2, np.float32), drift)
    sound = unit_norm(np.array([0.5, 0.5, 0.7, 0], np.float32))
    zero = np.zeros(2, np.float32)
    with_bonus, without = (
        Scorer(rooms, ScorerConfig(), DriftConfig(beta=beta)).score(sound, vectors @ sound, zero, 0, 1)
        for beta in (0.3, 0.0)
    )
    assert with_bonus.values["low"] > without.values["low"]
