"""In which pattern an alarm beeps: temporal-three (smoke), temporal-four (carbon monoxide), even beeps. Pure.

A tone stands out of its neighbours in the spectrum. How far, over time, is the envelope of what beeps. It is
compared with the envelopes of patterns at every phase and pace, and with even beeps of every period. T3 (ISO
8201): three beeps of 0.5 s, 0.5 s apart, then 1.5 s of silence. T4 (UL 2034): four beeps of 0.1 s, 0.1 s
apart, then 5 s of silence. A pattern is told where it fits well, and clearly better than even beeps do.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEP_S = 0.02
"""From one value of an envelope to the next."""
LONGEST_S = 16.0
"""Of a sound, its last part is looked at."""
_FRAME_S = 0.03
_LOW_HZ, _HIGH_HZ = 300.0, 5000.0
_AROUND = (4, 14)
"""Bins to either side of a tone that tell how loud its neighbourhood is."""
_TONES = 3
_MOST_DB = 30.0
_LEAST_DB = 6.0
"""A tone that stands out by less is none."""
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
    """`T3`, `T4`, `beeps` (even ones) or `steady`."""
    fit: float
    """Correlation with the envelope, [-1, 1]; 1 where there is nothing to compare."""
    cycles: int = 0
    """Of T3 and T4: how many were heard."""
    period_s: float = 0.0
    """Seconds from the beginning of a cycle, or of a beep, to the next."""
    pitch_hz: float = 0.0
    ended_s: float = 0.0
    """Of T3 and T4: seconds from the end of the last beep to the end of what was looked at."""

    def __str__(self) -> str:
        """Return it in words."""
        if self.name in PATTERNS:
            return f"{self.name}, {self.cycles} cycle{'s' if self.cycles != 1 else ''}"
        return "steady tone" if self.name == "steady" else f"even beeps, one every {self.period_s:.1f} s"


def rhythm_of(samples: NDArray[np.float32], sample_rate: int) -> Rhythm | None:
    """Return the pattern in which a sound, float32 (n,), beeps; None where it has none that is told here."""
    best: Rhythm | None = None
    for envelope, pitch_hz in _tones(*_contrast(samples[-round(LONGEST_S * sample_rate) :], sample_rate)):
        found = _fitting(envelope, pitch_hz)
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


def _contrast(samples: NDArray[np.float32], sample_rate: int) -> tuple[Floats, Floats, Floats]:
    """Return by how many dB each bin stands out of its neighbours, (frames, bins), its level, its Hz."""
    size, step = round(_FRAME_S * sample_rate), round(STEP_S * sample_rate)
    count = (len(samples) - size) // step + 1
    if count < 1:
        return np.zeros((0, 0)), np.zeros((0, 0)), np.zeros(0)
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[::step][:count]
    power = np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)) ** 2
    hz = np.asarray(np.fft.rfftfreq(size, 1.0 / sample_rate), np.float64)
    low, high = np.searchsorted(hz, (_LOW_HZ, _HIGH_HZ))
    near, far = _AROUND
    first = max(0, low - far)
    level = 10.0 * np.log10(power[:, first : high + far] + 1e-12)
    around = (_mean_around(level, far) * (2 * far + 1) - _mean_around(level, near - 1) * (2 * near - 1)) / (
        2 * (far - near + 1)
    )
    bins = slice(low - first, high - first)
    return np.clip(level - around, 0.0, _MOST_DB)[:, bins], level[:, bins], hz[low:high]


def _mean_around(level: Floats, reach: int) -> Floats:
    """Return the mean over `reach` bins to either side, of rows whose ends go on as they end."""
    padded = np.pad(level, ((0, 0), (reach + 1, reach)), mode="edge")
    sums = np.cumsum(padded, axis=1)
    return np.asarray((sums[:, 2 * reach + 1 :] - sums[:, : -2 * reach - 1]) / (2 * reach + 1))


def _tones(contrast: Floats, level: Floats, pitches: Floats) -> Iterator[tuple[Floats, float]]:
    """Yield the envelopes of the tones that stand out most, dB (frames,), and their pitch.

    Where nothing else sounds, an echo stands out as far as the beep that it is of: it is told by its level.
    """
    if not contrast.size:
        return
    strength = np.quantile(contrast, 0.97, axis=0)
    for _ in range(_TONES):
        at = int(np.argmax(strength))
        if strength[at] < _LEAST_DB:
            return
        first, stop = max(0, at - 2), at + 3
        loud = level[:, first:stop].max(axis=1)
        loud += _MOST_DB - np.quantile(loud, 0.98)
        yield np.minimum(contrast[:, first:stop].max(axis=1), loud), float(pitches[at])
        strength[first:stop] = 0.0


def _fitting(envelope: Floats, pitch_hz: float) -> Rhythm | None:
    if np.quantile(envelope, 0.1) >= _STEADY_DB:
        return Rhythm("steady", 1.0, pitch_hz=pitch_hz)
    low, high = np.quantile(envelope, (0.2, 0.98))
    if high - low < _LEAST_DB:
        return None
    low = max(low, high - _ECHO_DB)
    soft = np.clip((envelope - low) / (high - low), 0.0, 1.0)
    even, period_s = max(_even(soft), default=(-1.0, 0.0))
    for name, pattern_s in PATTERNS.items():
        fit, pace, phase = _best(soft, pattern_s)
        if fit >= FITS and fit >= even + MARGIN:
            length_s = sum(pattern_s) * pace
            cycles = _cycles(soft, _template(pattern_s, pace), phase)
            if cycles >= SURE_CYCLES or (cycles and fit >= FITS_ONCE):
                ended_s = (len(soft) - 1 - int(np.flatnonzero(soft > _HALF)[-1])) * STEP_S
                return Rhythm(name, fit, cycles, length_s, pitch_hz, ended_s)
    return Rhythm("beeps", even, period_s=period_s, pitch_hz=pitch_hz) if even >= FITS else None


def _even(soft: Floats) -> Iterator[tuple[float, float]]:
    """Yield how well even beeps fit, at the periods that the envelope's spectrum shows, and around them."""
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
                fit, _ = _correlate(soft, _template((duty * period_s, (1.0 - duty) * period_s), 1.0))
                yield fit, float(period_s)


def _best(soft: Floats, pattern_s: tuple[float, ...]) -> tuple[float, float, int]:
    """Return how well a pattern fits at best, at which pace, and from which step of it on."""
    best = (-1.0, 1.0, 0)
    for pace in PACES:
        template = _template(pattern_s, pace)
        if _LEAST_CYCLES * len(template) - sum(pattern_s[-1:]) / STEP_S <= len(soft):
            fit, phase = _correlate(soft, template)
            best = max(best, (fit, float(pace), phase))
    return best


def _template(pattern_s: tuple[float, ...], pace: float) -> Floats:
    """Return one cycle of a pattern as an envelope."""
    edges = np.cumsum(pattern_s) * pace
    times = np.arange(max(2, round(edges[-1] / STEP_S))) * STEP_S
    return np.asarray(np.searchsorted(edges, times, side="right") % 2 == 0, np.float64)


def _correlate(soft: Floats, template: Floats) -> tuple[float, int]:
    """Return the highest correlation of an envelope with a repeated template, and at which phase."""
    period, length = len(template), len(soft)
    repeated = np.tile(template, length // period + 2)[: length + period]
    centred = soft - soft.mean()
    size = 1 << (length + period).bit_length()
    products = np.fft.irfft(np.fft.rfft(repeated, size) * np.conj(np.fft.rfft(centred, size)), size)[:period]
    sums = np.concatenate([[0.0], np.cumsum(repeated)])
    means = (sums[length : length + period] - sums[:period]) / length
    spread = np.sqrt(np.maximum(means - means**2, 1e-9) * length)  # of zeros and ones
    fits = products / (spread * np.sqrt(np.sum(centred**2) + 1e-9))
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
