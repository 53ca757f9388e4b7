"""What each channel is worth, and the one that is made of them, before anything else hears them. Pure.

Of every step of some 20 ms and every channel: samples that are no numbers become 0, the offset (and hum, if
the high-pass is set above it) is taken off, and what varies is measured. A channel whose variation is below
`NO_SOUND_DBFS` for two seconds, or that delivers no numbers, is not heard. `mix` is the mean of the others,
unless they cancel one another, as where one of two wires is crossed: then it is the loudest of them alone. A
sound that is in only one channel is so in the mix, and one that is opposite in two is not lost.

Laws: the output depends on the samples alone, not on how they were cut; it is as long as the input once
flushed; weights change within a step, without a click.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from monitor.config.settings import CaptureConfig
from monitor.errors import SourceError
from monitor.stream.highpass import HighPass
from monitor.units import dbfs_to_power

LIMIT = 100.0
"""Largest magnitude taken for sound, 40 dB over full scale; more is a wrong format or a broken file."""
NO_SOUND_DBFS = -90.0
"""At this level and below there is no sound, only what a converter makes by itself.

One step of 16 bit has a mean square of -90.3 dBFS; what stays below it is the last bit that toggles, dither
(-96) or the noise of a muted input. The quietest recordings of the development folds 1-3 lie at -74 dBFS in
the median of their tenths of a second; what they hold below -90 was faded out or cut by an editor.
"""
CLIPPED_FROM = 0.98
"""Magnitudes from here on count as full scale: that of 8 bit is .992, that of mu-law .980."""
CLIPPED_SHARE = 0.01
"""Share of a channel's samples at full scale from which on a step is clipped; a peak or two is not.

Noise that just fits, at -10 dBFS, is there with .2 % of its samples, a sine cut at nine tenths with 29 %."""
_CLIPPED_SAMPLES = 3
"""And at least so many."""
_TOGGLE_RANGE = 2.0 / 128.0
"""Sound of at most three values within two steps of 8 bit is none: the last bit of a converter toggles."""
_STEP_S = 0.02
_AT_ONCE = 50_000
"""Samples of all channels together that are worked on at once, so that many channels need little memory."""
_STEP_UNIT = 64
"""Samples of which a step is a multiple, and a row of the filter a part."""
_QUIET_AFTER_S = 2.0
_SMOOTHING_S = 0.5
_CANCELS_BELOW, _ADDS_ABOVE = 0.8, 1.0
"""Power of the mean over that of independent channels: 0 for opposite ones, 1 if they are independent."""
_LOUDER_BY = 2.0
"""Power ratio by which another channel must exceed the chosen one to be chosen instead, 3 dB."""
_NO_SOUND = dbfs_to_power(NO_SOUND_DBFS)

Stretch = tuple[int, int]
"""Half-open interval of sample indices."""


class Downmix:
    """Makes one channel of several, for a source that was opened once or again.

    Parameters
    ----------
    name
        What a person calls the source.
    sample_rate
        Hz of the source.
    channels
        Their number.

    Raises
    ------
    SourceError
        The configuration chooses a channel that the source does not have.
    """

    def __init__(self, name: str, sample_rate: int, channels: int, config: CaptureConfig) -> None:
        self.channels = channels
        self._sample_rate = sample_rate
        self._cutoff_hz = config.highpass_hz
        self._step_len = _STEP_UNIT * max(1, round(_STEP_S * sample_rate / _STEP_UNIT))
        self._choice = config.channel
        self._only = chosen(config.channel, channels, name)
        step_s = self._step_len / sample_rate
        self._hold = math.ceil(_QUIET_AFTER_S / step_s)
        self._share = 1.0 - math.exp(-step_s / _SMOOTHING_S)
        self._quiet = [0] * channels
        self._broken = [0] * channels
        self._alive = [False] * channels
        self._weights = [1.0 / channels] * channels
        self._powers: list[float] | None = None
        self._mix_power = 0.0
        self._cancels = False
        self._loudest = 0
        self._clipped: list[Stretch] = []
        self._begin()

    def _begin(self) -> None:
        self._filter = HighPass(self._cutoff_hz, self._sample_rate, self.channels, self._step_len)
        self._rest = np.zeros((0, self.channels), np.float32)
        self._position = 0

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take float32 (n, channels), anything possible; return what is ready of the one, float32 (m,)."""
        pending = np.concatenate((self._rest, samples)) if len(self._rest) else samples
        whole = len(pending) - len(pending) % self._step_len
        self._rest = pending[whole:]
        most = self._step_len * max(1, _AT_ONCE // (self._step_len * self.channels))
        bounds = [*range(0, whole, most), whole]
        parts = [self._mix(pending[start:stop], stop - start) for start, stop in pairwise(bounds)]
        return parts[0] if len(parts) == 1 else np.concatenate([np.zeros(0, np.float32), *parts])

    def flush(self) -> NDArray[np.float32]:
        """Return what is still held back, float32 (m,), and be ready for sound that does not follow on it."""
        length = len(self._rest)
        rest = np.zeros(0, np.float32)
        if length:
            filled = np.concatenate((self._rest, np.repeat(self._rest[-1:], self._step_len - length, axis=0)))
            rest = self._mix(filled, length)
        self._begin()
        return rest

    def take_clipped(self) -> list[Stretch]:
        """Return the stretches since the last call that were clipped, counted from where this one began."""
        clipped, self._clipped = self._clipped, []
        return clipped

    @property
    def waiting_len(self) -> int:
        """Samples that went in and have not come out yet."""
        return len(self._rest)

    @property
    def note(self) -> str | None:
        """What there is to tell about the channels, a clause; None where each is what it seems."""
        if self.channels == 1:
            return None
        broken = np.array(self._broken) > 0
        dead = ~broken & (np.array(self._quiet) >= self._hold) & any(self._alive)
        parts = [
            _said(broken, "delivers", "deliver", "what is no sound"),
            _said(dead, "carries", "carry", "no sound"),
        ]
        if self._choice == "mix" and self._cancels:
            parts.append(f"the channels cancel one another, and channel {self._loudest + 1} is heard alone")
        elif self._only is not None and not (broken | dead)[self._only]:
            return None
        return "; ".join(part for part in parts if part) or None

    def _mix(self, samples: NDArray[np.float32], length: int) -> NDArray[np.float32]:
        """Return the first `length` samples of the one channel, of whole steps of all."""
        steps = samples.reshape(-1, self._step_len, self.channels).transpose(0, 2, 1)
        sound = np.ascontiguousarray(steps)
        low, high = sound.min(axis=2), sound.max(axis=2)
        peaks = np.maximum(high, -low)
        valid = peaks <= LIMIT
        if not valid.all():
            with np.errstate(invalid="ignore"):  # a signalling NaN
                sound = np.where(np.abs(sound) <= LIMIT, sound, np.float32(0.0))
            low, high = sound.min(axis=2), sound.max(axis=2)
        heard = self._filter.push(sound)
        for step, channel in np.argwhere(high - low <= _TOGGLE_RANGE):
            if _toggles(sound[step, channel]):
                heard[step, channel] = 0.0
        powers = np.einsum("sij,sij->si", heard, heard) / self._step_len
        clipped = (peaks >= CLIPPED_FROM) & (powers > _NO_SOUND)
        mixed = heard[:, 0]
        if self.channels > 1:
            weights = self._weigh(heard, powers, valid)
            clipped &= weights[1:] > 0.0  # of what is clipped, what is heard
            mixed = _weighted(heard, weights)
        if clipped.any():
            self._note_clipped(sound, clipped, length)
        self._position += length
        return np.asarray(mixed.reshape(-1)[:length], np.float32)

    def _weigh(
        self, heard: NDArray[np.float64], powers: NDArray[np.float64], valid: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Return the weights of the channels before the first step, and of each: (steps + 1, channels)."""
        weights = [self._weights]
        products = heard @ heard.swapaxes(1, 2) / self._step_len
        for step in zip(powers.tolist(), products, valid.tolist(), strict=True):
            self._weights = self._judge(*step)
            weights.append(self._weights)
        return np.array(weights)

    def _judge(self, powers: list[float], products: NDArray[np.float64], valid: list[bool]) -> list[float]:
        """Return the share of each channel in what is heard of this step.

        `products` are the mean products of any two channels, (channels, channels).
        """
        sounding = [is_valid and power > _NO_SOUND for is_valid, power in zip(valid, powers, strict=True)]
        self._quiet = [0 if sounds else for_ + 1 for sounds, for_ in zip(sounding, self._quiet, strict=True)]
        self._broken = [
            max(for_ - 1, 0) if is_valid else self._hold
            for is_valid, for_ in zip(valid, self._broken, strict=True)
        ]
        self._alive = [
            sounds or (alive and is_valid and quiet < self._hold)
            for sounds, alive, is_valid, quiet in zip(sounding, self._alive, valid, self._quiet, strict=True)
        ]
        if self._only is not None:
            return self._one(self._only)
        if not any(self._alive):
            return self._weights
        self._measure(powers, products)
        if self._choice == "loudest" or self._cancels:
            return self._one(self._loudest)
        count = sum(self._alive)
        return [alive / count for alive in self._alive]

    def _one(self, channel: int) -> list[float]:
        return [float(index == channel) for index in range(self.channels)]

    def _measure(self, powers: list[float], products: NDArray[np.float64]) -> None:
        """Notice which channel is the loudest over half a second, and whether they cancel one another."""
        alive, count = np.array(self._alive, np.float64), sum(self._alive)
        mix_power = float(alive @ products @ alive) / count**2
        if self._powers is None:
            self._powers, self._mix_power = powers, mix_power
        self._powers = [
            before + self._share * (power - before)
            for before, power in zip(self._powers, powers, strict=True)
        ]
        self._mix_power += self._share * (mix_power - self._mix_power)
        candidates = [power if on else 0.0 for power, on in zip(self._powers, self._alive, strict=True)]
        best = max(candidates)
        if not self._alive[self._loudest] or best > _LOUDER_BY * candidates[self._loudest]:
            self._loudest = candidates.index(best)
        independent = sum(candidates) / count**2
        limit = _ADDS_ABOVE if self._cancels else _CANCELS_BELOW
        self._cancels = count > 1 and self._mix_power < limit * independent

    def _note_clipped(self, sound: NDArray[np.float32], loud: NDArray[np.bool_], length: int) -> None:
        """Note the steps in which a channel that is `loud` is at full scale for more than a peak."""
        for step in np.flatnonzero(loud.any(axis=1)):
            start = int(step) * self._step_len
            heard_len = min(self._step_len, length - start)
            at_full_scale = np.count_nonzero(
                np.abs(sound[step, loud[step], :heard_len]) >= CLIPPED_FROM, axis=1
            )
            if at_full_scale.max() >= max(_CLIPPED_SAMPLES, CLIPPED_SHARE * heard_len):
                begin = self._position + start
                self._clipped.append((begin, begin + heard_len))


def _weighted(heard: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of the channels of float64 (steps, channels, n); weights go over within a step.

    `weights`, (steps + 1, channels), begin with those before the first step.
    """
    mixed = (weights[1:, np.newaxis] @ heard)[:, 0]
    ramp = np.arange(1, heard.shape[2] + 1) / heard.shape[2]
    for step in np.flatnonzero((weights[1:] != weights[:-1]).any(axis=1)):
        mixed[step] = (weights[step] @ heard[step]) * (1.0 - ramp) + mixed[step] * ramp
    return mixed


def chosen(choice: str | int, channels: int, name: str) -> int | None:
    """Return the index of the channel that `choice` names; None where the sound decides.

    Raises
    ------
    SourceError
        There is no such channel.
    """
    if choice in {"mix", "loudest"}:
        return None
    number = {"left": 1, "right": 2}.get(str(choice), 0) or int(choice)
    if number > channels:
        raise SourceError(
            f"{name} has {channels} channel{'s' if channels > 1 else ''} and no channel {choice!r}; valid: "
            f"mix, loudest, {', '.join(['left', 'right'][:channels])}, 1 to {channels}."
        )
    return number - 1


def invalid_rows(samples: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return the indices of float32 (n, channels) at which a channel is no number or beyond `LIMIT`."""
    if np.abs(samples).max(initial=0.0) <= LIMIT:
        return np.zeros(0, np.intp)
    with np.errstate(invalid="ignore"):  # a signalling NaN
        return np.flatnonzero(~(np.abs(samples) <= LIMIT).all(axis=1))


def _toggles(sound: NDArray[np.float32]) -> bool:
    """Tell whether float32 (n,) holds but a few neighbouring values of a converter."""
    between = sound[(sound != sound.min()) & (sound != sound.max())]
    return not len(between) or bool(between.min() == between.max())


def _said(which: NDArray[np.bool_], one: str, several: str, what: str) -> str:
    numbers = [str(index + 1) for index in np.flatnonzero(which)]
    if not numbers:
        return ""
    return (
        f"channel {numbers[0]} {one} {what}"
        if len(numbers) == 1
        else f"channels {', '.join(numbers)} {several} {what}"
    )
