"""How far tones stand out, of a sound that is there whole and of one that comes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.detection.rhythm import T3_S, T4_S, alarm_in, is_alarm, rhythm_of
from monitor.detection.tones import STEP_S, ContrastTrack, contrast_of, quantile
from tests.detection.test_rhythm import RATE, beeps

STEP = round(STEP_S * RATE)
LONGEST_S = 2.0
"""Shorter than some looks: these are still answered."""


class Counted:
    """A sound that tells how much of it was asked for."""

    def __init__(self, samples: NDArray[np.float32]) -> None:
        self._samples = samples
        self.asked = 0

    def cut(self, start: int, stop: int) -> NDArray[np.float32]:
        self.asked += stop - start
        return self._samples[start:stop]


@given(
    seed=st.integers(0, 1000),
    looks=st.lists(st.integers(1, 4 * RATE), min_size=1, max_size=6),
    length=st.integers(0, 3 * RATE),
)
def test_a_sound_that_comes_stands_out_bit_for_bit_as_the_whole_does(
    seed: int, looks: list[int], length: int
) -> None:
    samples = np.random.default_rng(seed).standard_normal(sum(looks)).astype(np.float32)
    track = ContrastTrack(RATE, LONGEST_S)
    for stop in np.cumsum(looks).tolist():
        start = -(-max(0, stop - length) // STEP) * STEP
        found = track.over(max(0, stop - length), stop, Counted(samples).cut)
        whole = contrast_of(samples[start:stop], RATE)
        assert len(found.level) == len(whole.level)
        if len(whole.level):
            assert np.array_equal(found.contrast, whole.contrast)
            assert np.array_equal(found.level, whole.level)
            assert np.array_equal(found.pitches, whole.pitches)


def test_each_moment_of_a_sound_that_comes_is_looked_at_once() -> None:
    sound, track = Counted(beeps(T3_S, 60.0)), ContrastTrack(RATE, LONGEST_S)
    for second in range(1, 61):
        track.over(max(0, (second - 13) * RATE), second * RATE, sound.cut)
    assert 60 * RATE <= sound.asked < 62 * RATE


def test_who_looks_back_less_far_costs_who_looks_further_nothing() -> None:
    samples = beeps(T3_S, 20.0)
    sound, track = Counted(samples), ContrastTrack(RATE, 5.0)
    for second in range(1, 21):
        found = track.over(max(0, second - 5) * RATE, second * RATE, sound.cut)
        whole = contrast_of(samples[max(0, second - 5) * RATE : second * RATE], RATE)
        assert np.array_equal(found.level, whole.level)
        near = track.over(max(0, second - 2) * RATE, second * RATE, sound.cut)
        assert np.array_equal(near.contrast, whole.contrast[-len(near.contrast) :])
    assert sound.asked < 21 * RATE


@given(st.lists(st.floats(-100.0, 100.0), min_size=1, max_size=60), st.floats(0.0, 1.0))
def test_a_quantile_is_that_of_numpy(values: list[float], share: float) -> None:
    assert float(quantile(np.array(values), share)) == pytest.approx(np.quantile(values, share), abs=1e-9)


@pytest.mark.parametrize("pattern_s", [T3_S, T4_S, (0.5, 0.5), (20.0, 0.1)])
@pytest.mark.parametrize("snr_db", [20.0, 3.0, -60.0])
def test_the_alarm_in_a_sound_is_its_rhythm_where_that_is_surely_an_alarm(
    pattern_s: tuple[float, ...], snr_db: float
) -> None:
    samples = beeps(pattern_s, 13.5, snr_db=snr_db)
    rhythm = rhythm_of(samples, RATE)
    assert alarm_in(contrast_of(samples, RATE)) == (rhythm if is_alarm(rhythm) else None)
