"""The sounds of the demo scene, each a small pure function: a source, a filter, reverberation.

Every function takes a seeded generator and returns float32 (n,) at `SAMPLE_RATE`; the level is arbitrary, the
scene sets it. Nothing here is recorded: what a network knows of these sounds it learnt from real ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import soxr
from numpy.typing import NDArray

Samples = NDArray[np.float32]

SAMPLE_RATE = 32_000
"""Hz of every sound here."""

_SPEED_OF_SOUND_M_S = 343.0
_FAR_RATE = 8_000
"""Hz at which distant sounds are made: air and distance take what is above 4 kHz."""


def siren(rng: np.random.Generator) -> Samples:
    """Model an emergency vehicle driving by: an electronic wail, then yelp, out of a horn loudspeaker.

    The pitch sweeps 600 to 1400 Hz, in 2.8 s and then three times a second; harmonics follow the response of
    the loudspeaker (800 to 3000 Hz). Passing at 15 m/s and 15 m away shifts the pitch and swells the level.
    """
    t = _times(5.2)
    wail = np.abs((t / 2.8 + 0.35) % 1.0 * 2.0 - 1.0)
    yelp = np.abs(t * 3.0 % 1.0 * 2.0 - 1.0)
    position_m = 15.0 * (t - 3.0)
    distance_m = np.hypot(position_m, 15.0)
    doppler = 1.0 / (1.0 + 15.0 * position_m / distance_m / _SPEED_OF_SOUND_M_S)
    pitch_hz = doppler * (600.0 + 800.0 * np.where(t < 3.2, 1.0 - wail, 1.0 - yelp) ** 0.8)
    phase = _phase(pitch_hz)
    sound = np.zeros(len(t), np.float32)
    for k in range(1, 9):
        sound += _horn_gain(k * pitch_hz) / k * np.sin(k * phase)
    return _reverberate(sound * (15.0 / distance_m) * _fades(len(t), 0.15, 0.3), rng, rt60_s=1.3, wet=0.5)


def car_horn(rng: np.random.Generator) -> Samples:
    """Model one press of a car's pair of disc horns, a major third apart (420 and 525 Hz), in a street.

    A striking diaphragm makes many harmonics, dulled above 2 kHz by distance; the pair never holds
    quite still.
    """
    t = _times(0.8)
    wave = np.zeros(len(t), np.float32)
    for note_hz in (420.0, 525.0):
        phase = _phase(note_hz * (1.0 + 0.0006 * _slow_noise(rng, len(t), 30.0)))
        for k in range(1, 20):
            gain = (0.6 + k * note_hz / 2500.0) / (1.0 + (k * note_hz / 2200.0) ** 4)
            wave += np.float32(gain) * np.cos(k * phase + rng.uniform(-1.0, 1.0))
    swell = 1.0 + 0.1 * _slow_noise(rng, len(t), 30.0)
    return _reverberate(wave * swell * _fades(len(t), 0.01, 0.03), rng, rt60_s=0.8, wet=0.6)


def dog_bark(rng: np.random.Generator) -> Samples:
    """Model a smallish dog barking four times."""
    sound = np.zeros(_len(1.8), np.float32)
    for start_s in (0.0, 0.42, 0.80, 1.40):
        _add(sound, _one_bark(rng), start_s)
    return _reverberate(sound, rng, rt60_s=0.5, wet=0.3)


def _one_bark(rng: np.random.Generator) -> Samples:
    """Model one bark of a smallish dog: glottal pulses of a leaping and falling pitch through an open mouth.

    The pitch leaps to about 780 Hz in 40 ms and falls to half; jitter, a touch of subharmonic and breath make
    it rough. The formants are those of a throat and mouth some 12 cm long.
    """
    length_s = rng.uniform(0.15, 0.19)
    t = _times(1.6 * length_s)
    x = t / length_s
    contour = np.interp(x, [0.0, 0.22, 0.55, 1.0, 1.6], [0.8, 1.0, 0.95, 0.52, 0.44])
    jitter = 1.0 + 0.08 * _slow_noise(rng, len(t), 200.0)
    phase = _phase(rng.uniform(730.0, 830.0) * contour * jitter)
    pulses = np.exp(4.0 * (np.cos(phase) - 1.0)) * (
        1.0 + 0.2 * np.cos(phase / 2.0) * np.minimum(3.0 * x, 1.0)
    )
    breath = 0.1 * rng.standard_normal(len(t), np.float32) * (0.35 + pulses)
    envelope = np.minimum(x / 0.09, 1.0) ** 1.5 * np.exp(-((np.maximum(x - 0.55, 0.0) / 0.35) ** 1.6))
    formants = [(580.0, 200.0, 1.0), (1800.0, 220.0, 0.55), (2700.0, 500.0, 0.25), (4200.0, 900.0, 0.1)]
    return _resonate(((pulses - pulses.mean() + breath) * envelope).astype(np.float32), formants)


def door_knock(rng: np.random.Generator) -> Samples:
    """Model knuckles on a wooden door: five blows of 1.3 ms that ring the panel's modes."""
    modes = [(120, 40, 0.6), (210, 60, 0.8), (340, 80, 0.8), (560, 120, 1.0), (820, 190, 1.1),
             (1250, 330, 1.2), (1900, 600, 1.6), (3000, 1100, 0.5)]  # fmt: skip
    panel = [(centre * rng.uniform(0.98, 1.02), float(width), gain) for centre, width, gain in modes]
    sound = np.zeros(_len(1.3), np.float32)
    t = _times(0.25)
    start_s = 0.0
    for _ in range(5):
        scrape = rng.standard_normal(len(t), np.float32) * np.exp(-t / 0.002)
        blow = scrape + 8.0 * np.sin(np.pi * np.minimum(t / 0.0013, 1.0))
        _add(sound, rng.uniform(0.75, 1.0) * _resonate(blow, panel), start_s)
        start_s += 0.21 * rng.uniform(0.92, 1.08)
    return _reverberate(sound, rng, rt60_s=0.28, wet=0.42)


def smoke_alarm(rng: np.random.Generator) -> Samples:
    """Model a smoke detector: a 3.1 kHz piezo in the temporal-three pattern of ISO 8201, heard for 6.5 s.

    Three half-second beeps, half a second apart, then 1.5 s of silence; the driven disc adds harmonics.
    """
    t = _times(6.5)
    in_cycle_s = t % 4.0
    on = ((in_cycle_s < 2.5) & (in_cycle_s % 1.0 < 0.5)).astype(np.float32)
    on = np.convolve(on, np.full(96, 1 / 96, np.float32), "same")
    phase = 2 * np.pi * 3120.0 * t + 0.4 * np.sin(2 * np.pi * 7.0 * t)
    wave = np.sin(phase) + 0.25 * np.sin(2 * phase) + 0.2 * np.sin(3 * phase) + 0.06 * np.sin(4 * phase)
    return _reverberate((on * wave).astype(np.float32), rng, rt60_s=0.5, wet=0.4)


def doorbell(rng: np.random.Generator) -> Samples:
    """Model a two-note chime in a hallway, ding-dong, a major third down: two struck tubes.

    The bending modes of a tube lie about 1, 2, 3, 4.16 and 5.43 times its note; the lowest rings for a
    second, the others give the stroke its colour.
    """
    modes = ((1.0, 0.65, 0.75), (2.0, 0.55, 0.18), (3.0, 1.1, 0.12), (4.16, 0.5, 0.22), (5.43, 0.1, 0.08))
    sound = np.zeros(_len(2.0), np.float32)
    t = _times(1.6)
    for start_s, note_hz in ((0.0, 784.0), (0.36, 622.3)):
        tube = 0.04 * rng.standard_normal(len(t), np.float32) * np.exp(-t / 0.003)
        for ratio, gain, decay_s in modes:
            tube += gain * np.sin(2.0 * np.pi * ratio * note_hz * t + 0.3 * ratio) * np.exp(-t / decay_s)
        _add(sound, tube * _fades(len(t), 0.001, 0.1), start_s)
    return _reverberate(sound, rng, rt60_s=0.7, wet=0.6)


def traffic(rng: np.random.Generator, length: int) -> Samples:
    """Model a busy road some streets away: rumble below 150 Hz, tyre hiss around 850 Hz, swelling."""

    def amplitude(f: Samples) -> Samples:
        rumble = 1.0 / (1.0 + f / 70.0)
        hiss: Samples = 0.12 / (1.0 + np.square((f - 850.0) / 600.0))
        return rumble + hiss

    return _shaped_noise(rng, length, amplitude) * (1.0 + 0.15 * _slow_noise(rng, length, 0.4))


def wind(rng: np.random.Generator, length: int) -> Samples:
    """Model wind at the microphone: turbulence of a steep low spectrum, in gusts of a few seconds."""
    n = length * _FAR_RATE // SAMPLE_RATE
    noise = _shaped_noise(rng, n, lambda f: 1.0 / (1.0 + np.square(f / 70.0)), _FAR_RATE)
    return _from_far(noise * np.exp(0.3 * _slow_noise(rng, n, 0.5, _FAR_RATE)), length)


def babble(rng: np.random.Generator, length: int) -> Samples:
    """Model people talking across the street: four voices of wandering pitch, some four syllables a second.

    Each voice is a pulse train at 100 to 220 Hz whose syllables go through one of three vowels; there are
    no words in it.
    """
    n = length * _FAR_RATE // SAMPLE_RATE
    vowels = [((700.0, 100.0, 1.0), (1150.0, 130.0, 0.6), (2500.0, 250.0, 0.2)),
              ((480.0, 90.0, 1.0), (1800.0, 150.0, 0.5), (2500.0, 250.0, 0.3)),
              ((330.0, 80.0, 1.0), (850.0, 120.0, 0.5), (2400.0, 250.0, 0.1))]  # fmt: skip
    spoken = np.zeros((len(vowels), n), np.float32)
    for _ in range(4):
        melody = 0.15 * _slow_noise(rng, n, 2.0, _FAR_RATE) + 0.01 * _slow_noise(rng, n, 90.0, _FAR_RATE)
        pulses = np.exp(6.0 * (np.cos(_phase(rng.uniform(100.0, 220.0) * (1.0 + melody), _FAR_RATE)) - 1.0))
        pulses += 0.1 * rng.standard_normal(n, np.float32) - pulses.mean()
        pulses *= np.clip(_slow_noise(rng, n, 0.6, _FAR_RATE) + 0.5, 0.0, 1.0)
        for vowel in range(len(vowels)):
            spoken[vowel] += pulses * np.clip(_slow_noise(rng, n, 7.0, _FAR_RATE) - 0.5, 0.0, None)
    voices = sum(
        (_resonate(x, v, _FAR_RATE) for x, v in zip(spoken, vowels, strict=True)), np.zeros(n, np.float32)
    )
    return _from_far(voices, length)


def car_pass(rng: np.random.Generator) -> Samples:
    """Model a car driving past 10 m away at 12 m/s: tyre noise and a four-cylinder engine."""
    t = _times(7.0)
    distance_m = np.hypot(12.0 * (t - 3.5), 10.0)
    doppler = 1.0 - 144.0 * (t - 3.5) / distance_m / _SPEED_OF_SOUND_M_S
    tyres = _shaped_noise(rng, len(t), lambda f: (0.1 + f / 500.0) / (1.0 + (f / 900.0) ** 2.5))
    phase = _phase(62.0 * doppler * (1.0 + 0.01 * _slow_noise(rng, len(t), 15.0)))
    engine = sum((np.sin(k * phase + k * k) / k for k in range(1, 9)), np.zeros(len(t), np.float32))
    near = (10.0 / distance_m) ** 1.5 * _fades(len(t), 0.8, 0.8)
    return np.asarray(near * (tyres + 0.8 * engine), np.float32)


def _from_far(sound: Samples, length: int) -> Samples:
    """Return `length` samples at `SAMPLE_RATE` of a sound made at the rate of distant things."""
    full = soxr.resample(sound, _FAR_RATE, SAMPLE_RATE)
    return np.resize(full, length).astype(np.float32)


def _len(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)


def _times(seconds: float) -> Samples:
    """Return the time of each sample, seconds."""
    return np.arange(_len(seconds), dtype=np.float32) / np.float32(SAMPLE_RATE)


def _phase(pitch_hz: NDArray[np.floating], rate: int = SAMPLE_RATE) -> Samples:
    """Return the running phase of a pitch, radians, folded so that float32 keeps its precision."""
    turns = np.cumsum(pitch_hz, dtype=np.float64) / rate
    return (2.0 * np.pi * (turns % 64.0)).astype(np.float32)


def _fades(length: int, rise_s: float, fall_s: float) -> Samples:
    """Return an envelope that rises from 0, stays at 1 and falls to 0."""
    index = np.arange(length, dtype=np.float32) / np.float32(SAMPLE_RATE)
    end_s = length / SAMPLE_RATE
    slopes = np.minimum(index / rise_s, (end_s - index) / fall_s)
    return np.asarray(np.minimum(1.0, slopes), np.float32)


def _add(sound: Samples, part: Samples, start_s: float) -> None:
    start = _len(start_s)
    stop = min(len(sound), start + len(part))
    sound[start:stop] += part[: stop - start]


def _slow_noise(rng: np.random.Generator, length: int, cutoff_hz: float, rate: int = SAMPLE_RATE) -> Samples:
    """Return a random line of about unit variance that changes `cutoff_hz` times a second."""
    count = int(length / rate * cutoff_hz) + 2
    knots = rng.standard_normal(count, np.float32)
    line = np.interp(np.arange(length) * (cutoff_hz / rate), np.arange(count), knots)
    return np.asarray(line, np.float32)


def _shaped_noise(
    rng: np.random.Generator, length: int, amplitude: Callable[[Samples], Samples], rate: int = SAMPLE_RATE
) -> Samples:
    """Return Gaussian noise with the given amplitude over frequency, RMS 1."""
    spectrum = np.fft.rfft(rng.standard_normal(length, np.float32))
    spectrum *= amplitude(np.fft.rfftfreq(length, 1.0 / rate).astype(np.float32))
    noise = np.fft.irfft(spectrum, length)
    return np.asarray(noise / np.sqrt(np.mean(noise**2)), np.float32)


def _resonate(
    source: Samples, formants: Sequence[tuple[float, float, float]], rate: int = SAMPLE_RATE
) -> Samples:
    """Pass `source` through parallel resonators, each (centre Hz, bandwidth Hz, gain at the centre)."""
    n = _fft_len(len(source) + rate // 20)
    s = 2j * np.pi * np.fft.rfftfreq(n, 1.0 / rate)
    response = np.zeros(len(s), np.complex128)
    for index, (centre_hz, width_hz, gain) in enumerate(formants):
        width = 2.0 * np.pi * width_hz
        sign = -1.0 if index % 2 else 1.0
        response += sign * gain * width * s / (s * s + width * s + (2.0 * np.pi * centre_hz) ** 2)
    return np.fft.irfft(np.fft.rfft(source, n) * response, n)[: len(source)].astype(np.float32)


def _reverberate(dry: Samples, rng: np.random.Generator, rt60_s: float, wet: float) -> Samples:
    """Add a few early reflections and a decaying diffuse tail, duller than the direct sound."""
    t = _times(min(rt60_s, 1.0))
    tail = rng.standard_normal(len(t), np.float32) * np.exp(-6.9 * t / rt60_s) * np.minimum(t / 0.02, 1.0)
    tail = np.convolve(tail, [0.25, 0.5, 0.25], "same")
    response = wet * tail / np.sqrt(np.sum(tail**2))
    for delay_s in rng.uniform(0.004, 0.045, 6):
        response[_len(delay_s)] += wet * 0.3 * rng.choice((-1.0, 1.0))
    response[0] = 1.0
    n = _fft_len(len(dry) + len(response))
    wet_sound = np.fft.irfft(np.fft.rfft(dry, n) * np.fft.rfft(response, n), n)
    return wet_sound[: len(dry) + len(response) // 2].astype(np.float32)


def _horn_gain(frequency_hz: Samples) -> Samples:
    """Return the response of a re-entrant horn loudspeaker: a broad band around 1.5 kHz."""
    octaves = np.log2(frequency_hz / 1500.0)
    return np.asarray(np.exp(-((octaves / 1.3) ** 2)), np.float32)


def _fft_len(length: int) -> int:
    """Return a length of at least `length` that the transform is fast for: 2^k or 3 * 2^k."""
    power = 1 << (length - 1).bit_length()
    return power * 3 // 4 if power * 3 // 4 >= length else power
