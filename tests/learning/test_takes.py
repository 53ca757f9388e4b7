"""Where in sound an example is, live and in recordings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.learning.takes import (
    LONGEST_S,
    TICK_S,
    Take,
    TakeFinder,
    cut_take,
    levels_of,
    share_of,
    sounds_in,
)
from tests.fakes import RATE, noise, tone


def scene(*starts_s: float, seconds: float = 12.0, length_s: float = 0.6) -> NDArray[np.float32]:
    """Faint noise, with tones that begin at `starts_s`."""
    samples = noise(seconds, 0.002)
    for start_s in starts_s:
        start = round(start_s * RATE)
        samples[start : start + round(length_s * RATE)] += tone("middle", length_s, 0.2)
    return samples


def found_in(samples: NDArray[np.float32]) -> list[Take]:
    ticks, floor = sounds_in(levels_of(samples, RATE))
    return [cut_take(samples, RATE, one, floor, "test") for one in ticks]


def test_sounds_of_a_recording_are_found_where_they_are_with_the_place_around_them() -> None:
    takes = found_in(scene(3.0, 7.0))
    assert [take.seconds for take in takes] == pytest.approx([0.6, 0.6], abs=2 * TICK_S)
    for take in takes:
        assert take.start == pytest.approx(2 * RATE, abs=TICK_S * RATE)
        assert len(take.samples) == pytest.approx(4.6 * RATE, abs=2 * TICK_S * RATE)
        assert take.snr_db == pytest.approx(37.0, abs=2.0)


def test_a_pause_shorter_than_a_second_is_within_one_sound() -> None:
    (take,) = found_in(scene(3.0, 4.2))
    assert take.seconds == pytest.approx(1.8, abs=2 * TICK_S)


def test_a_recording_that_holds_nothing_but_a_sound_is_that_sound_and_nobody_knows_its_background() -> None:
    (take,) = found_in(tone("low", 0.5))
    assert (take.start, take.stop) == (0, RATE // 2)
    assert take.snr_db is None


def test_of_a_sound_that_goes_on_the_loudest_ten_seconds_are_taken() -> None:
    samples = np.concatenate([noise(3.0, 0.002), tone("middle", 20.0, 0.05), noise(3.0, 0.002)])
    samples[10 * RATE : 12 * RATE] += tone("high", 2.0, 0.4)
    (take,) = found_in(samples)
    assert take.cut
    assert take.seconds == pytest.approx(LONGEST_S)
    assert take.level_dbfs == pytest.approx(-9.7, abs=0.5)


def test_live_a_sound_begins_when_it_stands_out_and_ends_a_second_after_it_has_faded() -> None:
    finder = TakeFinder()
    for _ in range(40):
        finder.learn(-60.0)
    assert [finder.hear(level) for level in (-60.0, -55.0, -40.0)] == ["waits", "waits", "sounds"]
    states = [finder.hear(level) for level in (-38.0, *[-60.0] * 20)]
    assert states[-1] == "over"
    assert "over" not in states[:-1]
    assert finder.found == (42, 44)


def test_live_a_place_whose_level_wavers_is_not_taken_for_a_sound() -> None:
    finder = TakeFinder()
    levels = [-60.0, -45.0, -58.0, -46.0] * 20
    for level in levels:
        finder.learn(level)
    assert {finder.hear(level) for level in levels} == {"waits"}
    assert finder.hear(-30.0) == "sounds"


def test_live_a_sound_that_does_not_end_is_cut() -> None:
    finder = TakeFinder()
    for _ in range(40):
        finder.learn(-60.0)
    states = [finder.hear(-30.0) for _ in range(round(LONGEST_S / TICK_S) + 1)]
    assert states[-1] == "cut"


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=5), st.integers(0, 50))
def test_the_share_that_stretches_cover_is_one(stretches: list[tuple[int, int]], start: int) -> None:
    assert 0.0 <= share_of(stretches, start, start + 10) <= 1.0
    assert share_of([(start, start + 10)], start, start + 10) == 1.0


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 3.0), st.floats(0.0, 5.0))
def test_a_take_always_holds_its_sound(seed: int, length_s: float, start_s: float) -> None:
    samples = np.concatenate([noise(start_s, 0.002, seed), tone("middle", length_s), noise(2.0, 0.002, seed)])
    for take in found_in(samples):
        assert 0 <= take.start < take.stop <= len(take.samples)
