"""The table of alarms made by code: the sounds themselves, and how they are counted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.tools.load import load_tool

alarm_sounds: Any = load_tool("tools.train.alarm_sounds")
evaluate_alarms: Any = load_tool("tools.train.evaluate_alarms")
RATE = alarm_sounds.RATE


@pytest.mark.parametrize("kind", [*alarm_sounds.ALARMS, *alarm_sounds.SIRENS, *alarm_sounds.OTHERS])
def test_every_sound_lasts_as_long_as_it_says_at_one_level(kind: str) -> None:
    sound, again = alarm_sounds.make(kind, 1), alarm_sounds.make(kind, 1)
    assert len(sound) == alarm_sounds.LENGTH_S * RATE
    assert alarm_sounds.loudness(sound) == pytest.approx(0.1, rel=1e-3)
    np.testing.assert_array_equal(sound, again)


@pytest.mark.parametrize(
    ("kind", "starts_s"),
    [("T3, 3.1 kHz", [0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14]), ("T4, 520 Hz", [0, 0.2, 0.4, 0.6, 5.7])],
)
def test_pulses_come_when_the_pattern_says(kind: str, starts_s: list[float]) -> None:
    variant = {"T3, 3.1 kHz": 5, "T4, 520 Hz": 3}[kind]  # whose pace is that of the standard
    sound = alarm_sounds.make(kind, variant, dry=True)
    rms = np.sqrt(np.square(sound).reshape(-1, RATE // 100).mean(axis=1))
    found = np.flatnonzero(np.diff((rms > 0.05).astype(int), prepend=0) == 1) / 100
    assert found[: len(starts_s)] == pytest.approx(starts_s, abs=0.02)


def test_a_background_is_as_much_fainter_as_the_snr_says() -> None:
    bed = np.random.default_rng(1).normal(size=RATE).astype(np.float32)
    noisy = evaluate_alarms.scene("mains hum", 0, 10.0, bed)
    lead = noisy[: int(evaluate_alarms.BEFORE_S * RATE)]
    loud = alarm_sounds.loudness(noisy - np.resize(bed, len(noisy)) * lead[0] / bed[0])
    assert 20 * np.log10(loud / np.sqrt(np.mean(np.square(lead)))) == pytest.approx(10.0, abs=0.2)
    assert np.abs(noisy).max() == pytest.approx(0.5)


def told(kind: str, *classes: str) -> Any:
    return evaluate_alarms.Told(kind, 0, evaluate_alarms.CLEAN, classes)


def test_the_table_counts_files_with_an_alarm_and_not_events() -> None:
    heard = [told("a", "siren", "alarm", "alarm"), told("a", "siren"), told("b", "alarm"), told("c", "alarm")]
    lines = evaluate_alarms.table(heard, ("a", "b"), frozenset({"alarm"})).splitlines()
    assert lines[2] == "| a | 1/2 [0.09, 0.91] |"
    assert lines[3].startswith("| b | 1/1 ")
    assert lines[4].startswith("| all | 2/3 ")
