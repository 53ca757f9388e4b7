"""What a telephone rings and an appliance beeps at its end."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.detection.cadence import cadence_of
from monitor.detection.rhythm import T3_S, T4_S
from tests.detection.test_rhythm import RATE, beeps


def after_a_while(pattern_s: tuple[float, ...], length_s: float, snr_db: float = 20.0) -> NDArray[np.float32]:
    """Return a pattern once, a second after the begin, and then nothing but the noise."""
    return beeps((0.0, 1.0, *pattern_s[:-1], 60.0), length_s, 2000.0, snr_db, late_s=0.0)


@pytest.mark.parametrize("snr_db", [20.0, 0.0])
@pytest.mark.parametrize(
    ("pattern_s", "rings"), [((2.0, 4.0), 3), ((1.0, 4.0), 4), ((1.0, 2.0), 6), ((0.4, 0.2, 0.4, 2.0), 6)]
)
def test_a_telephone_is_told_by_its_rings_and_pauses(
    pattern_s: tuple[float, ...], rings: int, snr_db: float
) -> None:
    found = cadence_of(beeps(pattern_s, 16.0, 900.0, snr_db, late_s=sum(pattern_s) - 0.5), RATE)
    assert found is not None
    assert str(found) == f"telephone cadence, {rings} rings"
    assert found.pitch_hz == pytest.approx(900.0, rel=0.05)
    assert found.period_s == pytest.approx(sum(pattern_s), rel=0.05)


def test_a_bell_that_is_struck_twenty_times_a_second_rings_as_long_as_it_is_struck() -> None:
    strikes = (0.025,) * 80
    found = cadence_of(beeps((*strikes[:-1], 4.025), 16.0, 1200.0), RATE)
    assert found is not None
    assert found.name == "telephone"


@pytest.mark.parametrize("snr_db", [20.0, 0.0])
@pytest.mark.parametrize(("beep_s", "count"), [(0.6, 3), (0.2, 5), (1.0, 4)])
def test_an_appliance_that_is_done_gives_a_few_equal_beeps(beep_s: float, count: int, snr_db: float) -> None:
    found = cadence_of(after_a_while((beep_s, 0.4) * count, 12.0, snr_db), RATE)
    assert found is not None
    assert (found.name, str(found)) == ("appliance", f"{count} equal beeps, then silence")


def test_beeps_that_may_go_on_are_none_of_an_appliance() -> None:
    assert cadence_of(after_a_while((0.5, 0.5) * 4, 6.0), RATE) is None
    assert cadence_of(beeps((0.5, 0.5), 14.0), RATE) is None


@pytest.mark.parametrize("pattern_s", [T3_S, T4_S, (20.0, 0.1), (0.25, 9.0)])
@pytest.mark.parametrize("late_s", [0.0, 0.7, 3.3])
def test_an_alarm_a_steady_tone_and_a_single_beep_are_neither(
    pattern_s: tuple[float, ...], late_s: float
) -> None:
    assert cadence_of(beeps(pattern_s, 16.0, late_s=late_s), RATE) is None


def test_a_sweep_that_comes_by_again_and_again_is_no_telephone() -> None:
    times = np.arange(16 * RATE) / RATE
    pitch = 1000.0 + 300.0 * np.cos(2 * np.pi * times / 5.0)
    sweep = 0.3 * np.sin(2 * np.pi * np.cumsum(pitch) / RATE)
    noise = np.random.default_rng(0).standard_normal(len(times))
    assert cadence_of(np.asarray(sweep + 0.02 * noise, np.float32), RATE) is None


@pytest.mark.parametrize("length_s", [0.0, 0.01, 1.0, 4.0])
def test_silence_and_short_sounds_have_no_cadence(length_s: float) -> None:
    assert cadence_of(np.zeros(round(length_s * RATE), np.float32), RATE) is None
    assert cadence_of(beeps((0.5, 0.5), length_s), RATE) is None
