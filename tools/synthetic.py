"""Alarms made by code: electronic sounds of which the data holds few recordings, in endless variation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from corpus import SAMPLE_RATE
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LENGTH_S = 5.0
TIME_S: Floats = np.arange(int(LENGTH_S * SAMPLE_RATE)) / SAMPLE_RATE


def _tone(pitch_hz: Floats | float, harmonics: Floats) -> Floats:
    """Sum harmonics of a pitch that may move, below half the sample rate: (n,)."""
    pitch = np.broadcast_to(pitch_hz, TIME_S.shape)
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
    parts = [
        level * np.sin(number * phase) * (number * pitch < 0.47 * SAMPLE_RATE)
        for number, level in enumerate(harmonics, start=1)
    ]
    return np.asarray(np.sum(parts, axis=0))


def _timbre(rng: np.random.Generator, brightness: float) -> Floats:
    """Draw levels of twelve harmonics; brightness 0 is a sine, 1 a buzz."""
    levels = brightness ** np.arange(12) * rng.uniform(0.3, 1.0, 12)
    levels[0] = 1.0
    if rng.random() < 0.3:
        levels[1::2] *= 0.05
    return levels


def _gate(on_s: list[float], off_s: list[float], rng: np.random.Generator, edge_s: float = 0.004) -> Floats:
    """Repeat a pattern of on and off times from a random point in it: (n,), 0 to 1."""
    edges = np.cumsum([value for pair in zip(on_s, off_s, strict=True) for value in pair])
    place = (TIME_S + rng.uniform(0, edges[-1])) % edges[-1]
    on = (np.searchsorted(edges, place, side="right") % 2 == 0).astype(np.float64)
    width = max(1, int(edge_s * SAMPLE_RATE))
    return np.convolve(on, np.ones(width) / width, mode="same")


def _siren(rng: np.random.Generator) -> Floats:
    """Wail, yelp, two-tone or a slow rise and fall, passing by at some speed."""
    low = rng.uniform(350, 800)
    high = low * rng.uniform(1.6, 2.6)
    style = rng.integers(4)
    if style == 0:
        period = rng.uniform(2.0, 8.0)
        shape = 0.5 - 0.5 * np.cos(2 * np.pi * (TIME_S / period + rng.random()))
    elif style == 1:
        period = rng.uniform(0.15, 0.5)
        place = (TIME_S / period + rng.random()) % 1
        rise = rng.uniform(0.3, 0.9)
        shape = np.where(place < rise, place / rise, (1 - place) / (1 - rise))
    elif style == 2:
        high = low * rng.choice([1.2, 1.26, 1.335, 1.5])
        shape = _gate([rng.uniform(0.3, 0.8)], [rng.uniform(0.3, 0.8)], rng, 0.01)
    else:
        shape = np.clip(TIME_S / rng.uniform(3, 8) + rng.uniform(-0.2, 0.5), 0, 1)
    doppler = 1 + rng.uniform(0, 0.04) * np.tanh((rng.uniform(0, LENGTH_S) - TIME_S) * rng.uniform(0.5, 2))
    return _tone((low + (high - low) * shape) * doppler, _timbre(rng, rng.uniform(0.3, 0.85)))


def _smoke_alarm(rng: np.random.Generator) -> Floats:
    """Three beeps and a pause, four short ones, fast beeps, or a tone that goes on; 3 kHz or 520 Hz."""
    pitch = rng.uniform(2700, 3600) if rng.random() < 0.8 else rng.uniform(480, 560)
    on = rng.uniform(0.45, 0.55)
    patterns = [
        ([on, on, on], [on, on, rng.uniform(1.2, 1.6)]),
        ([on, on, on], [on, on, rng.uniform(1.2, 1.6)]),
        ([0.1] * 4, [0.1, 0.1, 0.1, rng.uniform(0.8, 1.5)]),
        ([rng.uniform(0.1, 0.4)], [rng.uniform(0.05, 0.3)]),
        ([rng.uniform(1.5, 4)], [rng.uniform(0.02, 0.1)]),
    ]
    on_s, off_s = patterns[rng.integers(len(patterns))]
    sweep = 1 + rng.choice([0.0, 0.0, 0.03, 0.1]) * np.sin(2 * np.pi * rng.uniform(2, 12) * TIME_S)
    return _tone(pitch * sweep, _timbre(rng, rng.uniform(0.1, 0.6))) * _gate(on_s, off_s, rng)


def _alarm_clock(rng: np.random.Generator) -> Floats:
    """Beep in short groups, or hammer a bell."""
    if rng.random() < 0.3:
        return _struck(rng, rng.uniform(15, 28), rng.uniform(900, 2600), decay_s=0.15)
    beeps = int(rng.integers(1, 5))
    on = rng.uniform(0.04, 0.12)
    gate = _gate([on] * beeps, [on] * (beeps - 1) + [rng.uniform(0.3, 0.8)], rng)
    return _tone(rng.uniform(900, 4200), _timbre(rng, rng.uniform(0.2, 0.8))) * gate


def _struck(rng: np.random.Generator, rate_hz: float, pitch_hz: float, decay_s: float) -> Floats:
    """Strike a bell again and again: decaying partials that are not harmonic."""
    strikes = (TIME_S * rate_hz + rng.random()) % 1 / rate_hz
    ratios = np.array([1.0, 2.0, 2.4, 3.0, 4.5]) * rng.uniform(0.98, 1.02, 5)
    partials = sum(rng.uniform(0.2, 1) * np.sin(2 * np.pi * pitch_hz * ratio * TIME_S) for ratio in ratios)
    return np.asarray(partials * np.exp(-strikes / decay_s))


def _doorbell(rng: np.random.Generator) -> Floats:
    """Ding-dong: two or three falling notes that ring on; or a buzzer."""
    if rng.random() < 0.15:
        return _tone(rng.uniform(60, 180), _timbre(rng, 0.95)) * _gate([rng.uniform(0.3, 1.5)], [1.0], rng)
    sound = np.zeros_like(TIME_S)
    pitch, start = rng.uniform(500, 1100), rng.uniform(0, 0.5)
    decay = rng.uniform(0.25, 1.0)
    for _ in range(int(rng.integers(2, 4))):
        after = TIME_S - start
        ringing = np.where(after > 0, np.exp(-np.maximum(after, 0) / decay), 0)
        sound += ringing * _tone(pitch, _timbre(rng, rng.uniform(0.1, 0.5)))
        pitch *= rng.choice([0.75, 0.8, 0.84, 1.25])
        start += rng.uniform(0.3, 0.8)
    return sound


def _telephone(rng: np.random.Generator) -> Floats:
    """Ring of a desk telephone: a hammered bell or a warbling tone, with pauses."""
    gate = _gate([rng.uniform(0.4, 2.0)], [rng.uniform(0.2, 3.0)], rng, 0.02)
    if rng.random() < 0.5:
        return gate * _struck(rng, rng.uniform(18, 26), rng.uniform(1000, 2200), decay_s=0.3)
    low, warble = rng.uniform(700, 2000), _gate([0.5], [0.5], rng)
    fast = np.sign(np.sin(2 * np.pi * rng.uniform(8, 22) * TIME_S)) if rng.random() < 0.8 else warble
    return gate * _tone(low * (1 + 0.12 * fast), _timbre(rng, rng.uniform(0.2, 0.7)))


def _knock(rng: np.random.Generator) -> Floats:
    """Rap on wood two to six times: short thumps that excite a few low, quickly damped modes."""
    modes_hz = rng.uniform(90, 900, 5) * np.array([1, 1, 1.3, 1.7, 2.4])
    damping_s = rng.uniform(0.012, 0.05, 5)
    levels = rng.uniform(0.2, 1, 5)
    interval, sound = rng.uniform(0.11, 0.32), np.zeros_like(TIME_S)
    start = rng.uniform(0, 0.4)
    while start < LENGTH_S:
        for knock in range(int(rng.integers(2, 7))):
            after = TIME_S - start - knock * interval * rng.uniform(0.95, 1.05)
            ringing = np.exp(-np.maximum(after, 0)[:, None] / damping_s) * (after[:, None] > 0)
            thump = (ringing * np.sin(2 * np.pi * modes_hz * after[:, None])) @ levels
            click = np.exp(-np.maximum(after, 0) / 0.003) * (after > 0) * rng.normal(size=len(after))
            sound += rng.uniform(0.6, 1.0) * (thump + rng.uniform(0.1, 0.8) * click)
        start += 7 * interval + rng.uniform(0.5, 3.0)
    return sound


def _scream(rng: np.random.Generator) -> Floats:
    """Cry out: a high, rough voice with formants that breaks and falls."""
    length, start = rng.uniform(0.6, 2.5), rng.uniform(0.2, 1.0)
    place = np.clip((TIME_S - start) / length, 0, 1)
    arc = (
        1
        + rng.uniform(0.05, 0.35) * np.sin(np.pi * place ** rng.uniform(0.5, 1.5))
        - rng.uniform(0, 0.3) * place**3
    )
    pitch = rng.uniform(500, 1300) * arc * (1 + 0.015 * np.cumsum(rng.normal(size=len(TIME_S))) / 120)
    voice = _tone(pitch, rng.uniform(0.4, 1.0, 12) * rng.uniform(0.7, 0.95) ** np.arange(12))
    rough = 1 + rng.uniform(0.2, 0.9) * np.sin(2 * np.pi * rng.uniform(30, 120) * TIME_S)
    breath = _filtered(rng, rng.uniform(1500, 4000), 1.0) * rng.uniform(0.1, 0.8)
    inside = (place > 0) & (place < 1)
    edge = np.minimum(1, np.minimum(place * length / 0.05, (1 - place) * length / 0.2))
    return (voice * rough + breath * np.abs(voice).mean() * 3) * edge * inside


def _filtered(rng: np.random.Generator, centre_hz: float, width: float) -> Floats:
    """Draw noise with a bell-shaped spectrum, `width` in octaves: (n,), RMS one."""
    spectrum = np.fft.rfft(rng.normal(size=len(TIME_S)))
    octaves = np.log2(np.maximum(np.fft.rfftfreq(len(TIME_S), 1 / SAMPLE_RATE), 1) / centre_hz)
    noise = np.fft.irfft(spectrum * np.exp(-0.5 * (octaves / width) ** 2), len(TIME_S))
    return np.asarray(noise / (noise.std() + 1e-12))


def sketch(rng: np.random.Generator) -> Floats:
    """Draw a 2 s sound that is nothing in particular: tones, glides, noises and clicks in some rhythm."""
    sound = np.zeros_like(TIME_S)
    for _ in range(int(rng.integers(1, 4))):
        low = np.exp(rng.uniform(np.log(60), np.log(5000)))
        glide = np.interp(TIME_S, np.sort(rng.uniform(0, 2.5, 6)), low * np.exp(rng.normal(0, 0.3, 6)))
        part = (
            _tone(glide, _timbre(rng, rng.uniform(0, 0.9)))
            if rng.random() < 0.5
            else _filtered(rng, low, rng.uniform(0.1, 2.5))
        )
        period = np.exp(rng.uniform(np.log(0.03), np.log(2.0)))
        after = (TIME_S + rng.uniform(0, period)) % period
        envelope: dict[int, Floats] = {
            0: np.ones_like(TIME_S),
            1: np.exp(-after / (period * rng.uniform(0.05, 0.6))),
            2: _gate([period * rng.uniform(0.2, 0.8)], [period * rng.uniform(0.1, 0.6)], rng),
            3: np.interp(TIME_S, np.sort(rng.uniform(0, 2.2, 8)), rng.uniform(0, 1, 8) ** 2),
        }
        sound += part * envelope[int(rng.integers(4))] * 10 ** rng.uniform(-1, 0)
    return sound[: 2 * SAMPLE_RATE]


MAKERS: dict[str, Callable[[np.random.Generator], Floats]] = {
    "siren": _siren,
    "fire_smoke_alarm": _smoke_alarm,
    "alarm_clock": _alarm_clock,
    "doorbell": _doorbell,
    "telephone_ring": _telephone,
    "door_knock": _knock,
    "scream": _scream,
}

HEARD_AS: dict[str, tuple[str, ...]] = {
    "siren": ("Siren", "Civil defense siren", "Police car (siren)", "Ambulance (siren)", "Emergency vehicle"),
    "fire_smoke_alarm": ("Smoke detector, smoke alarm", "Fire alarm", "Alarm", "Beep, bleep"),
    "alarm_clock": ("Alarm clock", "Alarm", "Beep, bleep"),
    "doorbell": ("Doorbell", "Ding-dong", "Ding", "Chime"),
    "telephone_ring": ("Telephone bell ringing", "Telephone", "Ringtone"),
    "door_knock": ("Knock", "Tap", "Thump, thud", "Door"),
    "scream": ("Screaming", "Shout", "Yell"),
}
"""AudioSet names of what is made; a made sound that the teacher takes for none of them teaches no word."""
