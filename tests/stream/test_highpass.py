from __future__ import annotations

import numpy as np
import pytest

from monitor.stream.highpass import ROW_LEN, HighPass

RATE = 16_000
STEP_LEN = 10 * ROW_LEN


def gain_db(cutoff_hz: float, tone_hz: float) -> float:
    tone = np.sin(2 * np.pi * tone_hz * np.arange(100 * STEP_LEN) / RATE).astype(np.float32)
    filtered = HighPass(cutoff_hz, RATE, 1, STEP_LEN).push(tone.reshape(-1, 1, STEP_LEN)).reshape(-1)
    half = len(tone) // 2
    return float(10 * np.log10(np.mean(filtered[half:] ** 2) / np.mean(tone[half:] ** 2)))


@pytest.mark.parametrize("cutoff_hz", [20.0, 100.0, 350.0])
def test_the_gain_is_that_of_a_second_order_butterworth(cutoff_hz: float) -> None:
    assert gain_db(cutoff_hz, cutoff_hz) == pytest.approx(-3.01, abs=0.1)
    assert gain_db(cutoff_hz, cutoff_hz / 2) == pytest.approx(-12.3, abs=0.3)
    assert gain_db(cutoff_hz, 8 * cutoff_hz) == pytest.approx(0.0, abs=0.1)


def test_steps_give_what_the_recursion_gives() -> None:
    samples = np.random.default_rng(0).uniform(-1, 1, (2, 20 * STEP_LEN)).astype(np.float32)
    filtered = in_parts(samples, 1, 7, 12).transpose(1, 0, 2).reshape(samples.shape)
    np.testing.assert_allclose(filtered, recursion(samples), atol=1e-9)


def test_a_step_has_the_same_bits_whatever_comes_with_it() -> None:
    samples = np.random.default_rng(1).uniform(-1, 1, (3, 20 * STEP_LEN)).astype(np.float32)
    np.testing.assert_array_equal(in_parts(samples, 20), in_parts(samples, 1, 2, 4, 13))


def in_parts(samples: np.ndarray, *parts: int) -> np.ndarray:
    """Filter (channels, n) in parts of so many steps; return (steps, channels, STEP_LEN)."""
    highpass = HighPass(100.0, RATE, len(samples), STEP_LEN)
    steps = np.ascontiguousarray(samples.reshape(len(samples), -1, STEP_LEN).transpose(1, 0, 2))
    return np.concatenate([highpass.push(part) for part in np.split(steps, np.cumsum(parts)[:-1])])


def recursion(samples: np.ndarray) -> np.ndarray:
    """Filter sample by sample, from the state that the mean of the first step leaves behind."""
    angle = 2 * np.pi * 100.0 / RATE
    alpha = np.sin(angle) / np.sqrt(2)
    b0, a1, a2 = (
        (1 + np.cos(angle)) / 2 / (1 + alpha),
        -2 * np.cos(angle) / (1 + alpha),
        (1 - alpha) / (1 + alpha),
    )
    out = np.zeros(samples.shape)
    before = samples[:, :STEP_LEN].mean(axis=1, dtype=np.float64)
    x1 = x2 = before
    y1 = y2 = np.zeros(len(samples))
    for place in range(samples.shape[1]):
        x0 = samples[:, place].astype(np.float64)
        y0 = b0 * (x0 - 2 * x1 + x2) - a1 * y1 - a2 * y2
        out[:, place] = y0
        x1, x2, y1, y2 = x0, x1, y0, y1
    return out


@pytest.mark.parametrize("offset", [1.0, -0.02, 1.0 / 32768.0])
def test_a_constant_is_nothing_from_the_first_sample_on(offset: float) -> None:
    filtered = HighPass(20.0, RATE, 1, STEP_LEN).push(np.full((50, 1, STEP_LEN), offset, np.float32))
    assert np.abs(filtered).max() < 1e-9
