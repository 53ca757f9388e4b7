"""Alarms made by code, each in a quiet place and in wind, as a model hears them. Nothing here is recorded.

A smoke alarm of three beeps, high and low (ISO 8201), a carbon monoxide alarm of four (UL 2034) and a siren
that glides: what a version of the program has to find whatever else it has learnt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.detection.rhythm import PATTERNS
from monitor.encoders import Encoder
from monitor.sources import demo_sounds as sounds
from monitor.sources.demo import gain
from monitor.units import mean_power, seconds_to_len

SMOKE, CARBON_MONOXIDE, SIREN = "smoke alarm", "carbon monoxide alarm", "siren"
"""What the alarms are, in words."""
SNRS_DB = (20.0, 10.0)
"""Levels of the alarms over the wind."""
_PLACE_DBFS = -45.0
_HIGH_HZ, _LOW_HZ = 3120.0, 520.0
_LASTS_S = 8.0
_HOP_S = 0.5
_SEED = 11

Samples = NDArray[np.float32]


class MadeAlarm(msgspec.Struct, frozen=True):
    """One alarm at one level, as a model hears it."""

    name: str
    """What it is, in words for the user."""
    wording: str
    """`SMOKE`, `CARBON_MONOXIDE` or `SIREN`."""
    vectors: NDArray[np.float32]
    """float32 (n, d), unit norm: its windows, every half second."""


def made_alarms(encoder: Encoder) -> list[MadeAlarm]:
    """Return every alarm at every level, heard by `encoder`; the same ones each time."""
    return [
        MadeAlarm(f"{name} at {snr_db:g} dB", wording, hear(_in_wind(make, snr_db), encoder))
        for name, (wording, make) in _ALARMS.items()
        for snr_db in SNRS_DB
    ]


def hear(samples: Samples, encoder: Encoder) -> NDArray[np.float32]:
    """Return the embeddings of a sound at the rate of `demo_sounds`, a window every half second."""
    import soxr

    rate = encoder.sample_rate
    if rate != sounds.SAMPLE_RATE:
        samples = np.asarray(soxr.resample(samples, sounds.SAMPLE_RATE, rate), np.float32)
    samples = np.pad(samples, (0, max(0, encoder.window_len - len(samples))))
    starts = range(0, len(samples) - encoder.window_len + 1, seconds_to_len(_HOP_S, rate))
    windows = [samples[start : start + encoder.window_len] for start in starts]
    return np.concatenate([encoder.embed_audio(window[np.newaxis]) for window in windows])


def _in_wind(make: Callable[[np.random.Generator], Samples], snr_db: float) -> Samples:
    rng = np.random.default_rng(_SEED)
    alarm = make(rng)
    place = sounds.wind(rng, len(alarm))
    loud = gain(mean_power(alarm), _PLACE_DBFS + snr_db)
    quiet = gain(mean_power(place), _PLACE_DBFS)
    return np.asarray(alarm * np.float32(loud) + place * np.float32(quiet), np.float32)


def _beeping(pitch_hz: float, pattern_s: Sequence[float]) -> Callable[[np.random.Generator], Samples]:
    """Return what makes a square wave of a small loudspeaker beep: on, off, on, off ... seconds."""

    def make(rng: np.random.Generator) -> Samples:
        t = np.arange(seconds_to_len(_LASTS_S, sounds.SAMPLE_RATE)) / sounds.SAMPLE_RATE
        edges = np.cumsum(pattern_s)
        on = np.searchsorted(edges, t % edges[-1], side="right") % 2 == 0
        ramp = np.hanning(seconds_to_len(0.004, sounds.SAMPLE_RATE))
        harmonics = range(1, int(12_000.0 / pitch_hz), 2)
        phases = rng.uniform(0.0, 0.3, len(harmonics))
        wave = np.sum(
            [np.sin(2.0 * np.pi * k * pitch_hz * t + p) / k for k, p in zip(harmonics, phases, strict=True)],
            axis=0,
        )
        return np.asarray(wave * np.convolve(on, ramp / ramp.sum(), "same"), np.float32)

    return make


_ALARMS: dict[str, tuple[str, Callable[[np.random.Generator], Samples]]] = {
    "a smoke alarm of three high beeps": (SMOKE, sounds.smoke_alarm),
    "a smoke alarm of three low beeps": (SMOKE, _beeping(_LOW_HZ, PATTERNS["T3"])),
    "a carbon monoxide alarm of four beeps": (CARBON_MONOXIDE, _beeping(_HIGH_HZ, PATTERNS["T4"])),
    "a gliding siren": (SIREN, sounds.siren),
}
