"""Timing in turns, and what is said of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tools.load import load_tool

benchmark = load_tool("tools.benchmark.benchmark")


@given(ratio=st.floats(0.05, 20), seed=st.integers(0, 1000))
def test_a_contender_that_always_takes_so_many_times_as_long_has_just_that_ratio(
    ratio: float, seed: int
) -> None:
    first = np.random.default_rng(seed).lognormal(0, 0.5, 60)
    own, other = benchmark.summarise(np.stack([first, first * ratio], axis=1))
    assert (own.ratio, own.ratio_low, own.ratio_high) == (1, 1, 1)
    assert other.ratio == pytest.approx(ratio)
    assert other.ratio_low == pytest.approx(ratio)
    assert other.ratio_high == pytest.approx(ratio)


def test_quartiles_enclose_the_median_and_the_interval_the_ratio() -> None:
    laps = np.random.default_rng(0).lognormal([0, 0.3, -1], 0.4, (200, 3))
    for timing in benchmark.summarise(laps):
        assert timing.low_ms < timing.median_ms < timing.high_ms
        assert timing.ratio_low <= timing.ratio <= timing.ratio_high


def test_a_few_slow_rounds_do_not_move_the_ratio() -> None:
    laps = np.tile([1.0, 2.0], (100, 1))
    laps[:20] *= [50, 1]
    assert benchmark.summarise(laps)[1].ratio == 2


def test_every_call_is_made_twice_a_round_and_its_time_is_in_its_own_column() -> None:
    pytest.importorskip("tqdm", reason="comes with the extra 'train'")
    counts = [0, 0]

    def fast() -> None:
        counts[0] += 1

    def slow() -> None:
        counts[1] += 1
        sum(range(50_000))

    laps = benchmark.alternate([fast, slow], rounds=9)
    assert laps.shape == (9, 2)
    assert counts == [18, 18]
    assert np.median(laps[:, 1]) > 10 * np.median(laps[:, 0])
