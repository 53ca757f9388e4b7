"""A day of sound made by code: quiet, hum, speech-like bursts, loud hours, silence, alarms at known times.

Everything is a function of the sample index and a seed; nothing is recorded. An hour is made of its kind
alone, so that two hours of one kind and number are the same sound, bit for bit: what a monitor makes of the
first and of the last shows whether it drifts.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.sources import demo_sounds as sounds
from monitor.sources.demo import gain
from monitor.units import mean_power

SAMPLE_RATE = sounds.SAMPLE_RATE
CHUNK_S = 10
CHUNK_LEN = CHUNK_S * SAMPLE_RATE
HOUR_S = 3600

Samples = NDArray[np.float32]

ALARMS: dict[str, Callable[[np.random.Generator], Samples]] = {
    "siren": sounds.siren,
    "smoke_alarm": sounds.smoke_alarm,
    "dog_bark": sounds.dog_bark,
    "doorbell": sounds.doorbell,
    "door_knock": sounds.door_knock,
    "car_horn": sounds.car_horn,
}
"""Class of a planned alarm -> what makes its sound."""
_OVER_DB = (20.0, 14.0)
"""Level over the hour's background of the first and of the second alarm of each class."""
_FIRST_S, _EVERY_S = 200.0, 275.0
"""From the start of an hour to its first alarm, and from one to the next: twelve fit."""
_LOOP_S = {"traffic": 61, "wind": 67, "babble": 71, "hum": 59, "noise": 73}
"""Backgrounds repeat, at lengths that have no common measure: two of them together do not within the day."""


class HourKind(msgspec.Struct, frozen=True):
    """What an hour sounds like beside its alarms."""

    backgrounds: dict[str, float]
    """Background -> RMS level, dBFS."""
    bursts: int = 0
    """How many times somebody speaks, one to eight seconds each."""
    burst_dbfs: tuple[float, float] = (-50.0, -35.0)
    cars: int = 0
    hums: bool = False
    """A fridge: hum for ten minutes of every thirty."""
    silent_s: tuple[float, float] = (0.0, 0.0)
    """The microphone is switched off, from and to: exact zeros, and no alarm."""


KINDS = {
    "evening": HourKind({"wind": -58.0, "babble": -56.0}, bursts=150, hums=True),
    "night": HourKind({"wind": -64.0}, hums=True),
    "muted": HourKind({"wind": -64.0}, silent_s=(1200.0, 2400.0)),
    "morning": HourKind({"wind": -56.0, "traffic": -54.0}, bursts=200, hums=True),
    "street": HourKind({"traffic": -45.0, "wind": -53.0, "babble": -50.0}, bursts=120, cars=40),
    "loud": HourKind({"traffic": -36.0, "noise": -34.0, "babble": -38.0}, bursts=150, burst_dbfs=(-34, -26)),
}
DAY = (
    *("evening", "evening", "night", "night", "muted", "night", "night", "morning"),
    *("morning", "street", "street", "street", "loud", "street", "street", "street"),
    *("loud", "loud", "loud", "morning", "morning", "street", "evening", "evening"),
)
"""Hours 1 and 23 (counted from 0) are one sound; so are all others of one kind."""


class Planned(msgspec.Struct, frozen=True):
    """One alarm of the day."""

    class_name: str
    onset_s: float
    """Seconds from the beginning of the day."""
    offset_s: float
    over_db: float
    """Level over the background of its hour."""


@cache
def _background(name: str) -> Samples:
    """Return a background of RMS 1 whose end goes on into its beginning."""
    length = _LOOP_S[name] * SAMPLE_RATE
    rng = np.random.default_rng(sum(name.encode()))
    fade_len = SAMPLE_RATE
    background = _BACKGROUNDS[name](rng, length + fade_len)
    fade = np.linspace(0.0, 1.0, fade_len, dtype=np.float32)
    background[:fade_len] = background[:fade_len] * np.sqrt(fade) + background[length:] * np.sqrt(1.0 - fade)
    background = background[:length]
    return np.asarray(background * gain(mean_power(background), 0.0), np.float32)


def _hum(rng: np.random.Generator, length: int) -> Samples:
    """Return the hum of a fridge: the mains at 50 Hz with harmonics, and a little of its fan."""
    t = np.arange(length, dtype=np.float64) / SAMPLE_RATE
    wave = sum((np.sin(2.0 * np.pi * 50.0 * k * t + k) / k for k in (1, 2, 3, 4, 6, 8)), np.zeros(length))
    return np.asarray(wave + 0.1 * rng.standard_normal(length), np.float32)


_BACKGROUNDS: dict[str, Callable[[np.random.Generator, int], Samples]] = {
    "traffic": sounds.traffic,
    "wind": sounds.wind,
    "babble": sounds.babble,
    "hum": _hum,
    "noise": lambda rng, length: rng.standard_normal(length, np.float32),
}


@cache
def _alarm(class_name: str, number: int) -> Samples:
    """Return an alarm of RMS 1; the same at every hour."""
    sound = ALARMS[class_name](np.random.default_rng(100 + number))
    return np.asarray(sound * gain(mean_power(sound), 0.0), np.float32)


class _Layer(msgspec.Struct, frozen=True):
    """A sound that is added to the background."""

    start: int
    """Samples from the beginning of the hour."""
    samples: Samples


@cache
def _hour(kind_name: str) -> tuple[tuple[_Layer, ...], tuple[Planned, ...]]:
    """Return what is added to the background in an hour of a kind, and its alarms, from its beginning."""
    kind = KINDS[kind_name]
    rng = np.random.default_rng(sum(kind_name.encode()))
    layers = [_burst(kind, rng) for _ in range(kind.bursts)]
    car = sounds.car_pass(np.random.default_rng(3))
    car = np.asarray(car * gain(mean_power(car), -42.0), np.float32)
    layers += [_Layer(int(rng.uniform(0, HOUR_S - 10) * SAMPLE_RATE), car) for _ in range(kind.cars)]
    background_dbfs = 10.0 * np.log10(sum(10.0 ** (level / 10.0) for level in kind.backgrounds.values()))
    planned = []
    for number in range(len(_OVER_DB) * len(ALARMS)):
        name = tuple(ALARMS)[number % len(ALARMS)]
        over_db = _OVER_DB[number // len(ALARMS)]
        start_s = _FIRST_S + number * _EVERY_S
        sound = _alarm(name, number // len(ALARMS))
        end_s = start_s + len(sound) / SAMPLE_RATE
        if not (start_s < kind.silent_s[1] and end_s > kind.silent_s[0]):
            layers.append(
                _Layer(
                    int(start_s * SAMPLE_RATE),
                    sound * np.float32(10.0 ** ((background_dbfs + over_db) / 20.0)),
                )
            )
            planned.append(Planned(name, start_s, end_s, over_db))
    return tuple(sorted(layers, key=lambda layer: layer.start)), tuple(planned)


def _burst(kind: HourKind, rng: np.random.Generator) -> _Layer:
    """Return somebody who speaks at a random moment."""
    babble = _background("babble")
    length = int(rng.uniform(1.0, 8.0) * SAMPLE_RATE)
    begin = int(rng.integers(0, len(babble) - length))
    envelope = np.minimum(1.0, np.minimum(np.arange(length), np.arange(length)[::-1]) / (0.1 * SAMPLE_RATE))
    loud = 10.0 ** (rng.uniform(*kind.burst_dbfs) / 20.0)
    start = int(rng.uniform(0, HOUR_S - 10) * SAMPLE_RATE)
    return _Layer(start, np.asarray(babble[begin : begin + length] * envelope * loud, np.float32))


def kind_of(hour: int) -> str:
    """Return the kind of an hour; after a day comes the next."""
    return DAY[hour % len(DAY)]


def planned_alarms(hours: float) -> list[Planned]:
    """Return the alarms that are over in the first `hours`, in order."""
    found = []
    for hour in range(int(np.ceil(hours))):
        for one in _hour(kind_of(hour))[1]:
            moved = msgspec.structs.replace(
                one, onset_s=hour * HOUR_S + one.onset_s, offset_s=hour * HOUR_S + one.offset_s
            )
            found += [moved] if moved.offset_s + 5.0 < hours * HOUR_S else []
    return found


def chunk(number: int) -> NDArray[np.int16]:
    """Return the ten seconds that begin `number` times ten seconds after the day, int16 (320000,)."""
    hour, start_s = divmod(number * CHUNK_S, HOUR_S)
    kind_name = kind_of(hour)
    kind, start = KINDS[kind_name], start_s * SAMPLE_RATE
    if kind.silent_s[0] <= start_s < kind.silent_s[1]:
        return np.zeros(CHUNK_LEN, np.int16)
    sound = np.zeros(CHUNK_LEN, np.float32)
    humming = {"hum": -60.0} if kind.hums and start_s % 1800 < 600 else {}
    for name, level in {**kind.backgrounds, **humming}.items():
        background = _background(name)
        index = np.arange(start, start + CHUNK_LEN) % len(background)
        sound += background[index] * np.float32(10.0 ** (level / 20.0))
    for layer in _hour(kind_name)[0]:
        first, stop = max(layer.start, start), min(layer.start + len(layer.samples), start + CHUNK_LEN)
        if first < stop:
            sound[first - start : stop - start] += layer.samples[first - layer.start : stop - layer.start]
    return np.asarray(np.clip(np.round(sound * 32768.0), -32768, 32767), np.int16)
