"""Sounds made by code at the student's rate, in endless variation: tones, sweeps, bells, bursts, alarms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tools.train.student.sources import RATE

Floats = NDArray[np.float64]
T3_ON_S, T3_REST_S = 0.5, 1.5
"""Temporal pattern 3 of ISO 8201, evacuate: three times on, each 0.5 s, then a rest."""
T4_ON_S, T4_REST_S = 0.1, 5.0
"""Temporal pattern 4, carbon monoxide: four short beeps, then a rest."""
LOW_SOUNDER_HZ = 520.0
"""The square wave that wakes sleepers (NFPA 72)."""


def _times(length: int) -> Floats:
    return np.arange(length) / RATE


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def tone(pitch_hz: Floats | float, levels: Floats, length: int) -> Floats:
    """Sum harmonics of a pitch that may move, below 15 kHz: (length,)."""
    pitch = np.broadcast_to(np.asarray(pitch_hz, np.float64), (length,))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    parts = [
        level * np.sin(number * phase) * (number * pitch < 15_000)
        for number, level in enumerate(levels, start=1)
        if abs(level) > 0.01
    ]
    return np.asarray(np.sum(parts, axis=0))


def _timbre(rng: np.random.Generator) -> Floats:
    """Draw harmonics from a sine to a buzz; a third have odd ones only, as a square wave."""
    levels = rng.uniform(0, 0.92) ** np.arange(10) * rng.uniform(0.4, 1, 10)
    if rng.random() < 0.33:
        levels[1::2] = 0
    return levels


def gate(pattern_s: list[float], rng: np.random.Generator, length: int) -> Floats:
    """Repeat times of on, off, on, off ... from a random point in them: (length,), 0 to 1, soft edges."""
    edges = np.cumsum(pattern_s)
    place = (_times(length) + rng.uniform(0, edges[-1])) % edges[-1]
    on = (np.searchsorted(edges, place, side="right") % 2 == 0).astype(np.float64)
    width = max(1, int(_log_uniform(rng, 0.0005, 0.02) * RATE))
    return np.convolve(on, np.ones(width) / width, mode="same")


def alarm(rng: np.random.Generator, length: int) -> Floats:
    """Sound T3, T4, even beeps or a steady tone, at about 3 kHz or as the 520 Hz square wave."""
    low = rng.random() < 0.35
    pitch = LOW_SOUNDER_HZ * rng.uniform(0.96, 1.04) if low else rng.uniform(2000, 4200)
    levels = np.where(np.arange(15) % 2 == 0, 1 / (1 + np.arange(15.0)), 0) if low else _timbre(rng)
    patterns = (
        [T3_ON_S] * 5 + [T3_REST_S],
        [T4_ON_S] * 7 + [T4_REST_S if rng.random() < 0.3 else 1.0],
        [_log_uniform(rng, 0.05, 0.8), _log_uniform(rng, 0.03, 0.8)],
        [3600.0, 0.01],
    )
    chosen = [value * rng.uniform(0.9, 1.1) for value in patterns[rng.choice(4, p=(0.4, 0.2, 0.3, 0.1))]]
    warble = 1 + rng.choice([0.0, 0.0, 0.05]) * np.sin(2 * np.pi * rng.uniform(2, 15) * _times(length))
    return tone(pitch * warble, levels, length) * gate(chosen, rng, length)


def sweep(rng: np.random.Generator, length: int) -> Floats:
    """Glide through random pitches, or up and down again and again as sirens do."""
    low = _log_uniform(rng, 60, 4000)
    times = _times(length)
    if rng.random() < 0.5:
        depth, period = rng.uniform(0.2, 1.6), _log_uniform(rng, 0.08, 6)
        wave = np.sin(2 * np.pi * (times / period + rng.random()))
        pitch = low * np.exp(depth * (wave if rng.random() < 0.6 else np.sign(wave)) / 2)
    else:
        knots = np.sort(rng.uniform(0, length / RATE, 6))
        pitch = np.interp(times, knots, low * np.exp(rng.normal(0, 0.5, 6)))
    return tone(pitch, _timbre(rng), length)


def bell(rng: np.random.Generator, length: int) -> Floats:
    """Strike something once, now and then or in a roll: partials that are not harmonic and die away."""
    rate_hz, decay_s = _log_uniform(rng, 0.3, 25), _log_uniform(rng, 0.01, 1.5)
    after = ((_times(length) + rng.uniform(0, 1 / rate_hz)) * rate_hz) % 1 / rate_hz
    pitches = _log_uniform(rng, 80, 3000) * np.cumprod(np.r_[1, rng.uniform(1.1, 2.1, 5)])
    sound = np.zeros(length)
    for pitch in pitches[pitches < 15_000]:
        sound += (
            rng.uniform(0.1, 1)
            * np.sin(2 * np.pi * pitch * after)
            * np.exp(-after / (decay_s * rng.uniform(0.3, 1)))
        )
    return sound


def noise(rng: np.random.Generator, length: int) -> Floats:
    """Colour noise: a tilt, and in half of them a band."""
    spectrum = np.fft.rfft(rng.normal(size=length))
    pitch = np.maximum(np.fft.rfftfreq(length, 1 / RATE), 20)
    shape = pitch ** rng.uniform(-1.2, 0.3)
    if rng.random() < 0.5:
        octaves = np.log2(pitch / _log_uniform(rng, 100, 10_000))
        shape = shape * np.exp(-0.5 * (octaves / rng.uniform(0.1, 2)) ** 2)
    return np.asarray(np.fft.irfft(spectrum * shape, length))


def bursts(rng: np.random.Generator, length: int) -> Floats:
    """Bang, knock or crackle: short noises that die away, in some rhythm or none."""
    sound, coloured = np.zeros(length), noise(rng, length)
    decay_s = _log_uniform(rng, 0.003, 0.4)
    for start in rng.uniform(0, length, int(_log_uniform(rng, 1, 30))).astype(int):
        after = np.arange(length - start) / RATE
        sound[start:] += rng.uniform(0.2, 1) * np.exp(-after / decay_s)
    return sound * coloured


def beaten_noise(rng: np.random.Generator, length: int) -> Floats:
    """Let noise swell and fall, as engines, waves and saws do."""
    swell = np.sin(2 * np.pi * (_times(length) * _log_uniform(rng, 0.3, 80) + rng.random()))
    return noise(rng, length) * np.exp(rng.uniform(0.5, 3) * swell)


MAKERS: tuple[Callable[[np.random.Generator, int], Floats], ...] = (
    alarm,
    sweep,
    bell,
    bursts,
    noise,
    beaten_noise,
)


def make(rng: np.random.Generator, length: int) -> NDArray[np.float32]:
    """Draw one sound, or two of them together: (length,), peak 1."""
    sound = MAKERS[rng.integers(len(MAKERS))](rng, length)
    if rng.random() < 0.3:
        other = MAKERS[rng.integers(len(MAKERS))](rng, length)
        sound = sound / (np.abs(sound).max() + 1e-9) + other / (np.abs(other).max() + 1e-9) * rng.uniform(
            0.1, 1
        )
    return np.asarray(sound / (np.abs(sound).max() + 1e-9), np.float32)
