"""Alarms and sirens, and beeps, tones and rings that are neither: made by code, with the words for each.

Recordings of alarms are few, and none is of a carbon monoxide alarm or of the 520 Hz sounder; and what has
learnt beeps alone takes a steady tone for an alarm. So labels teach both (naming.py), and sirens beside them,
which are tones as well. A window need not hold
a whole pattern, but enough of it to be told from the others: two pulses of T4, for one alone is the chirp of
an empty battery.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tools.train.student import made, sirens
from tools.train.student.made import (
    LOW_SOUNDER_HZ,
    T3_ON_S,
    T3_REST_S,
    T4_ON_S,
    T4_REST_S,
    Floats,
    gate,
    noise,
    tone,
)
from tools.train.student.sources import RATE

SQUARE = np.where(np.arange(29) % 2 == 0, 1 / (1 + np.arange(29.0)), 0)
"""Harmonics of a square wave."""
PIEZO_HZ = (2850.0, 3450.0)
"""Pitch of the disc of a smoke detector."""
BEEP_HZ = (600.0, 2600.0)
"""Of what else beeps."""
T3 = [T3_ON_S] * 5 + [T3_REST_S]
T4 = [T4_ON_S] * 7 + [T4_REST_S]
TOLERANCE = 0.12
"""By which each time of a pattern may be off; ISO 8201 allows a tenth."""
LONGEST_S = 0.6
"""Longer than a beep of an alarm lasts: from then on it is a steady tone."""
LEAST_S = 0.45
"""Of T3 in a window: most of a beep."""
_DRAWS = 50

Maker = Callable[[np.random.Generator, int], Floats]


@dataclass(frozen=True)
class Signal:
    """A kind of sound, and how it is made."""

    names: tuple[str, ...]
    """Class words, one of them drawn for each example: what it is to be found by."""
    make: Maker
    """Draws one: (length,) at RATE."""
    share: float = 1.0
    """Of the examples, beside the others."""


def _log(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _patterned(rng: np.random.Generator, length: int, pattern_s: list[float], least_s: float) -> Floats:
    """Draw a stretch of a pattern, its times a little off, in which it sounds for so many seconds."""
    off = [value * rng.uniform(1 - TOLERANCE, 1 + TOLERANCE) for value in pattern_s[:2]]
    times = [off[at % 2] for at in range(len(pattern_s) - 1)]
    times.append(pattern_s[-1] * rng.uniform(1 - TOLERANCE, 1 + TOLERANCE))
    for _ in range(_DRAWS):
        envelope = gate(times, rng, length)
        if envelope.sum() >= least_s * RATE:
            break
    return envelope


def _wobble(rng: np.random.Generator, length: int) -> Floats:
    """Draw the small changes of a pitch: none, or a warble of up to 2 %."""
    depth = rng.choice([0.0, rng.uniform(0, 0.02)])
    return 1 + depth * np.sin(2 * np.pi * rng.uniform(3, 20) * np.arange(length) / RATE)


def _overtones(rng: np.random.Generator) -> Floats:
    """Draw a timbre between a sine and a bright buzz, as driven discs and small loudspeakers have it."""
    levels = rng.uniform(0, 0.7) ** np.arange(8) * rng.uniform(0.3, 1, 8)
    if rng.random() < 0.3:
        levels[1::2] = 0
    levels[0] = 1
    return levels


def _piezo(rng: np.random.Generator, length: int) -> Floats:
    return tone(rng.uniform(*PIEZO_HZ) * _wobble(rng, length), _overtones(rng), length)


def _low_sounder(rng: np.random.Generator, length: int) -> Floats:
    """Sound a square wave near 520 Hz through a loudspeaker that is duller or brighter than it should be."""
    pitch = LOW_SOUNDER_HZ * rng.uniform(0.93, 1.07) * _wobble(rng, length) ** 0.5
    number = 1 + np.arange(len(SQUARE))
    return tone(pitch, SQUARE * number ** rng.uniform(-0.8, 0.4) * rng.uniform(0.6, 1, len(SQUARE)), length)


def t3(rng: np.random.Generator, length: int) -> Floats:
    """Sound the evacuation pattern of a smoke detector."""
    return _piezo(rng, length) * _patterned(rng, length, T3, LEAST_S)


def t3_low(rng: np.random.Generator, length: int) -> Floats:
    """Sound it as those with the 520 Hz square wave do."""
    return _low_sounder(rng, length) * _patterned(rng, length, T3, LEAST_S)


def t4(rng: np.random.Generator, length: int) -> Floats:
    """Sound the pattern of a carbon monoxide detector."""
    return _piezo(rng, length) * _patterned(rng, length, T4, 0.17)


def t4_low(rng: np.random.Generator, length: int) -> Floats:
    """Sound it with the 520 Hz square wave."""
    return _low_sounder(rng, length) * _patterned(rng, length, T4, 0.17)


def march(rng: np.random.Generator, length: int) -> Floats:
    """Sound an older detector: the same pitch, on and off without an end."""
    return _piezo(rng, length) * _patterned(rng, length, [_log(rng, 0.08, 0.6), _log(rng, 0.05, 0.4)], 0.3)


def steady(rng: np.random.Generator, length: int) -> Floats:
    """Hold a tone; it may begin or end in the window, but lasts longer than a beep of an alarm."""
    kind = rng.random()
    pitch = LOW_SOUNDER_HZ * rng.uniform(0.9, 1.1) if kind < 0.15 else _log(rng, 150, 5000)
    if kind > 0.6:
        pitch = rng.uniform(2600, 3600)
    levels = SQUARE if rng.random() < 0.2 else _overtones(rng)
    sound = tone(pitch, levels, length)
    edge, soft = int(rng.uniform(0, length - LONGEST_S * RATE)), int(_log(rng, 0.002, 0.3) * RATE)
    ramp = np.clip((np.arange(length) - edge) / soft, 0, 1)
    return sound * rng.choice([np.ones(length), ramp, ramp[::-1]], p=(0.5, 0.3, 0.2))


def begun(rng: np.random.Generator, length: int) -> Floats:
    """Begin a tone at the end of the window: nobody can know yet whether it is an alarm.

    With three times as many of these, alarms were found up to a second later, and half as many in noise.
    """
    size = int(rng.uniform(0.05, LONGEST_S) * RATE)
    kind = rng.random()
    if kind < 0.4:
        sound = _piezo(rng, size)
    elif kind < 0.75:
        sound = _low_sounder(rng, size)
    else:
        sound = tone(_log(rng, 200, 5000), _overtones(rng), size)
    return np.concatenate([np.zeros(length - size), sound * np.minimum(np.arange(size) / 64, 1)])


def hum(rng: np.random.Generator, length: int) -> Floats:
    """Hum as mains do: harmonics of 50 or 60 Hz, some hiss."""
    levels = rng.uniform(0.3, 0.95) ** np.arange(12) * rng.uniform(0.1, 1, 12)
    sound = tone(float(rng.choice([50.0, 60.0, 100.0, 120.0])) * rng.uniform(0.99, 1.01), levels, length)
    return sound + rng.uniform(0, 0.2) * noise(rng, length)


def reversing(rng: np.random.Generator, length: int) -> Floats:
    """Beep as a lorry that backs up."""
    on = rng.uniform(0.35, 0.6)
    pattern = [on, on * rng.uniform(0.8, 1.3)]
    return tone(rng.uniform(950, 1450), _overtones(rng), length) * _patterned(rng, length, pattern, 0.4)


def oven_beeps(rng: np.random.Generator, length: int) -> Floats:
    """Beep slowly as a microwave oven or a washing machine that is done."""
    pattern = [rng.uniform(0.2, 1.0), rng.uniform(0.4, 2.0)]
    return tone(rng.uniform(*BEEP_HZ), _overtones(rng), length) * _patterned(rng, length, pattern, 0.2)


def chirp(rng: np.random.Generator, length: int) -> Floats:
    """Chirp once, as a smoke detector whose battery is nearly empty."""
    size = int(rng.uniform(0.02, 0.13) * RATE)
    start = int(rng.uniform(0, length - size))
    sound = np.zeros(length)
    sound[start : start + size] = _piezo(rng, size) * np.hanning(size) ** 0.2
    return sound


def clock_beeps(rng: np.random.Generator, length: int) -> Floats:
    """Beep in quick groups, as an alarm clock."""
    on, count = rng.uniform(0.04, 0.09), int(rng.integers(2, 5))
    pattern = [on, on * rng.uniform(0.8, 1.2)] * count
    pattern[-1] = rng.uniform(0.25, 0.7)
    return tone(rng.uniform(1800, 2700), _overtones(rng), length) * _patterned(rng, length, pattern, 0.2)


def kettle(rng: np.random.Generator, length: int) -> Floats:
    """Whistle over steam; the pitch wavers and rises a little."""
    drift = np.cumsum(rng.normal(0, 1, length)) / np.sqrt(length) * rng.uniform(0, 0.02)
    pitch = rng.uniform(1200, 3600) * (1 + drift + rng.uniform(0, 0.1) * np.linspace(0, 1, length))
    steam = noise(rng, length)
    return tone(pitch, _overtones(rng) ** 2, length) + rng.uniform(0.05, 0.6) * steam / steam.std()


def telephone(rng: np.random.Generator, length: int) -> Floats:
    """Ring as a telephone: two bells struck in turn, or two tones that change quickly."""
    rate_hz, first = rng.uniform(12, 27), rng.uniform(500, 1600)
    second = first * rng.uniform(1.1, 1.35)
    turn = (np.arange(length) / RATE * rate_hz + rng.random()) % 1
    if rng.random() < 0.5:
        sound = tone(np.where(turn < 0.5, first, second), _overtones(rng), length)
    else:
        strokes = (np.exp(-turn * 2), np.exp(-((turn + 0.5) % 1) * 2))
        partials = np.array([1, 0, 0.5, 0, 0.3, 0.2, 0.15])
        sound = tone(first, partials, length) * strokes[0] + tone(second, partials, length) * strokes[1]
    pattern = [[2.0, 4.0], [1.0, 2.0], [0.4, 0.2, 0.4, 2.0]][rng.integers(3)]
    return sound * _patterned(rng, length, pattern, 0.6)


def busy(rng: np.random.Generator, length: int) -> Floats:
    """Sound the engaged tone of a telephone line."""
    low, high = ((480.0, 620.0), (425.0, 425.0), (400.0, 400.0), (440.0, 350.0))[rng.integers(4)]
    on = float(rng.choice([0.25, 0.375, 0.5]))
    sound = tone(low, np.ones(1), length) + tone(high, np.ones(1), length)
    return sound * _patterned(rng, length, [on, on], 0.4)


def morse(rng: np.random.Generator, length: int) -> Floats:
    """Send dots and dashes."""
    dot = rng.uniform(0.04, 0.1)
    pattern = [float(rng.choice([dot, 3 * dot] if at % 2 == 0 else [dot, dot, 3 * dot])) for at in range(24)]
    return tone(rng.uniform(450, 1100), _overtones(rng) ** 2, length) * gate(pattern, rng, length)


def _notes(rng: np.random.Generator, length: int, each_s: float, decay_s: float, low_hz: float) -> Floats:
    """Play notes of a scale one after the other, each dying away."""
    scale = low_hz * 2 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16]) / 12)
    size, sound, levels = max(1, int(each_s * RATE)), np.zeros(length), _overtones(rng)
    for start in range(int(rng.integers(size)) - size, length, size):
        keep = min(length - start, int(4 * decay_s * RATE) + size)
        note = tone(float(rng.choice(scale)), levels, keep) * np.exp(-np.arange(keep) / RATE / decay_s)
        note *= np.minimum(np.arange(keep) / 32, 1)
        if rng.random() < 0.85:
            sound[max(0, start) : start + keep] += note[max(0, -start) :]
    return sound


def melody(rng: np.random.Generator, length: int) -> Floats:
    """Play the tune of a mobile phone."""
    return _notes(rng, length, rng.uniform(0.08, 0.3), rng.uniform(0.1, 1.0), _log(rng, 400, 1500))


def piano(rng: np.random.Generator, length: int) -> Floats:
    """Play something like a piano."""
    return _notes(rng, length, rng.uniform(0.15, 0.7), rng.uniform(0.3, 1.2), _log(rng, 80, 700))


SMOKE, CARBON_MONOXIDE = "fire_smoke_alarm", "carbon_monoxide_alarm"
ALARMS = frozenset({SMOKE, CARBON_MONOXIDE})
"""Labels teach each against all other words, but not against one another: who hears T4 may have asked for
either."""
# No other tone that glides is among them: taught as something else, it took the wail of a siren with it.
SIGNALS = (
    Signal((SMOKE,), t3, 2.0),
    Signal((SMOKE,), t3_low, 2.5),
    Signal((CARBON_MONOXIDE, SMOKE), t4, 2.5),
    Signal((CARBON_MONOXIDE, SMOKE), t4_low, 1.0),
    Signal((SMOKE,), march),
    Signal(("siren",), sirens.electronic, 2.0),
    Signal(("siren",), sirens.motor, 0.5),
    Signal(("sine_wave",), steady, 3.0),
    Signal(("mains_hum",), hum),
    Signal(("reversing_beeper",), reversing),
    Signal(("beep",), oven_beeps),
    Signal(("beep",), chirp, 1.1),
    Signal(("beep",), begun, 0.6),
    Signal(("alarm_clock",), clock_beeps),
    Signal(("kettle_whistle",), kettle),
    Signal(("telephone_ring",), telephone),
    Signal(("busy_signal",), busy),
    Signal(("morse_code",), morse),
    Signal(("ringtone",), melody),
    Signal(("piano",), piano),
)
CODE = tuple(Path(name) for name in (__file__, sirens.__file__, made.__file__))
"""Files that say what they sound like."""
