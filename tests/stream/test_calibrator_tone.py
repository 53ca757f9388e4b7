"""The tone of a calibrator is found in what a microphone brings, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.records import Span
from monitor.stream.calibrator_tone import Tone, ToneFinder

RATE = 16_000


def tone(
    frequency_hz: float = 1000.0, level_dbfs: float = -30.0, lasts_s: float = 5.0
) -> NDArray[np.float64]:
    time_s = np.arange(round(lasts_s * RATE)) / RATE
    return np.asarray(
        np.sqrt(2.0) * 10.0 ** (level_dbfs / 20.0) * np.sin(2.0 * np.pi * frequency_hz * time_s)
    )


def hum(level_dbfs: float) -> NDArray[np.float64]:
    noise = np.random.default_rng(0).standard_normal(5 * RATE)
    return np.asarray(tone(50.0, level_dbfs) + 10.0 ** (level_dbfs / 20.0) * noise)


def find(samples: NDArray[np.float64], clipped: tuple[tuple[int, int], ...] = ()) -> Tone | None:
    finder, found = ToneFinder(RATE), None
    for start in range(0, len(samples), 1600):
        span = Span(start, np.asarray(samples[start : start + 1600], np.float32), False, 0.0, clipped)
        found = found or finder.push(span)
    return found


@pytest.mark.parametrize("frequency_hz", [985.0, 1000.0, 1000.9, 1015.0])
@pytest.mark.parametrize("level_dbfs", [-60.0, -23.0, -4.0])
def test_its_level_and_pitch_are_found_also_over_noise_and_hum(
    frequency_hz: float, level_dbfs: float
) -> None:
    found = find(tone(frequency_hz, level_dbfs) + hum(level_dbfs - 20.0))
    assert found is not None
    assert found.level_dbfs == pytest.approx(level_dbfs, abs=0.05)
    assert found.frequency_hz == pytest.approx(frequency_hz, abs=0.5)
    assert not found.clipped


def test_what_is_put_on_the_microphone_counts_once_it_is_steady() -> None:
    found = find(np.concatenate([hum(-50.0), tone(level_dbfs=-20.0, lasts_s=1.0), tone()]))
    assert found is not None
    assert found.level_dbfs == pytest.approx(-30.0, abs=0.01)


@pytest.mark.parametrize(
    "other",
    [
        np.zeros(5 * RATE), hum(-30.0), tone(950.0), tone(1050.0), tone(250.0), tone(lasts_s=2.8),
        tone() + hum(-33.0), tone() * np.linspace(1.0, 1.2, 5 * RATE), tone() + tone(2000.0),
    ],
    ids=["silence", "noise", "low", "high", "250 Hz", "short", "buried", "swelling", "two tones"],
)  # fmt: skip
def test_anything_else_is_none(other: NDArray[np.float64]) -> None:
    assert find(other) is None


def test_a_clipped_one_is_recognised_as_such() -> None:
    found = find(np.clip(tone(level_dbfs=10.0), -1.0, 1.0), clipped=((0, 5 * RATE),))
    assert found is not None
    assert found.clipped
