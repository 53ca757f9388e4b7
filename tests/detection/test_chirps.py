"""The chirp of an alarm whose battery is low."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.detection.chirps import CHIRPS, LOOK_S, Chirp, LowBattery, chirp_in
from monitor.detection.tones import contrast_of
from monitor.records import ALARM_LOW_BATTERY, LevelReading, UnlistedSound
from tests.detection.test_rhythm import RATE, beeps

LEVEL = LevelReading(0, -30.0, -20.0, -50.0, 20.0, "normal", [])


def look(beep_s: float, at_s: float, pitch_hz: float = 3100.0, snr_db: float = 20.0) -> Chirp | None:
    """Return what one look finds of a beep that begins `at_s` after its begin."""
    samples = beeps((beep_s, 60.0), LOOK_S, pitch_hz, snr_db, late_s=60.0 + beep_s - at_s)
    return chirp_in(contrast_of(samples, RATE), RATE, 5 * RATE)


@pytest.mark.parametrize("snr_db", [20.0, 0.0])
@pytest.mark.parametrize("beep_s", [0.03, 0.1, 0.3])
def test_a_short_high_beep_that_is_alone_is_a_chirp(beep_s: float, snr_db: float) -> None:
    found = look(beep_s, 1.5, snr_db=snr_db)
    assert found is not None
    assert found.start / RATE == pytest.approx(6.5, abs=0.05)
    assert found.pitch_hz == pytest.approx(3100.0, rel=0.005)


@pytest.mark.parametrize(
    ("beep_s", "at_s", "pitch_hz"), [(0.6, 1.2, 3100.0), (0.1, 1.5, 700.0), (0.1, 2.4, 3100.0)]
)
def test_one_that_is_long_or_low_or_in_the_next_look_is_none(
    beep_s: float, at_s: float, pitch_hz: float
) -> None:
    assert look(beep_s, at_s, pitch_hz) is None


def test_beeps_that_follow_one_another_and_noise_alone_are_no_chirp() -> None:
    noise = beeps((0.1, 60.0), LOOK_S, late_s=10.0)
    for samples in (beeps((0.1, 0.4), LOOK_S), noise, np.zeros(3 * RATE, np.float32), noise[:0]):
        assert chirp_in(contrast_of(samples, RATE), RATE, 0) is None


class Room:
    """Hears chirps at given seconds."""

    def __init__(self) -> None:
        self.told: list[UnlistedSound] = []
        self._battery = LowBattery(RATE)

    def hear(
        self, times_s: list[float], until_s: int, pitch_hz: float = 3100.0, level_db: float = 0.0
    ) -> None:
        waiting = [Chirp(round(one * RATE), pitch_hz, level_db) for one in times_s]
        for second in range(int(min(times_s, default=0.0)), until_s):
            now: list[Chirp | None] = [one for one in waiting if second <= one.start / RATE < second + 1]
            for one in now or [None]:
                self.told += self._battery.hear(one, (second + 2) * RATE, LEVEL)

    def end(self) -> None:
        self.told += self._battery.end("stopped", 10_000 * RATE)

    @property
    def kinds(self) -> list[str]:
        return [one.change.type for one in self.told]


@pytest.mark.parametrize("period_s", [21.0, 43.3, 60.0])
def test_four_at_equal_distances_are_a_low_battery_for_as_long_as_they_come(period_s: float) -> None:
    room = Room()
    times_s = [5.0 + k * period_s for k in range(10) if k != 6]  # one is drowned
    room.hear(times_s, round(14 * period_s) + 10)
    onset, offset = room.told
    assert room.kinds == ["onset", "offset"]
    assert onset.label == f"low-battery chirp of a smoke alarm, one every {period_s:.0f} s"
    assert onset.change.class_ == ALARM_LOW_BATTERY
    assert (onset.change.onset_sample, offset.change.offset_sample) == (5 * RATE, round(times_s[-1] * RATE))
    assert offset.change.ended_by == "quiet"


@pytest.mark.parametrize(
    "times_s",
    [[5.0, 45.0, 85.0], [5.0, 45.0, 83.0, 125.0], [5.0, 10.0, 15.0, 20.0], [5.0, 105.0, 205.0, 305.0]],
)
def test_too_few_uneven_too_frequent_or_too_rare_ones_are_none(times_s: list[float]) -> None:
    room = Room()
    room.hear(times_s, 400)
    assert room.told == []


def test_a_bird_of_that_pitch_that_calls_in_between_is_no_battery() -> None:
    room = Room()
    room.hear(sorted([5.0, 45.0, 85.0, 125.0, 12.0, 31.0, 58.0, 77.5, 99.0]), 140)
    assert room.told == []


@settings(max_examples=30)
@given(st.lists(st.floats(20.0, 70.0), min_size=CHIRPS, max_size=20))
def test_onsets_and_offsets_alternate_and_every_onset_has_one(gaps_s: list[float]) -> None:
    room = Room()
    times_s = list(np.cumsum([1.0, *gaps_s]))
    room.hear(times_s, round(times_s[-1]) + 2)
    room.end()
    assert room.kinds == ["onset", "offset"] * (len(room.told) // 2)
