"""Labels that may hold a listed sound under another name; none of it is heard in an experiment. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

_ALSO = {
    "baby_cry": ("animal",),
    "dog_bark": ("animal",),
    "door_knock": ("hammering", "woodpecker"),
    "doorbell": ("bell", "buzzer", "chime", "ringtone"),
    "fire_smoke_alarm": ("buzzer", "reversing_beeper"),
    "glass_break": ("crash",),
    "gunshot": ("explosion", "gun_reload"),
    "scream": ("amusement_park", "pain_cry", "roller_coaster", "speech_shout"),
}
"""Class -> labels that may hold it though they share no word with it."""
_NEVER = frozenset(
    {"car_door", "car_interior", "door_creak", "door_slam", "fire_crackle", "plastic_break", "wood_break"}
)
"""Labels that share a word with a class and yet are another sound."""
_UNKNOWN = frozenset({"unlabelled_noise", "unlabelled_scene"})
"""Labels that say nothing."""


def is_related(label: str, classes: Sequence[str]) -> bool:
    """Say whether a label may hold one of `classes`: it shares a word (`dog_whine`), or is known to."""
    if label in classes or label in _NEVER:
        return False
    words = {word for name in classes for word in _words(name)}
    also = {other for name in classes for other in _ALSO.get(name, ())}
    return label in _UNKNOWN or label in also or bool(words & _words(label))


def _words(label: str) -> set[str]:
    return set(re.split(r"[_-]", label))
