"""A-weighting is that of the standard, whatever comes in however large pieces."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.records import Span
from monitor.stream.weighting import AWeighting, a_weighting_db

TABLE_DB = {
    31.5: -39.4, 63.0: -26.2, 125.0: -16.1, 250.0: -8.6, 500.0: -3.2, 1000.0: 0.0, 2000.0: 1.2,
    4000.0: 1.0, 8000.0: -1.1, 12500.0: -4.3,
}  # fmt: skip
"""IEC 61672-1, table of frequency weightings."""


def level_db(samples: NDArray[np.float32], rate: int) -> float:
    powers = [power for _, power in AWeighting(rate).push(Span(0, samples, False, 0.0))]
    return float(10.0 * np.log10(np.mean(powers)))


@pytest.mark.parametrize("rate", [16_000, 32_000, 48_000])
@pytest.mark.parametrize("frequency_hz", TABLE_DB)
def test_a_tone_is_weighted_as_the_table_of_the_standard_says(frequency_hz: float, rate: int) -> None:
    exact_hz = 1000.0 * 10.0 ** (round(10.0 * np.log10(frequency_hz / 1000.0)) / 10.0)
    assert float(a_weighting_db(np.array([exact_hz]))[0]) == pytest.approx(TABLE_DB[frequency_hz], abs=0.06)
    if frequency_hz >= rate / 2:
        return
    time_s = np.arange(4 * rate) / rate
    tone = np.asarray(np.sqrt(2.0) * np.sin(2.0 * np.pi * exact_hz * time_s), np.float32)
    assert level_db(tone, rate) == pytest.approx(TABLE_DB[frequency_hz], abs=0.5)


def test_pink_noise_is_as_loud_as_the_integral_over_its_spectrum() -> None:
    rate, count = 32_000, 32_000 * 60
    frequencies = np.fft.rfftfreq(count, 1.0 / rate)
    powers = np.where(
        (frequencies > 20.0) & (frequencies < 15_000.0), 1.0 / np.maximum(frequencies, 1.0), 0.0
    )
    phases = np.random.default_rng(0).uniform(0.0, 2.0 * np.pi, len(frequencies))
    samples = np.fft.irfft(np.sqrt(powers) * np.exp(1j * phases), count)
    samples /= np.sqrt(np.mean(samples**2))
    weights = 10.0 ** (a_weighting_db(np.maximum(frequencies, 1.0)) / 10.0)
    expected_db = 10.0 * np.log10(np.sum(powers * weights) / np.sum(powers))
    assert level_db(np.asarray(samples, np.float32), rate) == pytest.approx(expected_db, abs=0.1)


def test_pieces_of_any_size_give_the_same_and_nothing_joins_what_a_gap_divides() -> None:
    rate = 8000
    samples = np.asarray(0.1 * np.random.default_rng(1).standard_normal(3 * rate), np.float32)
    whole = AWeighting(rate).push(Span(0, samples, False, 0.0))
    pieces = AWeighting(rate)
    found = []
    for start in range(0, len(samples), 333):
        found += pieces.push(Span(start, samples[start : start + 333], False, 0.0))
    assert found == whole
    assert [stop for stop, _ in whole[:2]] == [2000, 2500]
    after_gap = AWeighting(rate)
    after_gap.push(Span(0, samples[:1900], False, 0.0))
    later = after_gap.push(Span(50_000, samples[1900:], True, 0.0))
    assert later[0][0] == 52_000
