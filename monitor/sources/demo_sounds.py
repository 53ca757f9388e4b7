"""The sounds of the demo scene, each a small pure function: a source, a filter, a room.

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


def siren(rng: np.random.Generator) -> Samples:
    """Model an emergency vehicle driving by: an electronic wail, then yelp, out of a horn loudspeaker.

    The pitch sweeps 600 to 1400 Hz, in 2.8 s and then three times a second; harmonics follow the loudspeaker's
    response (800 to 3000 Hz). Passing at 15 m/s and 15 m away shifts the pitch and swells the level.
    """
    t = _times(7.0)
    wail = np.abs((t / 2.8 + 0.35) % 1.0 * 2.0 - 1.0)
    yelp = np.abs(t * 3.0 % 1.0 * 2.0 - 1.0)
    position_m = 15.0 * (t - 4.2)
    distance_m = np.hypot(position_m, 15.0)
    doppler = 1.0 / (1.0 + 15.0 * position_m / distance_m / _SPEED_OF_SOUND_M_S)
    pitch_hz = doppler * (600.0 + 800.0 * np.where(t < 4.2, 1.0 - wail, 1.0 - yelp) ** 0.8)
    phase = _phase(pitch_hz)
    sound = np.zeros(len(t), np.float32)
    for k in range(1, 9):
        sound += _horn_gain(k * pitch_hz) / k * np.sin(k * phase)
    return _in_room(sound * (15.0 / distance_m) * _fades(len(t), 0.15, 0.3), rng, rt60_s=1.3, wet=0.5)


def car_horn(rng: np.random.Generator) -> Samples:
    """Model a car's pair of disc horns, a major third apart (410 and 510 Hz), pressed briefly and then long.

    A vibrating diaphragm makes a pulse-like wave, rich in harmonics; the flare favours 1.5 to 4 kHz.
    """
    presses = [(0.0, 0.28), (0.45, 1.0)]
    sound = np.zeros(_len(1.6), np.float32)
    for start_s, length_s in presses:
        t = _times(length_s)
        wave = np.zeros(len(t), np.float32)
        for root_hz in (409.0, 511.0):
            glide_hz = root_hz * (1.0 - 0.05 * np.exp(-t / 0.02))
            phase = _phase(glide_hz) + rng.uniform(0.0, 6.28)
            for k in range(1, 22):
                gain = 1.0 / (1.0 + (k * root_hz / 3200.0) ** 4) * (0.4 + k * root_hz / 2500.0)
                wave += np.float32(gain) * np.cos(k * phase + rng.uniform(-0.5, 0.5))
        _add(sound, wave * _fades(len(t), 0.015, 0.03), start_s)
    return _in_room(sound, rng, rt60_s=0.9, wet=0.35)


def dog_bark(rng: np.random.Generator) -> Samples:
    """Model a medium dog barking five times."""
    sound = np.zeros(_len(2.6), np.float32)
    for start_s in (0.0, 0.42, 0.80, 1.45, 1.85):
        _add(sound, _one_bark(rng), start_s)
    return _in_room(sound, rng, rt60_s=0.5, wet=0.3)


def _one_bark(rng: np.random.Generator) -> Samples:
    """Model one woof: glottal pulses whose pitch leaps up and falls, breath noise, and a throat that closes.

    The pitch rises in 30 ms and falls to two thirds; jitter and a subharmonic make it rough. Formants near 750,
    1400 and 2700 Hz are those of an open mouth on a 12 cm vocal tract.
    """
    length_s = rng.uniform(0.17, 0.22)
    t = _times(length_s + 0.05)
    x = t / length_s
    peak_hz = rng.uniform(520.0, 600.0)
    contour = np.interp(x, [0.0, 0.15, 0.4, 1.0, 1.3], [0.6, 1.0, 0.95, 0.6, 0.5])
    jitter = 1.0 + 0.06 * _slow_noise(rng, len(t), 120.0)
    phase = _phase(peak_hz * contour * jitter)
    pulses = np.exp(3.5 * (np.cos(phase) - 1.0)) * (1.0 + 0.45 * np.cos(phase / 2.0))
    breath = rng.standard_normal(len(t), np.float32)
    source = pulses - pulses.mean() + 0.25 * breath * (0.3 + pulses)
    envelope = np.minimum(t / 0.012, 1.0) * np.exp(-((np.maximum(x - 0.35, 0.0) / 0.38) ** 2))
    formants = [(750.0, 220.0, 1.0), (1400.0, 300.0, 0.9), (2700.0, 500.0, 0.35), (4200.0, 900.0, 0.12)]
    return _resonate((source * envelope).astype(np.float32), formants)


def door_knock(rng: np.random.Generator) -> Samples:
    """Model knuckles on a wooden door: each a 2 ms contact that rings the panel's modes for some 40 ms."""
    sound = np.zeros(_len(1.5), np.float32)
    for start_s in (0.0, 0.19, 0.38, 0.58, 0.77):
        t = _times(0.18)
        contact = rng.standard_normal(len(t), np.float32) * np.exp(-t / 0.0015)
        modes = np.zeros(len(t), np.float32)
        for mode_hz, decay_s, gain in (
            (118, 0.050, 1.0), (212, 0.035, 1.0), (345, 0.025, 0.8), (560, 0.016, 0.6), (890, 0.010, 0.4),
            (1450, 0.006, 0.25),
        ):  # fmt: skip
            own_hz = mode_hz * rng.uniform(0.985, 1.015)
            modes += gain * np.sin(2 * np.pi * own_hz * t) * np.exp(-t / decay_s)
        _add(sound, (modes + 0.5 * contact) * rng.uniform(0.8, 1.0), start_s)
    return _in_room(sound, rng, rt60_s=0.4, wet=0.3)


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
    return _in_room((on * wave).astype(np.float32), rng, rt60_s=0.5, wet=0.4)


def doorbell(rng: np.random.Generator) -> Samples:
    """Model a two-note chime, ding (659 Hz) dong (523 Hz): a struck metal bar over a resonator tube.

    A free bar's overtones lie at 2.76, 5.40 and 8.93 times its pitch and die sooner the higher they are.
    """
    sound = np.zeros(_len(2.6), np.float32)
    for start_s, root_hz in ((0.0, 659.3), (0.75, 523.3)):
        t = _times(1.8)
        bar = np.zeros(len(t), np.float32)
        for ratio, gain, decay_s in (
            (1.0, 1.0, 0.55),
            (2.756, 0.35, 0.3),
            (5.404, 0.2, 0.12),
            (8.933, 0.1, 0.05),
        ):
            beat = 1.0 + 0.08 * np.sin(2 * np.pi * 4.3 * t)
            bar += gain * beat * np.sin(2 * np.pi * ratio * root_hz * t) * np.exp(-t / decay_s)
        bar += 0.3 * rng.standard_normal(len(t), np.float32) * np.exp(-t / 0.002)
        _add(sound, bar * _fades(len(t), 0.001, 0.1), start_s)
    return _in_room(sound, rng, rt60_s=0.5, wet=0.3)


def traffic(rng: np.random.Generator, length: int) -> Samples:
    """Model a busy road some streets away: engine rumble below 150 Hz and tyre hiss around 900 Hz, swelling."""
    return _shaped_noise(
        rng, length, lambda f: 1.0 / (1.0 + (f / 90.0) ** 1.6) + 0.10 / (1.0 + ((f - 850.0) / 600.0) ** 2)
    ) * (1.0 + 0.15 * _slow_noise(rng, length, 0.4))


def wind(rng: np.random.Generator, length: int) -> Samples:
    """Model wind: turbulence at the microphone, a steep low spectrum, in gusts of a few seconds."""
    noise = _shaped_noise(
        rng, length, lambda f: 1.0 / (1.0 + (f / 60.0) ** 2) + 0.02 / (1.0 + (f / 700.0) ** 2)
    )
    return noise * np.exp(0.5 * _slow_noise(rng, length, 0.5))


def babble(rng: np.random.Generator, length: int) -> Samples:
    """Model people talking at a distance: voices with wandering pitch and four syllables a second, no words.

    Each voice is a pulse train at 100 to 220 Hz through formants that move little; made at 8 kHz, as distance
    and air take the rest.
    """
    rate = 8000
    n = length * rate // SAMPLE_RATE
    total = np.zeros(n, np.float32)
    for _ in range(4):
        pitch_hz = rng.uniform(100.0, 220.0) * (1.0 + 0.12 * _slow_noise(rng, n, 3.0, rate))
        pulses = np.exp(6.0 * (np.cos(_phase(pitch_hz, rate)) - 1.0))
        syllables = np.clip(_slow_noise(rng, n, 4.0, rate), 0.0, None) * np.clip(
            0.4 + _slow_noise(rng, n, 0.5, rate), 0.0, 1.0
        )
        vowel = rng.uniform((350.0, 900.0), (800.0, 1900.0))
        formants = [(float(vowel[0]), 90.0, 1.0), (float(vowel[1]), 140.0, 0.6), (2600.0, 250.0, 0.25)]
        total += _resonate(((pulses - pulses.mean()) * syllables).astype(np.float32), formants, rate)
    return np.asarray(soxr.resample(total, rate, SAMPLE_RATE), np.float32)


def car_pass(rng: np.random.Generator) -> Samples:
    """Model a car driving past at 10 m and 12 m/s: tyre noise and a four-cylinder engine, swelling and fading."""
    t = _times(7.0)
    distance_m = np.hypot(12.0 * (t - 3.5), 10.0)
    doppler = 1.0 - 12.0 * 12.0 * (t - 3.5) / distance_m / _SPEED_OF_SOUND_M_S
    tyres = _shaped_noise(rng, len(t), lambda f: f / 400.0 / (1.0 + (f / 900.0) ** 2.6))
    phase = _phase(62.0 * doppler)
    engine = sum((np.sin(k * phase + k * k) / k for k in range(1, 9)), np.zeros(len(t)))
    near = (10.0 / distance_m) ** 1.5
    return ((tyres + 0.5 * engine) * near * _fades(len(t), 0.8, 0.8)).astype(np.float32)


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
    return np.minimum(1.0, np.minimum(index / rise_s, (end_s - index) / fall_s)).astype(np.float32)


def _add(sound: Samples, part: Samples, start_s: float) -> None:
    start = _len(start_s)
    stop = min(len(sound), start + len(part))
    sound[start:stop] += part[: stop - start]


def _slow_noise(rng: np.random.Generator, length: int, cutoff_hz: float, rate: int = SAMPLE_RATE) -> Samples:
    """Return a random line of about unit variance that changes `cutoff_hz` times a second."""
    count = int(length / rate * cutoff_hz) + 2
    knots = rng.standard_normal(count, np.float32)
    return np.interp(np.arange(length) * (cutoff_hz / rate), np.arange(count), knots).astype(np.float32)


def _shaped_noise(rng: np.random.Generator, length: int, amplitude: Callable[[Samples], Samples]) -> Samples:
    """Return Gaussian noise with the given amplitude over frequency, RMS 1."""
    spectrum = np.fft.rfft(rng.standard_normal(length, np.float32))
    spectrum *= amplitude(np.fft.rfftfreq(length, 1.0 / SAMPLE_RATE).astype(np.float32))
    noise = np.fft.irfft(spectrum, length)
    return (noise / np.sqrt(np.mean(noise**2))).astype(np.float32)


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


def _in_room(dry: Samples, rng: np.random.Generator, rt60_s: float, wet: float) -> Samples:
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
    return np.exp(-((octaves / 1.3) ** 2)).astype(np.float32)


def _fft_len(length: int) -> int:
    """Return a length of at least `length` that the transform is fast for: 2^k or 3 * 2^k."""
    power = 1 << (length - 1).bit_length()
    return power * 3 // 4 if power * 3 // 4 >= length else power
