from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.config.settings import LevelConfig
from monitor.records import LevelReading, Span
from monitor.stream.level import LevelMeter, mel_bands
from tests.fakes import RATE, noise, tone


def measure(
    samples: NDArray[np.float32], cuts: tuple[int, ...] = ()
) -> tuple[LevelMeter, list[LevelReading]]:
    meter = LevelMeter(RATE, LevelConfig())
    edges = [0, *sorted({cut for cut in cuts if 0 < cut < len(samples)}), len(samples)]
    ticks = [
        tick
        for start, stop in itertools.pairwise(edges)
        for tick in meter.push(Span(start, samples[start:stop], False, 0.0))
    ]
    return meter, ticks


def test_a_sine_of_amplitude_one_half_reads_minus_nine_dbfs() -> None:
    _, ticks = measure(tone("middle", 1.0, amplitude=0.5))
    assert ticks[5].level_dbfs == pytest.approx(-9.03, abs=0.05)
    assert ticks[5].peak_dbfs == pytest.approx(-6.02, abs=0.1)


def test_the_floor_follows_the_background_and_not_an_event_in_it() -> None:
    samples = noise(20.0, 0.01)
    samples[RATE * 10 : RATE * 12] += tone("low", 2.0)
    _, ticks = measure(samples)
    assert ticks[-1].floor_dbfs == pytest.approx(-40.0, abs=1.0)
    assert ticks[110].snr_db > 25.0
    assert ticks[110].activity == "high"
    assert ticks[90].activity == "low"


def test_digital_silence_is_told_apart_from_a_quiet_background() -> None:
    meter, ticks = measure(np.zeros(RATE * 3, np.float32))
    assert ticks[-1].activity == "silent"
    assert meter.silent
    assert not measure(noise(3.0, 1e-4))[0].silent


def test_digital_silence_does_not_lower_the_floor() -> None:
    samples = np.concatenate([noise(5.0, 0.01), np.zeros(RATE * 10, np.float32), noise(1.0, 0.01)])
    _, ticks = measure(samples)
    assert ticks[-1].floor_dbfs == pytest.approx(-40.0, abs=1.0)


@given(st.lists(st.integers(1, RATE * 2), max_size=12))
def test_levels_do_not_depend_on_how_the_stream_was_cut(cuts: list[int]) -> None:
    samples = noise(2.0, 0.05)
    assert measure(samples)[1] == measure(samples, tuple(cuts))[1]


def test_the_band_spectrogram_peaks_where_the_tone_is() -> None:
    _, ticks = measure(tone("high", 0.5))
    bands = ticks[2].bands_dbfs
    weights = mel_bands(RATE, RATE // 10, len(bands))
    centres = np.fft.rfftfreq(RATE // 10, 1 / RATE)[weights.argmax(axis=1)]
    assert abs(centres[int(np.argmax(bands))] - 3000.0) < 150.0


def test_over_reports_the_loudest_tick_of_a_window() -> None:
    samples = noise(3.0, 0.01)
    samples[RATE * 2 : RATE * 2 + RATE // 10] += tone("low", 0.1)
    meter, _ = measure(samples)
    loud = meter.over(RATE, RATE * 3)
    assert loud.level_dbfs == pytest.approx(-13.5, abs=0.5)
    assert meter.over(0, RATE).snr_db < 3.0
