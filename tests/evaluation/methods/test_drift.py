"""How drift directions lie."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.evaluation.methods.drift import Vectors, drift_geometry
from monitor.units import unit_norm


def draw(seed: int, *shape: int) -> Vectors:
    return unit_norm(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


def test_noise_that_takes_every_class_the_same_way_is_one_common_direction() -> None:
    classes = draw(1, 6, 16)
    noisy = np.repeat((classes + draw(2, 16))[:, np.newaxis], 3, axis=1)  # of no unit norm: an exact shift

    found = drift_geometry(classes, noisy)

    assert found.pairwise_cosine == pytest.approx(1.0, abs=1e-5)
    assert found.common_share == pytest.approx(1.0, abs=1e-5)


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
