"""In which pattern something beeps."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.detection.rhythm import T3_S, T4_S, rhythm_of

RATE = 16_000


def beeps(
    pattern_s: tuple[float, ...],
    length_s: float,
    pitch_hz: float = 3000.0,
    snr_db: float = 20.0,
    late_s: float = 0.7,
) -> NDArray[np.float32]:
    """Return a tone in a pattern that has begun before, in white noise."""
    times = np.arange(round(length_s * RATE)) / RATE
    edges = np.cumsum(pattern_s)
    on = np.searchsorted(edges, (times + late_s) % edges[-1], side="right") % 2 == 0
    tone = np.sqrt(2.0) * np.sin(2 * np.pi * pitch_hz * times) * on
    noise = np.random.default_rng(1).standard_normal(len(times))
    return np.asarray(0.05 * (tone * 10 ** (snr_db / 20) + noise), np.float32)


@pytest.mark.parametrize("snr_db", [20.0, 0.0])
@pytest.mark.parametrize("pitch_hz", [3100.0, 520.0])
def test_the_pattern_of_a_smoke_alarm_is_told_with_its_cycles(pitch_hz: float, snr_db: float) -> None:
    found = rhythm_of(beeps(T3_S, 12.0, pitch_hz, snr_db), RATE)
    assert found is not None
    assert (found.name, str(found)) == ("T3", "T3, 3 cycles")
    assert found.pitch_hz == pytest.approx(pitch_hz, rel=0.1)
    assert found.period_s == pytest.approx(4.0, rel=0.05)


def test_the_pattern_of_a_carbon_monoxide_alarm_is_told_whatever_its_phase() -> None:
    for late_s in (0.0, 1.0, 3.0, 5.0):
        found = rhythm_of(beeps(T4_S, 12.5, late_s=late_s), RATE)
        assert found is not None
        assert found.name == "T4"


@pytest.mark.parametrize("pace", [0.9, 1.1])
def test_a_pattern_may_be_a_tenth_fast_or_slow(pace: float) -> None:
    found = rhythm_of(beeps(tuple(pace * one for one in T3_S), 14.0), RATE)
    assert found is not None
    assert found.name == "T3"


@pytest.mark.parametrize("period_s", [0.3, 1.0, 1.6])
def test_even_beeps_are_no_pattern_of_an_alarm(period_s: float) -> None:
    found = rhythm_of(beeps((period_s / 2, period_s / 2), 12.0, 1200.0), RATE)
    assert found is not None
    assert found.name == "beeps"
    assert found.period_s == pytest.approx(period_s, rel=0.1)
    assert str(found) == f"even beeps, one every {found.period_s:.1f} s"


def test_a_steady_tone_is_one_and_noise_is_nothing() -> None:
    steady = rhythm_of(beeps((20.0, 0.1), 8.0), RATE)
    assert steady is not None
    assert str(steady) == "steady tone"
    assert rhythm_of(beeps((20.0, 0.1), 8.0, snr_db=-60.0), RATE) is None


@pytest.mark.parametrize("length_s", [0.0, 0.01, 0.2, 1.0, 2.5])
def test_of_a_short_sound_no_pattern_of_an_alarm_is_told(length_s: float) -> None:
    found = rhythm_of(beeps(T3_S, length_s), RATE)
    assert found is None or found.name not in {"T3", "T4"}


def test_silence_has_no_rhythm() -> None:
    assert rhythm_of(np.zeros(8 * RATE, np.float32), RATE) is None
