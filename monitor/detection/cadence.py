"""What a telephone or an appliance beeps: rings with long pauses, or a few equal beeps and no more. Pure.

Told by the lengths of the sounds of one tone and of the pauses between them, in which no other sounds. A
telephone rings for .85 to 2.3 s and pauses for at least a quarter longer (ITU-T E.180: about 1 s and 4 s;
North America 2 s and 4 s), or rings twice, .4 s each, and pauses (Britain). An oven, a microwave or a washing
machine that has finished gives three to ten equal beeps, and then none.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.detection.rhythm import LONGEST_S, Rhythm, softened
from monitor.detection.tones import STEP_S, Contrast, Floats, contrast_of, envelopes

_ON = 0.5
_TREMOLO_S = 0.1
"""A shorter pause belongs to the sound: a bell's hammer, a trill of two tones."""
_CLICK_S = 0.04
_EQUAL = 1.2
"""Ratio of the longest to the shortest of what counts as equal."""

_RING_S = (0.85, 2.3)
"""Four beeps of T4 take .7 s."""
_PAUSE_S = (1.7, 5.5)
_PAUSE_RATIO = 1.25
_DOUBLE_S = (0.12, 0.35)
"""The pause within a double ring."""
_LEAST_RINGS = 2
_OTHER_DB = 15.0
_OTHER_BELOW_DB = 10.0
"""Another tone stands out so far, and is at most so much weaker than the one that is told of."""
_MOST_OTHER = 0.3
"""Share of the pauses in which there may be one: a sweep, or a melody."""

_BEEP_S = (0.05, 1.5)
_BETWEEN_S = (0.12, 1.6)
_BEEPS = (3, 10)
_LOWEST_HZ = 900.0
"""Sounders of appliances are higher; voices and knocks are lower."""
_NO_MORE_S = 1.9
"""So long after the last beep another round of T3 would have begun."""
_NO_MORE_PERIODS = 2.0


class _Sound(NamedTuple):
    """A stretch in which a tone sounds, seconds."""

    start_s: float
    stop_s: float

    @property
    def length_s(self) -> float:
        return self.stop_s - self.start_s


def cadence_of(samples: NDArray[np.float32], sample_rate: int) -> Rhythm | None:
    """Return `telephone` or `appliance` and how often it rings or beeps; None: neither.

    Of a sound, float32 (n,), only the last 16 s are looked at. It should begin before the first beep.
    """
    heard = samples[-round(LONGEST_S * sample_rate) :]
    length_s = len(heard) / sample_rate
    spectrogram = contrast_of(heard, sample_rate)
    for envelope, pitch_hz in envelopes(spectrogram):
        soft = softened(envelope)
        if soft is None:
            continue
        sounds = _sounds(soft)
        found = _rings(sounds, length_s)
        if found is None and pitch_hz >= _LOWEST_HZ:
            found = _beeps(sounds, length_s)
        if found is not None and _alone(spectrogram, soft > _ON, pitch_hz):
            name, count, period_s = found
            return Rhythm(name, 1.0, count, period_s, pitch_hz, length_s - sounds[-1].stop_s)
    return None


def _sounds(soft: Floats) -> list[_Sound]:
    """Return the stretches in which a tone sounds, its tremolo as one and clicks left out."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], soft > _ON, [0]]).astype(int)))
    found: list[_Sound] = []
    for start, stop in edges.reshape(-1, 2) * STEP_S:
        if found and start - found[-1].stop_s <= _TREMOLO_S:
            found[-1] = _Sound(found[-1].start_s, float(stop))
        else:
            found.append(_Sound(float(start), float(stop)))
    return [one for one in found if one.length_s >= _CLICK_S]


def _doubles_joined(sounds: list[_Sound]) -> list[_Sound]:
    """Return double rings as one each."""
    found: list[_Sound] = []
    halves = iter(pairwise([*sounds, _Sound(np.inf, np.inf)]))
    for one, following in halves:
        double = _within(following.start_s - one.stop_s, _DOUBLE_S)
        if double and _equal([one.length_s, following.length_s]):
            found.append(_Sound(one.start_s, following.stop_s))
            next(halves, None)
        else:
            found.append(one)
    return found


def _rings(sounds: list[_Sound], length_s: float) -> tuple[str, int, float] | None:
    """Return a telephone's rings; the first and the last may be cut off."""
    rings = _doubles_joined(sounds)
    edge_s = 2 * STEP_S if len(rings) == len(sounds) else _DOUBLE_S[1]  # half of a double ring may be cut off
    whole = [one for one in rings if one.start_s > edge_s and one.stop_s < length_s - edge_s]
    lengths, pauses = [one.length_s for one in whole], _pauses(rings)
    if len(whole) < _LEAST_RINGS or not (_equal(lengths) and _equal(pauses)):
        return None
    ring_s, pause_s = float(np.median(lengths)), float(np.median(pauses))
    long = _within(ring_s, _RING_S) and _within(pause_s, _PAUSE_S) and pause_s >= _PAUSE_RATIO * ring_s
    cut = all(one.length_s <= _EQUAL * ring_s for one in rings)
    return ("telephone", len(rings), ring_s + pause_s) if long and cut else None


def _beeps(sounds: list[_Sound], length_s: float) -> tuple[str, int, float] | None:
    """Return an appliance's beeps: all of one length, after equal pauses, and the next one long overdue."""
    if not _BEEPS[0] <= len(sounds) <= _BEEPS[1] or sounds[0].start_s <= STEP_S:
        return None
    lengths, pauses = [one.length_s for one in sounds], _pauses(sounds)
    if not (_equal(lengths) and _equal(pauses)):
        return None
    beep_s, pause_s = float(np.median(lengths)), float(np.median(pauses))
    period_s = beep_s + pause_s
    over = length_s - sounds[-1].stop_s >= max(_NO_MORE_S, _NO_MORE_PERIODS * period_s)
    beeps = _within(beep_s, _BEEP_S) and _within(pause_s, _BETWEEN_S)
    return ("appliance", len(sounds), period_s) if over and beeps else None


def _alone(sound: Contrast, on: NDArray[np.bool_], pitch_hz: float) -> bool:
    """Return whether no other tone sounds while the one at `pitch_hz` pauses."""
    level = float(np.median(sound.level[on, np.argmin(np.abs(sound.pitches - pitch_hz))]))
    others = (sound.contrast >= _OTHER_DB) & (sound.level >= level - _OTHER_BELOW_DB)
    return float(others[~on].any(axis=1).mean()) <= _MOST_OTHER


def _pauses(sounds: list[_Sound]) -> list[float]:
    return [after.start_s - before.stop_s for before, after in pairwise(sounds)]


def _equal(lengths: list[float]) -> bool:
    """Return whether lengths are about the same, each known to a step only."""
    return max(lengths) <= _EQUAL * min(lengths) + STEP_S


def _within(value: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] <= value <= bounds[1]
