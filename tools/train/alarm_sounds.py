"""Alarms, sirens, and what may be taken for either, made by code to report on; nothing is learnt from them.

Pitches, timings, timbres and rooms are others than those that labels teach (student/signals.py), and so is
the code. A variant is one of each; the same number makes the same sound.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Floats = NDArray[np.float64]

RATE = 32_000
"""Hz."""
LENGTH_S = 16.0
"""Of each sound: four rounds of T3, nearly three of T4."""
PIEZO_HZ = (3120.0, 2830.0, 3310.0, 2960.0, 3470.0, 3210.0)
LOW_HZ = (520.0, 488.0, 535.0, 508.0, 556.0, 524.0)
PACE = (1.0, 0.93, 1.08, 0.97, 1.04, 1.1)
"""What the times of a pattern are multiplied by."""
_SPEED_OF_SOUND_M_S = 343.0
_ORDER = 15
"""Reflections between two opposite walls that are counted."""

_T3_S = (0.5, 0.5, 0.5, 0.5, 0.5, 1.5)
_T4_S = (0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 5.0)


def _times() -> Floats:
    return np.arange(round(LENGTH_S * RATE)) / RATE


def _of(values: tuple[float, ...], variant: int) -> float:
    return values[variant % len(values)]


def _beeps(wave: Floats, pattern_s: tuple[float, ...], pace: float = 1.0) -> Floats:
    """Let a wave sound in a pattern of on, off, on, off ..., edges of 2 ms."""
    edges = np.cumsum(pattern_s) * pace
    on = np.searchsorted(edges, _times() % edges[-1], side="right") % 2 == 0
    ramp = np.hanning(round(0.004 * RATE))
    return wave * np.convolve(on, ramp / ramp.sum(), mode="same")


def _disc(pitch_hz: float, rng: np.random.Generator) -> Floats:
    """Sound a driven disc: a carrier that wavers a little, and harmonics that a case filters."""
    t = _times()
    phase = 2 * np.pi * pitch_hz * t + rng.uniform(0, 0.6) * np.sin(2 * np.pi * rng.uniform(4, 12) * t)
    levels = (1.0, rng.uniform(0.05, 0.4), rng.uniform(0.02, 0.3), rng.uniform(0, 0.1))
    return np.asarray(sum(level * np.sin(k * phase) for k, level in enumerate(levels, start=1)), np.float64)


def _square(pitch_hz: float, rng: np.random.Generator) -> Floats:
    """Sound a square wave through a small loudspeaker: weak below its resonance, dull above its break-up."""
    t, low, high = _times(), rng.uniform(250, 600), rng.uniform(2500, 9000)
    wave = np.zeros(len(t))
    for k in range(1, int(15_000 / pitch_hz), 2):
        f = k * pitch_hz
        wave += np.sin(2 * np.pi * f * t) / k / np.sqrt(1 + (low / f) ** 4) / np.sqrt(1 + (f / high) ** 4)
    return wave


def _sine(pitch_hz: Floats | float) -> Floats:
    return np.sin(2 * np.pi * np.cumsum(np.broadcast_to(pitch_hz, len(_times()))) / RATE)


def _t3(variant: int, rng: np.random.Generator) -> Floats:
    return _beeps(_disc(_of(PIEZO_HZ, variant), rng), _T3_S, _of(PACE, variant + 1))


def _t3_low(variant: int, rng: np.random.Generator) -> Floats:
    return _beeps(_square(_of(LOW_HZ, variant), rng), _T3_S, _of(PACE, variant))


def _t4(variant: int, rng: np.random.Generator) -> Floats:
    return _beeps(_disc(_of(PIEZO_HZ, variant), rng), _T4_S, _of(PACE, variant + 2))


def _t4_low(variant: int, rng: np.random.Generator) -> Floats:
    return _beeps(_square(_of(LOW_HZ, variant), rng), _T4_S, _of(PACE, variant + 3))


def _fast(variant: int, rng: np.random.Generator) -> Floats:
    on = _of((0.25, 0.12, 0.4, 0.18, 0.32, 0.09), variant)
    return _beeps(_disc(_of(PIEZO_HZ, variant), rng), (on, on * _of((1.0, 0.6, 0.4), variant)))


def _steady_high(variant: int, rng: np.random.Generator) -> Floats:
    return _disc(_of(PIEZO_HZ, variant), rng)


def _steady(variant: int, rng: np.random.Generator) -> Floats:
    pitch = _of((440.0, 1000.0, 2050.0, 235.0, 4100.0, 720.0), variant)
    return _sine(pitch) + rng.uniform(0, 0.5) * _sine(2 * pitch)


def _steady_low(variant: int, rng: np.random.Generator) -> Floats:
    return _square(_of(LOW_HZ, variant), rng)


def _hum(variant: int, rng: np.random.Generator) -> Floats:
    mains = _of((50.0, 60.0, 100.0), variant)
    return np.asarray(sum(rng.uniform(0, 1) / k * _sine(k * mains) for k in range(1, 14)), np.float64)


def _sweep(variant: int, rng: np.random.Generator) -> Floats:
    rise = np.linspace(0, 1, len(_times())) * _of((1.0, 2.0, 4.0), variant) % 1
    return _sine(rng.uniform(120, 400) * 2 ** (rng.uniform(2, 4) * rise))


def _reversing(variant: int, rng: np.random.Generator) -> Floats:
    pitch = _of((1250.0, 1000.0, 1400.0, 1120.0), variant)
    return _beeps(_sine(pitch) + 0.3 * _sine(3 * pitch), (0.5, rng.uniform(0.4, 0.6)))


def _oven(variant: int, rng: np.random.Generator) -> Floats:
    wave = _sine(_of((2050.0, 1980.0, 2300.0, 1550.0), variant))
    return _beeps(wave + rng.uniform(0, 0.4) * wave**3, (_of((0.6, 0.35, 1.0), variant), 0.9))


def _kettle(variant: int, rng: np.random.Generator) -> Floats:
    waver = np.interp(_times(), np.linspace(0, LENGTH_S, 60), rng.normal(0, 0.008, 60))
    wave = _sine(_of((1900.0, 2450.0, 3050.0, 1500.0), variant) * (1 + waver))
    return wave + rng.uniform(0.1, 0.4) * rng.normal(size=len(wave))


def _telephone(variant: int, rng: np.random.Generator) -> Floats:
    first = rng.uniform(600, 1400)
    turn = (_times() * _of((20.0, 25.0, 14.0), variant)) % 1 < 0.5
    wave = _sine(np.where(turn, first, first * 1.25))
    return _beeps(wave + 0.3 * wave**3, _of_rings(variant))


def _of_rings(variant: int) -> tuple[float, ...]:
    return ((2.0, 4.0), (0.4, 0.2, 0.4, 2.0))[variant % 2]


def _chirps(variant: int, rng: np.random.Generator) -> Floats:
    wave = _disc(_of(PIEZO_HZ, variant), rng)
    return _beeps(wave, (_of((0.03, 0.06, 0.1), variant), 9.0))


def _engaged(variant: int, rng: np.random.Generator) -> Floats:
    del rng
    low, high = ((480.0, 620.0), (425.0, 425.0), (400.0, 450.0))[variant % 3]
    on = _of((0.5, 0.48, 0.35), variant)
    return _beeps(_sine(low) + _sine(high), (on, on))


def _tune(variant: int, rng: np.random.Generator, low_hz: float, note_s: float, decay_s: float) -> Floats:
    sound = np.zeros(len(_times()))
    for at in range(int(LENGTH_S / note_s)):
        pitch = low_hz * 2 ** (rng.choice([0, 3, 5, 7, 10, 12, 15]) / 12)
        start = round(at * note_s * RATE)
        t = np.arange(min(len(sound) - start, round(5 * decay_s * RATE))) / RATE
        note = sum(0.5**k * np.sin(2 * np.pi * k * pitch * t) for k in range(1, 4 + variant % 3))
        sound[start : start + len(t)] += note * np.minimum(t / 0.004, 1) * np.exp(-t / decay_s)
    return sound


def _ringtone(variant: int, rng: np.random.Generator) -> Floats:
    return _tune(variant, rng, rng.uniform(600, 1300), _of((0.12, 0.2, 0.15), variant), 0.2)


def _piano(variant: int, rng: np.random.Generator) -> Floats:
    return _tune(variant, rng, rng.uniform(130, 400), _of((0.25, 0.5, 0.33), variant), 0.6)


def _hiss(variant: int, rng: np.random.Generator) -> Floats:
    """Hiss as an amplifier does in a silent room, or rumble."""
    sound = rng.normal(size=len(_times()))
    return np.cumsum(sound - sound.mean()) if variant % 2 else sound


def _horn(pitch_hz: Floats, rng: np.random.Generator) -> Floats:
    """Sound a pitch that moves through a horn loudspeaker, from a vehicle that stands or drives past."""
    t, passing = _times(), rng.uniform(4, 12)
    speed, distance = rng.choice([0.0, rng.uniform(8, 25)]), rng.uniform(5, 30)
    along = speed * (t - passing)
    away = speed * along / np.hypot(along, distance)
    heard = pitch_hz * _SPEED_OF_SOUND_M_S / (_SPEED_OF_SOUND_M_S + away)
    phase, middle, wave = 2 * np.pi * np.cumsum(heard) / RATE, rng.uniform(900, 2200), np.zeros(len(t))
    for k in range(1, 9):
        octaves = np.log2(np.maximum(k * heard, 1) / middle)
        wave += (
            np.exp(-(octaves**2) / 1.7)
            * k ** -rng.uniform(0.5, 1.2)
            * np.sin(k * phase)
            * (k * heard < 15_000)
        )
    return wave * distance / np.hypot(along, distance)


def _wail(variant: int, rng: np.random.Generator) -> Floats:
    low, high = (
        _of((600.0, 450.0, 700.0, 500.0, 800.0), variant),
        _of((1400.0, 1250.0, 1600.0, 1100.0), variant),
    )
    turn = _times() / _of((2.5, 4.2, 6.0, 3.1, 8.0), variant) % 1
    rise = np.where(turn < 0.4, turn / 0.4, (1 - turn) / 0.6)
    return _horn(low + (high - low) * rise ** rng.uniform(0.6, 1.2), rng)


def _yelp(variant: int, rng: np.random.Generator) -> Floats:
    turn = _times() * _of((3.0, 3.6, 4.4, 2.5), variant) % 1
    low, high = _of((600.0, 520.0, 750.0), variant), _of((1400.0, 1200.0, 1650.0, 1500.0, 1800.0), variant)
    return _horn(low + (high - low) * np.where(turn < 0.5, 2 * turn, 2 - 2 * turn), rng)


def _high_low(variant: int, rng: np.random.Generator) -> Floats:
    low, step = _of((435.0, 410.0, 660.0, 500.0, 450.0), variant), _of((4 / 3, 1.25, 1.41), variant)
    is_high = _times() / _of((0.5, 0.55, 0.9, 0.4, 1.1), variant) % 2 >= 1
    return _horn(np.where(is_high, low * step, low), rng)


def _raid(variant: int, rng: np.random.Generator) -> Floats:
    """Turn a motor siren up and down: two rows of holes, so two pitches, that rise and fall slowly."""
    swing = 0.5 - 0.5 * np.cos(2 * np.pi * _times() / _of((6.0, 8.0, 10.0, 5.0), variant))
    pitch = 180 + (_of((460.0, 400.0, 560.0), variant) - 180) * (0.15 + 0.85 * swing)
    phase, wave = 2 * np.pi * np.cumsum(pitch) / RATE, np.zeros(len(swing))
    for row in (1.0, _of((1.2, 1.25, 4 / 3), variant)):
        wave += sum(rng.uniform(0.5, 1) / k * np.sin(row * k * phase) for k in range(1, 12))
    return wave * (0.3 + 0.7 * swing)


Maker = Callable[[int, np.random.Generator], Floats]
SIRENS: dict[str, Maker] = {"wail": _wail, "yelp": _yelp, "hi-lo": _high_low, "motor siren": _raid}
ALARMS: dict[str, Maker] = {
    "T3, 3.1 kHz": _t3,
    "T3, 520 Hz": _t3_low,
    "T4, 3.1 kHz": _t4,
    "T4, 520 Hz": _t4_low,
    "fast beeps, 3.1 kHz": _fast,
}
OTHERS: dict[str, Maker] = {
    "steady tone, 3.1 kHz": _steady_high,
    "steady tone, 520 Hz square": _steady_low,
    "steady tone, others": _steady,
    "mains hum": _hum,
    "hiss, rumble": _hiss,
    "sweep": _sweep,
    "reversing beeper": _reversing,
    "microwave beeps": _oven,
    "kettle whistle": _kettle,
    "telephone ring": _telephone,
    "engaged tone": _engaged,
    "low-battery chirp": _chirps,
    "ringtone": _ringtone,
    "piano": _piano,
}
"""None of these is to be an alarm."""


def make(kind: str, variant: int, dry: bool = False) -> Samples:
    """Make one: float32 (n,) at RATE, its loudest tenth of a second at RMS .1; in a room unless `dry`."""
    rng = np.random.default_rng([variant, *kind.encode()])
    sound = ({**ALARMS, **SIRENS, **OTHERS}[kind])(variant, rng)
    if not dry:
        response = room(rng)
        size = len(sound) + len(response)
        wet = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(response, size), size)
        sound = wet[: len(sound)]
    return np.asarray(sound * (0.1 / loudness(sound)), np.float32)


def loudness(sound: NDArray[np.floating]) -> float:
    """Return the RMS of the loudest tenth of a second: that of the beeps, however long their pauses."""
    step = RATE // 10
    parts = np.square(sound[: len(sound) // step * step], dtype=np.float64).reshape(-1, step)
    return float(np.sqrt(parts.mean(axis=1).max()))


def room(rng: np.random.Generator) -> Floats:
    """Draw the impulse response of a box with a source and a listener in it, by mirror images.

    J. B. Allen and D. A. Berkley, "Image method for efficiently simulating small-room acoustics", 1979.
    """
    size = rng.uniform((3, 2.5, 2.3), (9, 6, 3.2))
    source, listener = rng.uniform(0.3, size - 0.3), rng.uniform(0.3, size - 0.3)
    reflected = rng.uniform(0.5, 0.88)
    steps = np.arange(-_ORDER, _ORDER + 1)
    axes = [
        np.where(steps % 2 == 0, steps * length + at, (steps + 1) * length - at) - ear
        for length, at, ear in zip(size, source, listener, strict=True)
    ]
    squares = sum(np.square(axis).reshape(shape) for axis, shape in zip(axes, _SHAPES, strict=True))
    bounces = sum(np.abs(steps).reshape(shape) for shape in _SHAPES)
    distance = np.sqrt(squares)
    arrival = np.round(distance / _SPEED_OF_SOUND_M_S * RATE).astype(int).ravel()
    response = np.zeros(arrival.max() + 1)
    np.add.at(response, arrival, (reflected**bounces / distance).ravel())
    return response[arrival.min() :]


_SHAPES = ((-1, 1, 1), (1, -1, 1), (1, 1, -1))
