"""Scenes of one labelled sound each: a training clip or a signal made by code, with little else in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from tools.train.student import signals
from tools.train.student.examples import label_odds
from tools.train.student.scenes import Scenes, even
from tools.train.student.sources import Sound, is_labelled

SIGNALS = 0.12
"""How many scenes are a signal made by code."""
MIXED, RATIO_DB = 0.25, (6.0, 25.0)
"""How many have another one in them, and how far below."""


class LabelledScenes(Scenes):
    """Draws labelled clips and signals; classes with few clips, and recordings of many, as in `Examples`."""

    def __init__(self, sound: Sound, seed: int) -> None:
        super().__init__(sound, seed, label_odds(sound))
        shares = np.array([one.share for one in signals.SIGNALS])
        self._signal_odds = shares / shares.sum()
        self.classes = classes_of(sound)

    def draw_labelled(self, n: int, length: int) -> tuple[Tensor, NDArray[np.int16]]:
        """Draw scenes, float32 (n, length) at RATE, full scale +-1.0, and their places in `classes`, (n,)."""
        drawn = [self._labelled(length) for _ in range(n)]
        sounds = self._shape(np.stack([sound for sound, _ in drawn]))
        labels = np.array([self.classes.index(name) for _, name in drawn], np.int16)
        return self._levelled(sounds + self._others(sounds, 1, RATIO_DB, MIXED)), labels

    def _labelled(self, length: int) -> tuple[NDArray[np.float32], str]:
        """Draw one sound of RMS 1, and its class."""
        rng = self._rng
        if rng.random() < SIGNALS:
            signal = signals.SIGNALS[int(rng.choice(len(self._signal_odds), p=self._signal_odds))]
            return even(signal.make(rng, length)), str(rng.choice(signal.names))
        at = self._which()
        return even(self._cut(at, length)), self._sound.clips[at].canonical


def classes_of(sound: Sound) -> list[str]:
    """List the classes of the clips and of the signals."""
    names = {clip.canonical for clip in sound.clips if is_labelled(clip)}
    return sorted(names.union(*(one.names for one in signals.SIGNALS)))
