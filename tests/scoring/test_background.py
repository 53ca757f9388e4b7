from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.config.settings import BackgroundConfig
from monitor.config.tuning import UNTUNED
from monitor.records import Activity
from monitor.scoring.background import Background
from monitor.units import unit_norm

ROOM = unit_norm(np.array([1.0, 0.2, 0.0], np.float32))
OTHER = np.array([0.0, 0.0, 1.0], np.float32)
CONFIG = BackgroundConfig(ready_s=4.0, memory_s=20.0, change_ratio=0.5)
READY = 4
"""Windows; one a second."""


def taught(windows: int, activity: Activity = "low", best_score: float = 0.0) -> Background:
    background = Background(3, 100, 100, CONFIG)
    for index in range(windows):
        background.learn(ROOM, index * 100, activity, best_score)
    return background


def test_before_anything_is_learnt_there_is_no_background() -> None:
    assert (taught(0).estimate == 0.0).all()
    assert taught(0).state(0).likeness == 0.0


def test_the_background_grows_as_it_is_learnt() -> None:
    assert taught(2).estimate == pytest.approx(0.5 * ROOM)
    assert taught(4).estimate == pytest.approx(ROOM)
    assert not taught(3).state(400).ready
    assert taught(4).state(400).ready


@pytest.mark.parametrize("activity", ["silent", "normal", "high"])
def test_only_low_activity_teaches(activity: Activity) -> None:
    assert taught(9, activity).state(0).windows == 0


@pytest.mark.parametrize(("activity", "windows"), [("silent", 0), ("normal", 7), ("high", 0)])
def test_where_low_activity_never_comes_normal_activity_teaches(activity: Activity, windows: int) -> None:
    assert taught(3 * READY + 7, activity).state(0).windows == windows


def test_a_window_in_which_a_class_scores_teaches_nothing() -> None:
    assert taught(9, best_score=UNTUNED.guard_score).state(0).windows == 0


def test_old_windows_are_forgotten_but_never_below_what_readiness_needs() -> None:
    background = taught(4)
    background.learn(ROOM, 100_000, "low", 0.0)
    assert background.state(100_000).windows == 4
    assert taught(40).state(4000).windows == 21


@given(st.lists(st.lists(st.floats(-1, 1, width=32), min_size=3, max_size=3), min_size=1, max_size=30))
def test_the_background_is_never_longer_than_a_window(vectors: list[list[float]]) -> None:
    background = Background(3, 100, 100, CONFIG)
    for index, vector in enumerate(vectors):
        background.learn(unit_norm(np.array(vector, np.float32)), index, "low", 0.0)
    assert np.linalg.norm(background.estimate) <= 1.0 + 1e-5


def test_a_background_that_never_sounds_the_same_is_a_short_vector() -> None:
    background = Background(3, 100, 100, CONFIG)
    for index in range(6):
        background.learn(np.eye(3, dtype=np.float32)[index % 3], index, "low", 0.0)
    assert background.state(6).likeness == pytest.approx(3**-0.5, abs=1e-3)
    assert taught(6).state(600).likeness == pytest.approx(1.0, abs=1e-3)


def test_a_sound_that_came_once_is_not_the_background() -> None:
    background = taught(20)
    for index in range(5):
        for window in (OTHER, ROOM, ROOM):
            background.learn(window, 2000 + index, "low", 0.0)
    assert background.mean == pytest.approx(ROOM)


def walked(windows: list[NDArray[np.float32]]) -> Background:
    background = Background(3, 100, 100, CONFIG)
    for index, window in enumerate(windows):
        background.learn(window, index, "low", 0.0)
    return background


def test_another_background_is_noticed_and_the_one_before_forgotten() -> None:
    background = walked([ROOM] * 20 + [OTHER] * 8)
    assert background.state(0).changes == 1
    assert background.state(0).windows < 8
    assert background.mean @ OTHER > background.mean @ ROOM


def test_one_strange_window_is_not_another_background() -> None:
    background = walked([ROOM] * 20 + [OTHER] + [ROOM] * 6)
    assert background.state(0).changes == 0
    assert background.mean @ ROOM > 0.9


def test_a_background_known_from_before_counts_at_once_and_gives_way_to_what_is_heard() -> None:
    background = Background(3, 100, 100, CONFIG, known=np.float32(0.9) * ROOM)
    assert background.estimate == pytest.approx(0.9 * ROOM)
    assert background.state(0).ready
    for index in range(20):
        background.learn(OTHER, 100 * index, "low", 0.0)
    assert background.mean == pytest.approx(OTHER)


def test_a_background_that_is_to_be_forgotten_is() -> None:
    background = taught(9)
    background.forget()
    assert (background.estimate == 0.0).all()
    assert background.state(0).windows == 0


def test_age_counts_from_the_last_window_that_taught() -> None:
    assert taught(3).state(700).age_s == 5.0


@settings(max_examples=30, deadline=None)
@given(st.floats(0.2, 10.0), st.floats(1.0, 6.0), st.floats(5.0, 120.0))
def test_another_place_is_noticed_whatever_the_hop(hop_s: float, ready_s: float, memory_s: float) -> None:
    config = BackgroundConfig(ready_s=ready_s, memory_s=memory_s, change_ratio=0.5)
    hop_len = round(hop_s * 100)
    background = Background(3, 100, hop_len, config)
    needed = background.state(0).needed
    for index in range(6 * needed):
        background.learn(ROOM if index < 4 * needed else OTHER, index * hop_len, "low", 0.0)
    assert background.state(0).changes == 1
    assert background.mean @ OTHER > background.mean @ ROOM


@pytest.mark.parametrize(("hop_s", "windows"), [(0.1, 50), (0.25, 20), (0.5, 10), (1.0, 5), (5.0, 4)])
def test_a_place_is_known_after_so_many_seconds_whatever_the_hop(hop_s: float, windows: int) -> None:
    assert Background(3, 1000, round(hop_s * 1000), BackgroundConfig()).state(0).needed == windows
