"""In which pattern an alarm beeps: temporal-three (smoke), temporal-four (carbon monoxide), even beeps. Pure.

The envelope of what beeps (`tones.py`) is compared with those of patterns at every phase and pace, and with
even beeps of every period. T3 (ISO 8201): three beeps of 0.5 s, 0.5 s apart, then 1.5 s of silence. T4 (UL
2034): four beeps of 0.1 s, 0.1 s apart, then 5 s of silence. A pattern is told where it fits well, and
clearly better than even beeps do.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.detection.tones import LEAST_DB, STEP_S, Contrast, Floats, contrast_of, envelopes

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


class _Envelope:
    """How much of a beep there is over time, [0, 1] (n,), to be correlated with many patterns."""

    def __init__(self, soft: Floats) -> None:
        self.soft = soft
        self._centred = soft - soft.mean()
        self.spread = float(np.sqrt(np.sum(self._centred**2) + 1e-9))
        self._spectra: dict[int, NDArray[np.complex128]] = {}

    def spectrum(self, size: int) -> NDArray[np.complex128]:
        """Return the conjugate spectrum of `size` values."""
        if size not in self._spectra:
            self._spectra[size] = np.conj(np.fft.rfft(self._centred, size))
        return self._spectra[size]


def _fitting(envelope: Floats, pitch_hz: float, *, patterns_only: bool) -> Rhythm | None:
    if np.quantile(envelope, 0.1) >= _STEADY_DB:
        return Rhythm("steady", 1.0, pitch_hz=pitch_hz)
    soft = softened(envelope)
    if soft is None:
        return None
    sound = _Envelope(soft)
    best = {name: _best(sound, pattern_s) for name, pattern_s in PATTERNS.items()}
    if patterns_only and all(fit < FITS for fit, _, _ in best.values()):
        return None
    even, period_s = max(_even(sound), default=(-1.0, 0.0))
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
    low, high = np.quantile(envelope, (0.2, 0.98))
    if high - low < LEAST_DB:
        return None
    low = max(low, high - _ECHO_DB)
    return np.asarray(np.clip((envelope - low) / (high - low), 0.0, 1.0))


def _even(sound: _Envelope) -> Iterator[tuple[float, float]]:
    """Yield how well even beeps fit, at the periods that the envelope's spectrum shows, and around them."""
    soft = sound.soft
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
        for period_s in (1.0 / hz[at]) * DETUNE:
            for duty in DUTIES:
                template = _template((duty * period_s, (1.0 - duty) * period_s), 1.0)
                fit, _ = _correlate(sound, _repeated(template, len(soft)))
                yield fit, float(period_s)


def _best(sound: _Envelope, pattern_s: tuple[float, ...]) -> tuple[float, float, int]:
    """Return how well a pattern fits at best, at which pace, and from which step of it on."""
    best = (-1.0, 1.0, 0)
    for pace in PACES:
        template = _pattern(pattern_s, float(pace), len(sound.soft))
        if _LEAST_CYCLES * template.period - sum(pattern_s[-1:]) / STEP_S <= len(sound.soft):
            fit, phase = _correlate(sound, template)
            best = max(best, (fit, float(pace), phase))
    return best


def _template(pattern_s: tuple[float, ...], pace: float) -> Floats:
    """Return one cycle of a pattern as an envelope."""
    edges = np.cumsum(pattern_s) * pace
    times = np.arange(max(2, round(edges[-1] / STEP_S))) * STEP_S
    return np.asarray(np.searchsorted(edges, times, side="right") % 2 == 0, np.float64)


class _Repeated(NamedTuple):
    """A template, repeated for as long as an envelope lasts."""

    period: int
    """Steps of one cycle."""
    size: int
    spectrum: NDArray[np.complex128]
    """Of `size` values."""
    spread: Floats
    """What it deviates from its mean, at each phase (period,)."""


def _repeated(template: Floats, length: int) -> _Repeated:
    period = len(template)
    repeated = np.tile(template, length // period + 2)[: length + period]
    size = 1 << (length + period).bit_length()
    sums = np.concatenate([[0.0], np.cumsum(repeated)])
    means = (sums[length : length + period] - sums[:period]) / length
    spread = np.sqrt(np.maximum(means - means**2, 1e-9) * length)  # of zeros and ones
    return _Repeated(period, size, np.fft.rfft(repeated, size), spread)


@lru_cache(maxsize=4 * len(PATTERNS) * len(PACES))
def _pattern(pattern_s: tuple[float, ...], pace: float, length: int) -> _Repeated:
    """Return the repeated template of a pattern; a monitor asks for the same lengths all the time."""
    return _repeated(_template(pattern_s, pace), length)


def _correlate(sound: _Envelope, template: _Repeated) -> tuple[float, int]:
    """Return the highest correlation of an envelope with a repeated template, and at which phase."""
    spectrum = template.spectrum * sound.spectrum(template.size)
    products = np.fft.irfft(spectrum, template.size)[: template.period]
    fits = products / (template.spread * sound.spread)
    phase = int(np.argmax(fits))
    return float(fits[phase]), phase


def _cycles(soft: Floats, template: Floats, phase: int) -> int:
    """Return how many cycles were heard: stretches of a cycle's length that fit by themselves."""
    period, sounds = len(template), np.flatnonzero(template)[-1] + 1
    count = 0
    for start in range(-phase, len(soft), period):
        first, stop = max(0, start), min(len(soft), start + period)
        if stop - first < sounds or start < -period // 4:
            continue
        part, own = soft[first:stop], template[first - start : stop - start]
        if part.std() > 0.0 and own.std() > 0.0 and np.corrcoef(part, own)[0, 1] >= _CYCLE_FITS:
            count += 1
    return count
