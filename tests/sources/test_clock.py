from __future__ import annotations

import numpy as np
import pytest

from monitor.sources.clock import DeviceClock

RATE = 48_000
BLOCK_LEN = 960


def run_clock(ppm: float, seconds: float, seed: int = 0) -> DeviceClock:
    """Feed a clock with a device that is `ppm` fast, and blocks 3 ms late on average, some much more."""
    random = np.random.default_rng(seed)
    clock = DeviceClock(RATE)
    for index in range(1, round(seconds * RATE / BLOCK_LEN)):
        position = index * BLOCK_LEN
        late_s = random.exponential(0.003) + (0.2 if random.random() < 0.01 else 0.0)
        clock.observe(position, 50.0 + position / (RATE * (1.0 + ppm * 1e-6)) + late_s)
    return clock


@pytest.mark.parametrize("ppm", [-200.0, -30.0, 0.0, 80.0])
def test_a_clock_that_runs_off_is_measured_through_jitter(ppm: float) -> None:
    assert run_clock(ppm, 150.0).ppm == pytest.approx(ppm, abs=5.0)


def test_nothing_is_claimed_within_the_first_minute() -> None:
    assert run_clock(100.0, 59.0).ppm is None


def test_lateness_is_measured_against_the_promptest_recent_block() -> None:
    clock = DeviceClock(RATE)
    for index in range(1, 200):
        clock.observe(index * BLOCK_LEN, 10.0 + index * 0.02 + 0.001 * (index % 5))
    assert clock.late_s(200 * BLOCK_LEN, 10.0 + 4.0 + 0.3) == pytest.approx(0.3)


def test_nothing_is_late_before_the_first_block() -> None:
    assert DeviceClock(RATE).late_s(BLOCK_LEN, 1e6) == 0.0
