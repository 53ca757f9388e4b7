"""Drift directions: their forms, their geometry, and the phrases of a scene."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.evaluation.methods.drift import (
    DriftForm,
    Vectors,
    by_scene,
    directions,
    drift_geometry,
    nearest_phrases,
    phrase_directions,
)
from monitor.units import unit_norm

seeds = st.integers(0, 10_000)
FORMS: tuple[DriftForm, ...] = ("plain", "centred", "orthogonal")


def draw(seed: int, *shape: int) -> Vectors:
    return unit_norm(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


@given(seeds, st.sampled_from(FORMS), st.integers(1, 20))
def test_a_direction_is_a_unit_vector_or_nothing(seed: int, form: DriftForm, count: int) -> None:
    found = directions(draw(seed, count, 16), draw(seed + 1, count, 4, 16), form)

    lengths = np.linalg.norm(found, axis=1)
    assert np.all((np.abs(lengths - 1.0) < 1e-5) | (lengths == 0.0))


def test_noise_that_takes_every_class_the_same_way_leaves_nothing_when_centred() -> None:
    classes = draw(1, 6, 16)
    noisy = np.repeat((classes + draw(2, 16))[:, np.newaxis], 3, axis=1)  # of no unit norm: an exact shift

    assert not directions(classes, noisy, "centred").any()
    found = drift_geometry(classes, noisy)
    assert found.pairwise_cosine == pytest.approx(1.0, abs=1e-5)
    assert found.common_share == pytest.approx(1.0, abs=1e-5)


@given(seeds)
def test_centred_directions_say_nothing_along_the_common_one(seed: int) -> None:
    classes, noisy = draw(seed, 6, 16), draw(seed + 1, 6, 3, 16)

    common = directions(classes, noisy).mean(axis=0)

    assert directions(classes, noisy, "centred") @ unit_norm(common) == pytest.approx(np.zeros(6), abs=1e-4)


@given(seeds)
def test_orthogonal_directions_say_nothing_that_a_class_says(seed: int) -> None:
    classes, noisy = draw(seed, 6, 16), draw(seed + 1, 6, 3, 16)

    found = directions(classes, noisy, "orthogonal")

    assert found @ classes.T == pytest.approx(np.zeros((6, 6)), abs=1e-4)
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(6), abs=1e-5)


@given(seeds)
def test_many_classes_leave_background_only_off_their_own_vector(seed: int) -> None:
    classes, noisy = draw(seed, 20, 16), draw(seed + 1, 20, 3, 16)

    found = directions(classes, noisy, "orthogonal")

    assert (found * classes).sum(axis=1) == pytest.approx(np.zeros(20), abs=1e-4)
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(20), abs=1e-5)


def test_drift_to_opposite_sides_has_no_common_direction() -> None:
    classes = np.eye(8, dtype=np.float32)[:2]
    aside = np.eye(8, dtype=np.float32)[4]
    noisy = np.stack([classes[0] + aside, classes[1] - aside])[:, np.newaxis]

    found = drift_geometry(classes, noisy)

    assert found.pairwise_cosine == pytest.approx(-1.0)
    assert found.common_share == pytest.approx(0.0)
    assert found.own_cosine == pytest.approx(0.0)


def test_drift_back_from_the_class_has_an_own_cosine_of_minus_one() -> None:
    classes = draw(3, 4, 8)

    assert drift_geometry(classes, 0.5 * classes[:, np.newaxis]).own_cosine == pytest.approx(-1.0, abs=1e-5)


def test_a_single_class_has_no_pairs() -> None:
    assert np.isnan(drift_geometry(draw(1, 1, 8), draw(2, 1, 3, 8)).pairwise_cosine)


@given(seeds)
def test_the_nearest_phrases_are_nearer_than_the_others(seed: int) -> None:
    phrases, backgrounds = draw(seed, 7, 16), draw(seed + 1, 5, 16)

    chosen = nearest_phrases(phrases, backgrounds)

    assert chosen.shape == (5, 3)
    for background, own in zip(backgrounds, chosen, strict=True):
        cosines = phrases @ background
        assert cosines[own].min() >= np.delete(cosines, own).max()
        assert nearest_phrases(phrases, background).tolist() == own.tolist()


def test_few_phrases_are_all_taken() -> None:
    assert nearest_phrases(draw(1, 2, 8), draw(2, 8)).tolist() == [0, 1]


def test_a_phrase_points_where_it_takes_the_classes() -> None:
    classes, steps = draw(1, 5, 16), draw(2, 4, 16)

    found = phrase_directions(classes, classes[:, np.newaxis] + 0.3 * steps)

    assert (found * steps).sum(axis=1) == pytest.approx(np.ones(4), abs=1e-5)


@given(seeds)
def test_every_background_has_the_directions_of_its_own_phrases(seed: int) -> None:
    classes, noisy, backgrounds = draw(seed, 4, 16), draw(seed + 1, 4, 5, 16), draw(seed + 2, 9, 16)

    found = list(by_scene(classes, noisy, backgrounds))

    assert sorted(np.concatenate([rows for rows, _ in found]).tolist()) == list(range(9))
    for rows, towards in found:
        for background in backgrounds[rows]:
            chosen = nearest_phrases(phrase_directions(classes, noisy), background)
            assert np.array_equal(towards, directions(classes, noisy[:, chosen]))
