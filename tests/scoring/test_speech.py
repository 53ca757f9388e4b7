from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitor.scoring.speech import SpeechFilter

AXES = np.eye(3, dtype=np.float32)
TELLS = SpeechFilter(AXES[:1], AXES[1:], 0.0)


def test_a_window_is_speech_where_it_is_nearer_to_a_phrase_of_speech_than_to_all_others() -> None:
    assert TELLS.may_be_speech(AXES[0])
    assert not TELLS.may_be_speech(AXES[1])


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_the_nearer_to_speech_the_higher_the_odds(less: float, more: float) -> None:
    low, high = sorted((less, more))
    vectors = np.array([[low, 0.3, 0.2], [high, 0.3, 0.2]], np.float32)
    odds = TELLS.odds(vectors)
    assert odds[0] <= odds[1] + 1e-9


def test_odds_of_many_windows_are_those_of_each() -> None:
    vectors = np.random.default_rng(1).normal(size=(2, 5, 3)).astype(np.float32)
    many = TELLS.odds(vectors)
    assert many.shape == (2, 5)
    assert many[1, 3] == TELLS.odds(vectors[1, 3])
