from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.config.settings import LevelConfig
from monitor.records import Span
from monitor.stream.level import LevelMeter
from monitor.stream.noise import RISE_DB, SPAN_S
from tests.fakes import RATE, noise

Sound = NDArray[np.float32]


def meter_after(*parts: Sound) -> LevelMeter:
    meter = LevelMeter(RATE, LevelConfig())
    meter.push(Span(0, np.concatenate(parts), False, 0.0))
    return meter


def swept(seconds: float, low_hz: float, high_hz: float, per_s: float, rms: float) -> Sound:
    """A tone that goes up and down."""
    times = np.arange(round(seconds * RATE)) / RATE
    pitch = (low_hz + high_hz) / 2 + (high_hz - low_hz) / 2 * np.sin(2 * np.pi * per_s * times)
    return np.asarray(rms * np.sqrt(2.0) * np.sin(2 * np.pi * np.cumsum(pitch) / RATE), np.float32)


def beeps(seconds: float, rms: float) -> Sound:
    times = np.arange(round(seconds * RATE)) / RATE
    tone = rms * np.sqrt(2.0) * np.sin(2 * np.pi * 3000.0 * times)
    return np.asarray(tone * (times % 1.0 < 0.5), np.float32)


@pytest.mark.parametrize("before_s", [0.0, 10.0])
def test_loud_noise_is_noisy_within_five_seconds_also_where_it_is_quiet_otherwise(before_s: float) -> None:
    assert not meter_after(noise(before_s, 0.001), noise(1.5, 0.1)).noisy
    found = meter_after(noise(before_s, 0.001), noise(SPAN_S + 0.5, 0.1))
    assert found.noisy
    assert found.noise_dbfs == pytest.approx(-20.0, abs=2.0)


@pytest.mark.parametrize("siren_dbfs", [-20.0, -40.0])
def test_noise_as_loud_as_a_siren_is_noisy_and_the_siren_alone_is_not(siren_dbfs: float) -> None:
    rms = float(10.0 ** (siren_dbfs / 20.0))
    quiet, siren = noise(10.0, rms / 60.0), swept(5.0, 500.0, 1300.0, 0.4, rms)
    assert meter_after(quiet, siren + noise(5.0, rms)).noisy
    assert not meter_after(quiet, siren + noise(5.0, rms / 60.0)).noisy


@pytest.mark.parametrize(
    "sound",
    [
        swept(6.0, 800.0, 1800.0, 3.0, 0.3),
        beeps(6.0, 0.3),
        swept(6.0, 3000.0, 3000.0, 0.0, 0.3),
    ],
    ids=["a yelp", "beeps", "a steady tone"],
)
def test_an_alarm_however_loud_is_no_noise(sound: Sound) -> None:
    assert not meter_after(sound + noise(6.0, 0.001)).noisy


def test_a_background_that_has_become_much_louder_is_noisy_until_it_is_over() -> None:
    quiet, loud = noise(10.0, 0.001), noise(40.0, 0.001 * 10 ** ((RISE_DB + 5.0) / 20.0))
    louder = meter_after(quiet, loud)
    assert louder.noisy  # though it lasts longer than the floor remembers
    assert louder.risen_db == pytest.approx(RISE_DB + 5.0, abs=2.5)
    assert not meter_after(quiet, loud, noise(5.0, 0.001)).noisy


def test_what_lasts_ten_minutes_is_what_the_place_sounds_like() -> None:
    assert not meter_after(noise(10.0, 0.0005), *[noise(30.0, 0.02)] * 22).noisy


@pytest.mark.parametrize("dbfs", [-86.0, -88.0, -90.0, -92.0, -95.0])
def test_a_dead_input_is_silent_within_five_seconds_and_stays_so(dbfs: float) -> None:
    meter = LevelMeter(RATE, LevelConfig())
    states = []
    for start in range(0, 10 * RATE, RATE // 10):
        meter.push(Span(start, noise(0.1, float(10.0 ** (dbfs / 20.0))), False, 0.0))
        states.append(meter.silent)
    assert states[45]
    assert all(states[states.index(True) :])


def test_a_quiet_place_is_not_silent_because_it_varies() -> None:
    quiet = noise(6.0, float(10.0 ** (-86.0 / 20.0)))
    quiet[4 * RATE : 5 * RATE] *= 2.0
    assert not meter_after(quiet).silent
    assert not meter_after(noise(6.0, float(10.0 ** (-80.0 / 20.0)))).silent
