"""Alarms, sirens and tones made by code, heard by the model in the box through the whole pipeline."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from monitor import load_encoder
from tests.test_guards import Listening, Remembering, Samples, hum
from tests.tools.load import load_tool

alarm_sounds: Any = load_tool("tools.train.alarm_sounds")
CLASSES = (
    "siren,fire_smoke_alarm,carbon_monoxide_alarm,dog_bark,baby_cry,glass_break,door_knock,doorbell,car_horn,"
    "scream"
)
FALSE_ALARMS_PER_HOUR = 5.0
"""As the program ships."""
LEVEL = 0.2
"""Of the sounds, whose loudest tenth of a second then has -34 dBFS; the hum has -55."""
HUMS_S, SOUNDS_S = 5.0, 12.0


@pytest.fixture(scope="module")
def encoder() -> Remembering:
    return Remembering(load_encoder())


def heard(encoder: Remembering, kind: str, variant: int) -> set[str]:
    """Return the classes of the events of a sound that begins after a while of hum."""
    room = Listening(encoder, CLASSES, FALSE_ALARMS_PER_HOUR)
    sound: Samples = np.float32(LEVEL) * alarm_sounds.make(kind, variant)
    room.play(HUMS_S, hum())
    room.play(SOUNDS_S, hum(), sound)
    return {name for name in CLASSES.split(",") if room.onsets(name)}


def alarms(classes: set[str]) -> set[str]:
    return classes & {"fire_smoke_alarm", "carbon_monoxide_alarm"}


@pytest.mark.parametrize("variant", [20, 21, 22])
def test_three_high_beeps_are_an_alarm(encoder: Remembering, variant: int) -> None:
    assert alarms(heard(encoder, "T3, 3.1 kHz", variant))


@pytest.mark.parametrize("variant", [20, 21, 22])
@pytest.mark.parametrize("kind", ["T3, 520 Hz", "T4, 3.1 kHz", "T4, 520 Hz"])
def test_what_the_network_does_not_know_is_an_alarm_by_its_pattern(
    encoder: Remembering, kind: str, variant: int
) -> None:
    assert alarms(heard(encoder, kind, variant))


@pytest.mark.parametrize("variant", [20, 21])
@pytest.mark.parametrize("kind", ["reversing beeper", "microwave beeps"])
def test_what_beeps_evenly_is_no_carbon_monoxide_alarm(encoder: Remembering, kind: str, variant: int) -> None:
    assert "carbon_monoxide_alarm" not in heard(encoder, kind, variant)


@pytest.mark.parametrize("variant", [20, 21, 22])
@pytest.mark.parametrize("kind", ["wail", "yelp"])
def test_sirens_that_glide_are_sirens_and_no_smoke_alarm(
    encoder: Remembering, kind: str, variant: int
) -> None:
    found = heard(encoder, kind, variant)
    assert "siren" in found
    assert not alarms(found)


@pytest.mark.parametrize("variant", [20, 21, 22])
@pytest.mark.parametrize(
    "kind", ["steady tone, 520 Hz square", "steady tone, others", "mains hum", "hiss, rumble"]
)
def test_low_tones_hum_and_hiss_are_no_alarm(encoder: Remembering, kind: str, variant: int) -> None:
    assert not alarms(heard(encoder, kind, variant))
