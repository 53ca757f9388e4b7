"""Level, noise floor and activity of the stream, ten times a second, and whether there is sound at all. Pure.

Whether there is sound is decided here and in `channels.py`, by one law: what varies must lie above
`NO_SOUND_DBFS`. A tick without sound never enters the floor, a window without it is not analysed, scores
nothing and teaches nothing, and two seconds without it are a fault. Zeros, a constant, the last bit of a
converter and the noise of a muted input are all the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.config.settings import LevelConfig
from monitor.records import Activity, LevelReading, Span
from monitor.stream.floor import Floor
from monitor.stream.noise import NoiseWatch
from monitor.units import SILENCE_DBFS, dbfs_to_power, power_to_dbfs, seconds_to_len, snr_db

_KEPT_TICKS = 600
_CLIPPING_S = 2.0
"""Seconds over which clipping is counted."""
_OVERLOADED_FROM, _OVERLOADED_TO = 0.25, 0.05
"""Share of clipped ticks from which on it is too much, and down to which it is over."""
_SILENT_SLACK_DB = 1.0
"""Noise that is just as loud as no sound may be does not begin and end."""
_HUM_HZ, _HUM_SHARE = 200.0, 0.5
"""Less than this share of the power above that frequency is hum."""
DEAD_DBFS = -85.0
"""Up to here a sound that does not vary is that of an input: the quietest recordings that were looked at, of
the development folds 1-3, lie at -74 dBFS in the median."""
_FAINT_S, _DEAD_VARIES_DB = 3.0, 2.0
"""Noise that nothing makes but an amplifier stays within 1.2 dB from tenth to tenth of a second."""
_LEAST_POWER = dbfs_to_power(SILENCE_DBFS)


class LevelMeter:
    """Measures ticks of `config.tick_s` seconds on a grid that restarts after a discontinuity."""

    def __init__(self, sample_rate: int, config: LevelConfig) -> None:
        self._config = config
        self._tick_len = seconds_to_len(config.tick_s, sample_rate)
        self._bands = mel_bands(sample_rate, self._tick_len, config.bands).astype(np.float32)
        taper = np.hanning(self._tick_len)
        self._taper = (taper * np.sqrt(2.0) / np.sum(taper)).astype(np.float32)
        self._floor = Floor(config, config.silent_dbfs)
        self._ticks: deque[LevelReading] = deque(maxlen=_KEPT_TICKS)
        self._rest = np.zeros(0, np.float32)
        self._silent_ticks = 0
        self._sounded = False
        self._soundless = False
        self._clipped: deque[tuple[int, int]] = deque()
        self._clipped_to = 0
        self._recent: deque[bool] = deque(maxlen=max(1, round(_CLIPPING_S / config.tick_s)))
        self._overloaded = False
        self._latest: deque[float] = deque(maxlen=max(2, round(_FAINT_S / config.tick_s)))
        centres = self._bands.argmax(axis=1) * sample_rate / self._tick_len
        self._low_bands = int(np.count_nonzero(centres < _HUM_HZ))
        self._noise = NoiseWatch(config, self._low_bands + 1)
        self._hums = False

    @property
    def held(self) -> bool:
        """While True the floor stays where it is: what sounds now is an event and no background."""
        return self._floor.held

    @held.setter
    def held(self, held: bool) -> None:
        self._floor.held = held

    @property
    def silent(self) -> bool:
        """True once the stream has been without sound for `silent_after_s`, or to its end, or is `dead`."""
        lasts = self._silent_ticks * self._config.tick_s >= self._config.silent_after_s
        return lasts or self._soundless or self.dead

    @property
    def dead(self) -> bool:
        """True while all there is is the noise of an input: faint, and as loud at every moment as before."""
        latest = self._latest
        faint = len(latest) == latest.maxlen and max(latest) <= DEAD_DBFS
        return faint and max(latest) - min(latest) < _DEAD_VARIES_DB

    @property
    def overloaded(self) -> bool:
        """True while much of the stream is at full scale."""
        return self._overloaded

    @property
    def noisy(self) -> bool:
        """True while the noise is so loud that sounds seldom stand out from it."""
        return self._noise.noisy

    @property
    def noise_dbfs(self) -> float:
        """How loud the noise of the last seconds is, dB re full scale."""
        return self._noise.dbfs

    @property
    def risen_db(self) -> float:
        """By how much the noise of the last seconds exceeds the quietest background that is remembered."""
        return self._noise.risen_db

    @property
    def hums(self) -> bool:
        """Whether most of the last tick lies lower than most of any sound that is listened for."""
        return self._hums

    @property
    def floor_dbfs(self) -> float:
        """The noise floor, dB re full scale."""
        return self._floor.dbfs

    @property
    def due_len(self) -> int:
        """Samples that the tick that has begun lacks."""
        return self._tick_len - len(self._rest)

    def push(self, span: Span) -> list[LevelReading]:
        """Return the ticks that `span` completes, oldest first."""
        for start, stop in span.clipped:
            if stop > self._clipped_to:
                self._clipped.append((start, stop))
                self._clipped_to = stop
        rest = self._rest[:0] if span.discontinuous else self._rest
        pending = np.concatenate((rest, span.samples))
        count = len(pending) // self._tick_len
        whole, self._rest = np.split(pending, [count * self._tick_len])
        if not count:
            return []
        first = span.start + len(span.samples) - len(self._rest) - (count - 1) * self._tick_len
        stops = range(first, first + count * self._tick_len, self._tick_len)
        measured = self._measure(whole.reshape(count, -1), stops)
        self._ticks.extend(measured)
        return measured

    def finish(self) -> None:
        """Note that no more comes: what never held sound is silent, however short it was."""
        sounds = self._sounded or self._rest_sounds()
        self._soundless = not sounds and bool(self._ticks or len(self._rest))

    def over(self, start: int, stop: int) -> LevelReading:
        """Return the level of [start, stop): its loudest tick, against the floor at its end.

        Its activity is that of its mean level: one click is not a busy window. Only ticks that end inside
        count; with none, the stream is reported as silent.
        """
        ticks = self._within(start, stop)
        if not ticks:
            return LevelReading(stop, SILENCE_DBFS, SILENCE_DBFS, SILENCE_DBFS, -20.0, "silent", [])
        last = ticks[0]
        level = power_to_dbfs(sum(dbfs_to_power(tick.level_dbfs) for tick in ticks) / len(ticks))
        loudest = max(tick.level_dbfs for tick in ticks)
        peak = max(tick.peak_dbfs for tick in ticks)
        activity = self._activity(level, last.floor_dbfs)
        snr = snr_db(loudest, last.floor_dbfs)
        return LevelReading(stop, loudest, peak, last.floor_dbfs, snr, activity, last.bands_dbfs)

    def sound_share(self, start: int, stop: int) -> float:
        """Return the share of the ticks of [start, stop) that hold sound.

        Of a window that ends now, the begun tick counts as one.
        """
        sounds = [tick.activity != "silent" for tick in self._within(start, stop)]
        if len(self._rest):
            sounds.append(self._rest_sounds())
        return sum(sounds) / len(sounds) if sounds else 0.0

    def _rest_sounds(self) -> bool:
        return bool(len(self._rest)) and _power(self._rest) > dbfs_to_power(self._config.silent_dbfs)

    def _within(self, start: int, stop: int) -> list[LevelReading]:
        """Return the ticks that end in (start, stop], newest first."""
        found = []
        for tick in reversed(self._ticks):
            if tick.stop <= start:
                break
            if tick.stop <= stop:
                found.append(tick)
        return found

    def _measure(self, ticks: NDArray[np.float32], stops: Sequence[int]) -> list[LevelReading]:
        """Return the readings of ticks, float32 (n, tick_len), that end at `stops`.

        Each is measured by itself, so its bits do not depend on how many come together.
        """
        varying = ticks - ticks.mean(axis=1, keepdims=True)
        powers = (varying[:, np.newaxis] @ varying[:, :, np.newaxis]).reshape(-1) / ticks.shape[1]
        peaks = np.abs(varying).max(axis=1).tolist()
        spectra = np.fft.rfft(varying * self._taper, axis=1)
        bands = (self._bands @ (spectra.real**2 + spectra.imag**2)[:, :, np.newaxis])[:, :, 0]
        shown = np.round(10.0 * np.log10(np.maximum(bands, _LEAST_POWER)), 1).tolist()
        measured, floors = [], []
        for stop, power, peak, band_levels in zip(stops, powers.tolist(), peaks, shown, strict=True):
            level = power_to_dbfs(power)
            floor = self._floor_with(level)
            floors.append(floor if self._floor.known else None)
            self._judge(stop, level > self._config.silent_dbfs)
            activity, snr = self._activity(level, floor), snr_db(level, floor)
            reading = LevelReading(
                stop, level, power_to_dbfs(peak**2), floor, snr, activity, band_levels, self._floor.known
            )
            measured.append(reading)
        self._hear_noise(measured, bands, floors)
        return measured

    def _floor_with(self, level: float) -> float:
        """Take in the level of one tick; return the floor with it."""
        sound = level > self._config.silent_dbfs
        if level > self._config.silent_dbfs + (_SILENT_SLACK_DB if self.silent else 0.0):
            self._silent_ticks = 0
        else:
            self._silent_ticks += 1
        if sound:
            self._sounded = True
            self._floor.hear(level)
        else:
            self._floor.hear_nothing()
        self._latest.append(level)
        return self._floor.dbfs

    def _hear_noise(
        self, ticks: Sequence[LevelReading], bands: NDArray[np.floating], floors: Sequence[float | None]
    ) -> None:
        """Notice how loud the noise is, and whether most of it is hum."""
        powers = np.array([dbfs_to_power(tick.level_dbfs) for tick in ticks])
        below = np.maximum(0.0, powers - bands.sum(axis=1))  # the lowest band
        self._noise.hear(
            np.concatenate((below[:, np.newaxis], bands), axis=1),
            [tick.activity != "silent" for tick in ticks],
            floors,
        )
        self._hums = float(bands[-1, self._low_bands :].sum()) < _HUM_SHARE * float(powers[-1])

    def _judge(self, stop: int, sound: bool) -> None:
        """Notice when it begins and ends to be clipped; what is no sound says nothing about it."""
        clipped = any(begin < stop and end > stop - self._tick_len for begin, end in self._clipped)
        if sound:
            self._recent.append(clipped)
        while self._clipped and self._clipped[0][1] <= stop:
            self._clipped.popleft()
        share = sum(self._recent) / (self._recent.maxlen or 1)
        self._overloaded = share > _OVERLOADED_TO if self._overloaded else share >= _OVERLOADED_FROM

    def _activity(self, level: float, floor: float) -> Activity:
        if level <= self._config.silent_dbfs:
            return "silent"
        over = level - floor
        if over <= self._config.low_db:
            return "low"
        return "high" if over >= self._config.high_db else "normal"


def _power(samples: NDArray[np.float32]) -> float:
    """Return the mean square of what varies in float32 (n,)."""
    varying = samples - samples.mean()
    return float(np.dot(varying, varying)) / len(samples)


def mel_bands(sample_rate: int, fft_len: int, count: int) -> NDArray[np.float64]:
    """Return triangular bands, equally spaced on the mel scale from 50 Hz to Nyquist.

    The scale is ``mel = 2595 log10(1 + f / 700)`` (O'Shaughnessy 1987). Triangles overlap by half, so the
    bands of a spectrum add up to its power.

    Returns
    -------
    NDArray
        float64 (count, fft_len // 2 + 1), weights in [0, 1].
    """
    top = 2595.0 * np.log10(1.0 + sample_rate / 2.0 / 700.0)
    bottom = 2595.0 * np.log10(1.0 + 50.0 / 700.0)
    edges = 700.0 * (10.0 ** (np.linspace(bottom, top, count + 2) / 2595.0) - 1.0)
    frequencies = np.fft.rfftfreq(fft_len, 1.0 / sample_rate)
    rising = (frequencies - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - frequencies) / (edges[2:] - edges[1:-1])[:, None]
    return np.asarray(np.clip(np.minimum(rising, falling), 0.0, 1.0))
