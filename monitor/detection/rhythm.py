"""In which pattern an alarm beeps: temporal-three (smoke), temporal-four (carbon monoxide), even beeps. Pure.

The envelope of what beeps (`tones.py`) is compared with those of patterns at every phase and pace, and with
even beeps of every period. T3 (ISO 8201): three beeps of 0.5 s, 0.5 s apart, then 1.5 s of silence. T4 (UL
2034): four beeps of 0.1 s, 0.1 s apart, then 5 s of silence. A pattern is told where it fits well, and
clearly better than even beeps do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.detection.templates import Envelope, Templates
from monitor.detection.tones import LEAST_DB, STEP_S, Contrast, Floats, contrast_of, envelopes, quantile

LONGEST_S = 16.0
"""Of a sound, its last part is looked at."""
_STEADY_DB = 9.0
_ECHO_DB = 15.0
"""What is so far below a beep is its echo."""

T3_S = (0.5, 0.5, 0.5, 0.5, 0.5, 1.5)
T4_S = (0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 5.0)
PATTERNS = {"T3": T3_S, "T4": T4_S}
"""Seconds on, off, on, off ..."""
PACES = np.linspace(0.86, 1.14, 15)
SHORTEST_PERIOD_S, LONGEST_PERIOD_S = 0.16, 3.2
"""Of even beeps."""
DUTIES = (0.35, 0.5, 0.65)
DETUNE = np.array([0.99, 1.0, 1.01])
_LEAST_BEEPS = 3
_LINES = 3
_LINE_HZ = 0.12
"""Width of a line in the spectrum of an envelope."""
FITS = 0.6
"""Correlation from which on a pattern fits."""
FITS_ONCE = 0.75
"""The same where it was heard only once."""
MARGIN = 0.08
"""By so much it has to fit better than even beeps."""
_LEAST_CYCLES = 1.4
_CYCLE_FITS = 0.45
_HALF = 0.5
_OVERDUE_S = 0.4
SURE_FIT, SURE_CYCLES = 0.7, 2
"""From which on a pattern is an alarm whatever a network makes of the sound."""


class Rhythm(msgspec.Struct, frozen=True):
    """A pattern in which something beeps."""

    name: str
    """`T3`, `T4`, `beeps` (even ones), `steady`; of `cadence.py`: `telephone`, `appliance`."""
    fit: float
    """Correlation with the envelope, [-1, 1]; 1 where there is nothing to compare."""
    cycles: int = 0
    """How many rounds of T3 or T4, rings of a telephone or beeps of an appliance were heard."""
    period_s: float = 0.0
    """Seconds from the beginning of a cycle, or of a beep, to the next."""
    pitch_hz: float = 0.0
    ended_s: float = 0.0
    """Of all but even beeps and steady tones: seconds from the last beep's end to that of the sound."""

    def __str__(self) -> str:
        """Return it in words."""
        if self.name in PATTERNS:
            return f"{self.name}, {self.cycles} cycle{'s' if self.cycles != 1 else ''}"
        words = {
            "steady": "steady tone",
            "telephone": f"telephone cadence, {self.cycles} rings",
            "appliance": f"{self.cycles} equal beeps, then silence",
        }
        return words.get(self.name, f"even beeps, one every {self.period_s:.1f} s")


def rhythm_of(samples: NDArray[np.float32], sample_rate: int) -> Rhythm | None:
    """Return the pattern in which a sound, float32 (n,), beeps; None where it has none that is told here."""
    return _best_of(contrast_of(samples[-round(LONGEST_S * sample_rate) :], sample_rate), patterns_only=False)


def alarm_in(sound: Contrast) -> Rhythm | None:
    """Return the pattern of an alarm that surely sounds; None where there is none.

    Nothing but patterns of alarms is looked for, which takes half the time.
    """
    found = _best_of(sound, patterns_only=True)
    return found if is_alarm(found) else None


def _best_of(sound: Contrast, *, patterns_only: bool) -> Rhythm | None:
    best: Rhythm | None = None
    for envelope, pitch_hz in envelopes(sound):
        found = _fitting(envelope, pitch_hz, patterns_only=patterns_only)
        if found is not None and (best is None or _rank(found) > _rank(best)):
            best = found
        if best is not None and best.name in PATTERNS:
            return best
    return best


def is_alarm(found: Rhythm | None) -> bool:
    """Return whether a pattern is surely that of an alarm that sounds: its next beep is not overdue."""
    if found is None or found.name not in PATTERNS or found.fit < SURE_FIT or found.cycles < SURE_CYCLES:
        return False
    return found.ended_s <= PATTERNS[found.name][-1] * found.period_s / sum(PATTERNS[found.name]) + _OVERDUE_S


def _rank(found: Rhythm) -> tuple[bool, float]:
    return found.name in PATTERNS, found.fit


def _fitting(envelope: Floats, pitch_hz: float, *, patterns_only: bool) -> Rhythm | None:
    if quantile(envelope, 0.1) >= _STEADY_DB:
        return Rhythm("steady", 1.0, pitch_hz=pitch_hz)
    soft = softened(envelope)
    if soft is None:
        return None
    sound = Envelope(soft)
    best = {name: _best(sound, pattern_s) for name, pattern_s in PATTERNS.items()}
    if patterns_only and all(fit < FITS for fit, _, _ in best.values()):
        return None
    even, period_s = _even(sound)
    for name, (fit, pace, phase) in best.items():
        if fit >= FITS and fit >= even + MARGIN:
            length_s = sum(PATTERNS[name]) * pace
            cycles = _cycles(soft, _template(PATTERNS[name], pace), phase)
            if cycles >= SURE_CYCLES or (cycles and fit >= FITS_ONCE):
                ended_s = (len(soft) - 1 - int(np.flatnonzero(soft > _HALF)[-1])) * STEP_S
                return Rhythm(name, fit, cycles, length_s, pitch_hz, ended_s)
    return Rhythm("beeps", even, period_s=period_s, pitch_hz=pitch_hz) if even >= FITS else None


def softened(envelope: Floats) -> Floats | None:
    """Return from an envelope, dB (n,), how much of a beep there is, [0, 1] (n,); None: nothing beeps."""
    low, high = float(quantile(envelope, 0.2)), float(quantile(envelope, 0.98))
    if high - low < LEAST_DB:
        return None
    low = max(low, high - _ECHO_DB)
    return np.asarray(np.clip((envelope - low) / (high - low), 0.0, 1.0))


def _even(sound: Envelope) -> tuple[float, float]:
    """Return how well even beeps fit, at the periods that the envelope's spectrum shows and around them.

    And with which period; a fit of -1 where there is none.
    """
    beeps, periods_s = [], []
    for line_s in _lines(sound.soft):
        for period_s in (line_s * DETUNE).tolist():
            times = np.arange(max(2, round(period_s / STEP_S))) * STEP_S
            beeps += [(times < duty * period_s).astype(np.float64) for duty in DUTIES]
            periods_s += [period_s] * len(DUTIES)
    fits, _ = Templates(beeps, len(sound.soft)).fits(sound)
    return max(zip(fits, periods_s, strict=True), default=(-1.0, 0.0))


def _lines(soft: Floats) -> Iterator[float]:
    """Yield the periods of the strongest lines in the spectrum of an envelope, seconds."""
    size = 1 << (8 * len(soft)).bit_length()
    spectrum = np.abs(np.fft.rfft((soft - soft.mean()) * np.hanning(len(soft)), size))
    hz = np.fft.rfftfreq(size, STEP_S)
    longest_s = min(LONGEST_PERIOD_S, len(soft) * STEP_S / _LEAST_BEEPS)
    spectrum[(hz < 1.0 / longest_s) | (hz > 1.0 / SHORTEST_PERIOD_S)] = 0.0
    for _ in range(_LINES):
        at = int(np.argmax(spectrum))
        if spectrum[at] == 0.0:
            return
        reach = max(1, round(_LINE_HZ * size * STEP_S))
        spectrum[max(0, at - reach) : at + reach + 1] = 0.0
        yield 1.0 / float(hz[at])


def _best(sound: Envelope, pattern_s: tuple[float, ...]) -> tuple[float, float, int]:
    """Return how well a pattern fits at best, at which pace, and from which step of it on."""
    paces, templates = _at_paces(pattern_s, len(sound.soft))
    fits, phases = templates.fits(sound)
    return max(zip(fits, paces, phases, strict=True), default=(-1.0, 1.0, 0))


@lru_cache(maxsize=4 * len(PATTERNS))
def _at_paces(pattern_s: tuple[float, ...], length: int) -> tuple[tuple[float, ...], Templates]:
    """Return a pattern at each pace of which enough is in an envelope of `length`.

    A monitor asks for the same lengths all the time.
    """
    at_paces = {pace: _template(pattern_s, pace) for pace in PACES.tolist()}
    enough = {
        pace: one
        for pace, one in at_paces.items()
        if _LEAST_CYCLES * len(one) - pattern_s[-1] / STEP_S <= length
    }
    return tuple(enough), Templates(list(enough.values()), length)


def _template(pattern_s: tuple[float, ...], pace: float) -> Floats:
    """Return one cycle of a pattern as an envelope."""
    edges = np.cumsum(pattern_s) * pace
    times = np.arange(max(2, round(edges[-1] / STEP_S))) * STEP_S
    return np.asarray(np.searchsorted(edges, times, side="right") % 2 == 0, np.float64)


def _cycles(soft: Floats, template: Floats, phase: int) -> int:
    """Return how many cycles were heard: stretches of a cycle's length that fit by themselves."""
    period, sounds = len(template), np.flatnonzero(template)[-1] + 1
    count = 0
    for start in range(-phase, len(soft), period):
        first, stop = max(0, start), min(len(soft), start + period)
        if stop - first < sounds or start < -period // 4:
            continue
        part, own = soft[first:stop], template[first - start : stop - start]
        part, own = part - part.mean(), own - own.mean()
        spread = math.sqrt(float(part @ part) * float(own @ own))
        count += spread > 0.0 and float(part @ own) >= _CYCLE_FITS * spread
    return count
