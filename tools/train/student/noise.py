"""What a student hears of a scene in noise: the scene, in a room for some, and a background.

The teacher hears the scene alone. So the student learns to answer as if the background were not there; a part
of the scenes stays as it is, so that it still answers on those.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tools.train.student.made import beaten_noise, noise
from tools.train.student.scenes import even, room
from tools.train.student.sources import Sound

CLEAN_SHARE = 0.5
"""Of the scenes, heard by the student as by the teacher; at .3, clean ones were answered worse."""
SNR_DB = (0.0, 20.0)
"""Scene to background, mean powers of the window."""
MADE, ECHOED, ALONE = 0.15, 0.25, 0.2
"""Of those in noise: backgrounds made by code, scenes in a room, and how many of these have no background."""


class Noise:
    """Puts scenes into backgrounds of the learning clips; the same seed draws the same ones."""

    def __init__(self, sound: Sound, seed: int, snr_db: tuple[float, float] = SNR_DB) -> None:
        self._sound, self._rng, self._snr_db = sound, np.random.default_rng(seed), snr_db
        self._backgrounds = np.flatnonzero([clip.kind == "background" for clip in sound.clips])
        groups = [sound.clips[at].group for at in self._backgrounds]
        odds = np.array([groups.count(group) for group in groups]) ** -0.5
        self._odds = odds / odds.sum() if len(odds) else odds

    def add(self, scenes: Tensor, clean: int) -> Tensor:
        """Return what is heard of scenes (n, length), full scale +-1.0; `clean` of them stay as they are."""
        heard = scenes.numpy().copy()
        for at in range(clean, len(heard)):
            noisy = self._noisy(heard[at])
            heard[at] = noisy / max(1.0, float(np.abs(noisy).max()))
        return torch.from_numpy(heard)

    def _noisy(self, scene: NDArray[np.float32]) -> NDArray[np.float32]:
        rng, power = self._rng, float(np.mean(np.square(scene))) + 1e-10
        echoed = rng.random() < ECHOED
        if echoed:
            scene = echo(scene, room(rng, len(scene)), power)
            if rng.random() < ALONE:
                return scene
        gain = np.sqrt(power) * 10 ** (-rng.uniform(*self._snr_db) / 20)
        return scene + np.float32(gain) * self._background(len(scene))

    def _background(self, length: int) -> NDArray[np.float32]:
        """Draw a background of RMS 1; a short clip goes round."""
        rng = self._rng
        if not len(self._backgrounds) or rng.random() < MADE:
            part = (noise if rng.random() < 0.6 else beaten_noise)(rng, length)
        else:
            samples = self._sound.clip(int(rng.choice(self._backgrounds, p=self._odds)))
            start = int(rng.integers(max(1, len(samples) - length)))
            part = np.resize(samples[start : start + length], length).astype(np.float64)
        return even(part)


def echo(scene: NDArray[np.float32], response: NDArray[np.float32], power: float) -> NDArray[np.float32]:
    """Put a scene into a room, at the power it had; the first sound stays in its place."""
    size = 2 * len(scene)
    spectra = (torch.fft.rfft(torch.from_numpy(one), size) for one in (scene, response))
    wet = torch.fft.irfft(next(spectra) * next(spectra), size).numpy()[: len(scene)]
    return np.asarray(wet * np.sqrt(power / (np.mean(np.square(wet)) + 1e-10)), np.float32)
