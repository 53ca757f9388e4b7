from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.units import unit_norm
from monitor.vocabulary.reach import RIDGE, SHARPNESS, learn_reach, nearest

DIM = 12


def cloud(count: int, axis: int, seed: int, spread: float = 0.3) -> NDArray[np.float32]:
    """Return points round one axis, float32 (count, DIM), unit norm."""
    points = np.random.default_rng(seed).standard_normal((count, DIM)) * spread
    points[:, axis] += 1.0
    return unit_norm(points.astype(np.float32))


def test_points_among_the_sounds_lie_above_the_threshold_and_the_others_below() -> None:
    reach = learn_reach(cloud(60, 0, 1), cloud(40, 1, 2))
    assert (reach.values(cloud(30, 0, 3)) >= reach.threshold).mean() > 0.9
    assert (reach.values(cloud(30, 1, 4)) < reach.threshold).mean() > 0.9
    assert reach.error < 0.1


def test_a_model_that_tells_nothing_apart_is_found_out() -> None:
    reach = learn_reach(cloud(60, 0, 1), cloud(60, 0, 2))
    assert reach.error > 0.3


def test_the_width_follows_how_far_apart_a_model_puts_words() -> None:
    """Squeezed towards one direction, as CLAP's texts are, the same points are told apart as well."""
    sounds, others = cloud(60, 0, 1), cloud(60, 1, 2)
    wide = learn_reach(sounds, others)
    common = np.zeros(DIM, np.float32)
    common[-1] = 4.0
    narrow = learn_reach(unit_norm(sounds + common), unit_norm(others + common))
    assert narrow.sharpness > 3.0 * wide.sharpness
    assert narrow.error == pytest.approx(wide.error, abs=0.05)


def test_each_listed_word_is_judged_as_if_it_were_not_listed() -> None:
    sounds, others = cloud(9, 0, 1), cloud(8, 1, 2)
    reach = learn_reach(sounds, others)
    anchors = np.concatenate([sounds, others]).astype(float)
    wanted = np.repeat([1.0, -1.0], [len(sounds), len(others)])
    left_out = []
    for place in range(len(anchors)):
        rest = np.delete(np.arange(len(anchors)), place)
        kernel = np.exp(reach.sharpness * (anchors[rest] @ anchors[rest].T - 1.0)) + RIDGE * np.eye(len(rest))
        weights = np.linalg.solve(kernel, wanted[rest])
        left_out.append(np.exp(reach.sharpness * (anchors[place] @ anchors[rest].T - 1.0)) @ weights)
    missed = np.mean(np.array(left_out)[: len(sounds)] < reach.threshold - 1e-9)
    taken = np.mean(np.array(left_out)[len(sounds) :] >= reach.threshold - 1e-9)
    assert reach.error == pytest.approx((missed + taken) / 2.0)
    assert np.any(np.isclose(left_out, reach.threshold))


def test_sharpness_is_in_units_of_the_median_distance() -> None:
    points = cloud(30, 0, 1)
    reach = learn_reach(points[:20], points[20:])
    median = np.median(1.0 - (points @ points.T)[np.triu_indices(30, 1)])
    assert reach.sharpness == pytest.approx(SHARPNESS / median, rel=1e-4)


def test_the_nearest_come_first() -> None:
    assert nearest([0.1, 0.9, 0.5, 0.9], 3) == [1, 3, 2]
