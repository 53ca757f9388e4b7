"""Where the teacher's answer lies in the joint space, and which part of a clip it hears."""

from __future__ import annotations

import numpy as np

from tests.tools.load import load_tool

recipes = load_tool("tools.train.teacher_recipes")

NAMES = np.eye(6, dtype=np.float32)
EVIDENCE = np.array([[-2.0, 0, 3, 6, -5, 1], [9, -9, 0, 0, 0, 0]], np.float32)


def test_points_have_unit_norm_and_lean_to_the_strongest_name() -> None:
    points = recipes.place(EVIDENCE, NAMES, 8.0, 0.75, 0)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, rtol=1e-5)
    assert points.argmax(axis=1).tolist() == [3, 0]
    assert (points > 0).all()


def test_only_the_strongest_names_count_when_some_are_kept() -> None:
    assert (recipes.place(EVIDENCE[:1], NAMES, 8.0, 0.75, 2) > 0).sum() == 2


def test_a_higher_offset_gives_the_weak_names_less() -> None:
    low, high = (recipes.place(EVIDENCE[:1], NAMES, offset, 0.75, 0)[0] for offset in (0.0, 8.0))
    assert high[4] / high[3] < low[4] / low[3]


def test_the_window_holds_the_burst_and_a_short_clip_lies_in_silence() -> None:
    samples = np.zeros(320_000, np.float32)
    samples[200_000:210_000] = 0.5
    assert np.count_nonzero(recipes.loudest_window(samples, 64_000, 3_200)) == 10_000
    short = recipes.loudest_window(np.ones(10_000, np.float32), 64_000, 3_200)
    assert np.flatnonzero(short)[[0, -1]].tolist() == [27_000, 36_999]
