"""Which labels may hold a listed sound."""

from __future__ import annotations

import pytest

from monitor.evaluation.data.related import is_related

TEN = (
    "siren", "fire_smoke_alarm", "dog_bark", "baby_cry", "glass_break", "door_knock", "doorbell", "car_horn",
    "gunshot", "scream",
)  # fmt: skip


@pytest.mark.parametrize(
    "label",
    [
        "dog_whine",
        "civil_defense_siren",
        "alarm_clock",
        "train_horn",
        "speech_shout",
        "pain_cry",
        "bell",
        "animal",
    ],
)
def test_a_label_that_may_hold_a_listed_sound_is_related(label: str) -> None:
    assert is_related(label, TEN)


@pytest.mark.parametrize(
    "label", ["children_playing", "street_music", "speech", "fire_crackle", "door_slam", "siren", "fireworks"]
)
def test_other_sounds_and_the_classes_themselves_are_not(label: str) -> None:
    assert not is_related(label, TEN)


def test_a_label_is_related_to_what_is_listed_only() -> None:
    assert not is_related("speech_shout", ("siren",))
    assert not is_related("alarm_clock", ("siren", "dog_bark"))


def test_a_label_that_says_nothing_is_related_to_everything() -> None:
    assert is_related("unlabelled_scene", ("siren",))
