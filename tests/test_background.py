from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.background import Background
from monitor.config import BackgroundConfig
from monitor.records import Activity

TEXT = np.array([0.4, -0.4], np.float32)
ROOM = np.array([0.2, 0.3], np.float32)
CONFIG = BackgroundConfig(ready_windows=4, memory_s=10.0, tau_text=0.5, tau_audio=1.0, max_drop=0.35)


def taught(windows: int, activity: Activity = "low", best_score: float = 0.0) -> Background:
    background = Background(TEXT, 100, CONFIG)
    for index in range(windows):
        background.learn(ROOM, index * 100, activity, best_score)
    return background


def test_before_anything_is_learnt_the_words_are_the_background() -> None:
    assert taught(0).offset() == pytest.approx(0.5 * TEXT)


def test_the_room_takes_over_from_the_words_as_it_is_learnt() -> None:
    assert taught(2).offset() == pytest.approx(0.25 * TEXT + 0.5 * ROOM)
    assert taught(4).offset() == pytest.approx(ROOM)
    assert taught(4).state(400).ready


@pytest.mark.parametrize("activity", ["silent", "normal", "high"])
def test_only_low_activity_teaches(activity: Activity) -> None:
    assert taught(9, activity).state(0).windows == 0


def test_a_window_in_which_a_class_scores_teaches_nothing() -> None:
    assert taught(9, best_score=CONFIG.guard_score).state(0).windows == 0


def test_one_strange_window_does_not_move_the_profile() -> None:
    background = taught(7)
    background.learn(np.array([9.0, -9.0], np.float32), 700, "low", 0.0)
    assert background.offset() == pytest.approx(ROOM)


def test_old_windows_are_forgotten_but_never_below_what_readiness_needs() -> None:
    background = taught(4)
    background.learn(ROOM, 100_000, "low", 0.0)
    assert background.state(100_000).windows == 4
    assert taught(40).state(4000).windows == 11


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=30))
def test_the_background_never_lowers_a_class_without_bound(cosines: list[float]) -> None:
    background = Background(TEXT, 100, CONFIG)
    for index, cosine in enumerate(cosines):
        background.learn(np.array([cosine, -cosine], np.float32), index, "low", 0.0)
    assert np.abs(background.offset()).max() <= np.float32(CONFIG.max_drop)


def test_age_counts_from_the_last_window_that_taught() -> None:
    assert taught(3).state(700).age_s == 5.0
