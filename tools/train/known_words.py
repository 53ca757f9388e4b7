"""Spreads the table of sounds: a phrase that is not in it learns from the entries nearest in meaning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

PULL = 1.0
"""Weight of the sound that a phrase means, beside the text teacher's own point of the phrase."""
NEAREST = 8
"""Entries that have a say."""
SHARPNESS = 40.0
"""Of the softmax over their cosines."""
FAR, NEAR = 0.5, 0.7
"""Cosines of the nearest entry where a phrase begins to learn from the table, and does so in full."""
CHUNK = 2048


def unit(points: Floats) -> Floats:
    """Scale rows to unit norm."""
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True), np.float32)


@dataclass(frozen=True)
class Memory:
    """What is known: phrases, and what they are drawn to."""

    points: Floats
    """(n, d) the text teacher's points of the phrases, unit norm."""
    pulls: Floats
    """(n, d) the points of the sounds they mean; those of a plain name are its own."""

    def pull(self, asked: Floats) -> Floats:
        """Tell what unit-norm points (m, d) are drawn to; zero where nothing known is near."""
        return np.concatenate([self._pull(asked[at : at + CHUNK]) for at in range(0, len(asked), CHUNK)])

    def _pull(self, asked: Floats) -> Floats:
        cosines = asked @ self.points.T
        gate = np.clip((cosines.max(axis=1) - FAR) / (NEAR - FAR), 0, 1)
        known = np.flatnonzero(gate)
        found = np.zeros_like(asked)
        if len(known):
            count = min(NEAREST, len(self.points))
            nearest = np.argpartition(-cosines[known], count - 1, axis=1)[:, :count]
            cosine = np.take_along_axis(cosines[known], nearest, axis=1)
            weight = np.exp(SHARPNESS * (cosine - cosine.max(axis=1, keepdims=True)))
            weight *= (gate[known] / weight.sum(axis=1))[:, None]
            found[known] = np.einsum("nk,nkd->nd", weight, self.pulls[nearest])
        return found
