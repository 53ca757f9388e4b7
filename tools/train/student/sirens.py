"""Sirens made by code: what is taught beside alarms and tones must not take these with it (signals.py)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tools.train.student.made import Floats, noise, tone
from tools.train.student.sources import RATE

FASTEST_M_S = 35.0
"""Of a vehicle that passes."""
SOUND_M_S = 343.0
_PARTIALS = 10


def _seconds(length: int) -> Floats:
    return np.arange(length) / RATE


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _swing(rng: np.random.Generator, length: int, period_s: float) -> Floats:
    """Rise and fall between 0 and 1, as steeply one way as the other or not, from any moment of it."""
    turn = (_seconds(length) / period_s + rng.random()) % 1
    peak = rng.uniform(0.15, 0.7)
    rise = np.where(turn < peak, turn / peak, (1 - turn) / (1 - peak))
    return np.asarray(
        0.5 - 0.5 * np.cos(np.pi * rise) if rng.random() < 0.4 else rise ** rng.uniform(0.5, 1.5)
    )


def _range_hz(rng: np.random.Generator) -> tuple[float, float]:
    low = _between(rng, 350, 950)
    return low, low * rng.uniform(1.6, 3.2)


def wail(rng: np.random.Generator, length: int) -> Floats:
    """Glide up and down slowly."""
    low, high = _range_hz(rng)
    return low * (high / low) ** _swing(rng, length, _between(rng, 1.5, 12))


def yelp(rng: np.random.Generator, length: int) -> Floats:
    """Glide up and down some times a second, or so quickly that it rattles."""
    low, high = _range_hz(rng)
    return low * (high / low) ** _swing(rng, length, 1 / _between(rng, 2, 16))


def two_tones(rng: np.random.Generator, length: int) -> Floats:
    """Change between two pitches."""
    low, period_s = _between(rng, 350, 900), _between(rng, 0.5, 2.6)
    is_high = (_seconds(length) / period_s + rng.random()) % 1 < 0.5
    return np.where(is_high, low * rng.uniform(1.12, 1.6), low)


PITCHES: tuple[Callable[[np.random.Generator, int], Floats], ...] = (wail, yelp, two_tones)


def _passing(rng: np.random.Generator, length: int) -> Floats:
    """Draw by what the pitch is multiplied while a vehicle passes, comes, goes or stands (Doppler)."""
    speed, distance = rng.choice([0.0, rng.uniform(3, FASTEST_M_S)]), rng.uniform(3, 40)
    along = speed * (_seconds(length) - rng.uniform(-4, 6))
    return SOUND_M_S / (SOUND_M_S + speed * along / np.hypot(along, distance))


def _timbre(rng: np.random.Generator, pitch_hz: float) -> Floats:
    """Draw the partials of a driven horn: bright, with a resonance."""
    number = 1 + np.arange(_PARTIALS)
    resonance = np.log2(number * pitch_hz / _between(rng, 700, 2600))
    levels = number ** -rng.uniform(0.2, 1.6) * rng.uniform(0.3, 1, _PARTIALS)
    levels *= np.exp(-(resonance**2) / rng.uniform(1, 8))
    if rng.random() < 0.3:
        levels[1::2] = 0
    return np.asarray(levels / levels.max())


def electronic(rng: np.random.Generator, length: int) -> Floats:
    """Sound the siren of a vehicle."""
    pitch = PITCHES[rng.integers(len(PITCHES))](rng, length) * _passing(rng, length)
    return tone(pitch, _timbre(rng, float(pitch.mean())), length)


def motor(rng: np.random.Generator, length: int) -> Floats:
    """Turn a disc with holes up and down: one pitch or two that belong together, some rush of air."""
    low, high = _between(rng, 120, 300), _between(rng, 350, 850)
    pitch = low * (high / low) ** _swing(rng, length, _between(rng, 4, 16))
    sound = tone(pitch, _timbre(rng, float(pitch.mean())), length)
    if rng.random() < 0.6:
        sound = sound + tone(
            pitch * rng.choice([1.2, 1.25, 4 / 3, 1.5]), _timbre(rng, float(pitch.mean())), length
        )
    air = noise(rng, length)
    return np.asarray(sound + rng.uniform(0, 0.2) * sound.std() * air / (air.std() + 1e-9))
