"""Sounds to try CLAP on, made by code: tones, wails, noise, beeps, knocks, babble."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

SAMPLE_RATE = 48_000
"""Hz."""
WINDOW_LEN = 480_000
"""Samples: ten seconds."""
_LEVELS_DB = (-50.0, -3.0)
"""Peaks lie between these, full scale 0."""


def make_sounds(count: int, seed: int = 0) -> NDArray[np.float32]:
    """Make `count` sounds, the kinds in turn: float32 (count, 480000), full scale +-1.0."""
    rng = np.random.default_rng(seed)
    found = np.empty((count, WINDOW_LEN), np.float32)
    for number, sound in enumerate(found):
        made = _KINDS[number % len(_KINDS)](rng)
        sound[:] = made / np.abs(made).max() * 10 ** (rng.uniform(*_LEVELS_DB) / 20)
    return found


def _times() -> Doubles:
    return np.arange(WINDOW_LEN) / SAMPLE_RATE


def _tone(rng: np.random.Generator) -> Doubles:
    """Sum harmonics of one steady pitch."""
    pitch_hz, levels = rng.uniform(80, 3000), rng.uniform(0, 1, 6)
    return np.asarray(
        sum(level * np.sin(2 * np.pi * pitch_hz * k * _times()) for k, level in enumerate(levels, 1))
    )


def _wail(rng: np.random.Generator) -> Doubles:
    """Sweep a pitch up and down."""
    low_hz, span_hz, rate_hz = rng.uniform(300, 900), rng.uniform(200, 2000), rng.uniform(0.2, 6)
    pitch_hz = low_hz + span_hz * (0.5 + 0.5 * np.sin(2 * np.pi * rate_hz * _times()))
    return np.asarray(np.sin(2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE))


def _noise(rng: np.random.Generator) -> Doubles:
    """Draw noise whose spectrum falls, is flat, or rises."""
    spectrum = np.fft.rfft(rng.normal(size=WINDOW_LEN))
    spectrum[1:] *= np.arange(1, len(spectrum)) ** rng.uniform(-1.2, 0.4)
    return np.asarray(np.fft.irfft(spectrum, WINDOW_LEN))


def _beeps(rng: np.random.Generator) -> Doubles:
    """Switch a high tone on and off."""
    on = (_times() * rng.uniform(0.5, 5)) % 1 < rng.uniform(0.1, 0.7)
    return np.asarray(on * np.sin(2 * np.pi * rng.uniform(1500, 4500) * _times()) + 1e-4 * _noise(rng))


def _knocks(rng: np.random.Generator) -> Doubles:
    """Strike something that rings a few milliseconds, some times."""
    sound = 1e-4 * rng.normal(size=WINDOW_LEN)
    ring = np.exp(-np.arange(4800) / rng.uniform(100, 1000)) * rng.normal(size=4800)
    for start in rng.integers(0, WINDOW_LEN - 4800, rng.integers(3, 20)):
        sound[start : start + 4800] += ring
    return sound


def _babble(rng: np.random.Generator) -> Doubles:
    """Let noise in two bands swell at the pace of syllables."""
    swell = np.maximum(0, np.sin(2 * np.pi * rng.uniform(2, 5) * _times() + 3 * np.sin(_times()))) ** 2
    low = _noise(rng) * np.sin(2 * np.pi * rng.uniform(200, 800) * _times())
    return np.asarray(swell * low + 0.01 * _noise(rng))


_KINDS: tuple[Callable[[np.random.Generator], Doubles], ...] = (
    _tone,
    _wail,
    _noise,
    _beeps,
    _knocks,
    _babble,
)
