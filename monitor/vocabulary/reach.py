"""Whether a phrase lies among the names of sounds or among other words, in the space of one model. Pure.

A kernel ridge regression of +1 for names of sounds and -1 for other words (Saunders et al. 1998): it is
fitted for each model on that model's own embeddings of the same lists, so that nothing in it belongs to one
model. Width and threshold come from the embeddings themselves; the threshold is where, each listed word
judged by all the others, as large a share of the names of sounds is missed as of the other words is taken for
a sound. `error` is that share: a model whose words side knows no sounds from other words shows there.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SHARPNESS = 3.0
"""Of the kernel exp(-SHARPNESS (1 - cosine) / m), m the median of 1 - cosine over all pairs."""
RIDGE = 0.3
"""Added to the kernel's diagonal; 0.1 to 1, and 2 to 4 above, do alike on the first half of the trials."""


class Reach(msgspec.Struct, frozen=True):
    """What was learnt from the lists."""

    anchors: Floats
    """float64 (n, d), unit norm: the embeddings of all listed words."""
    weights: Floats
    """float64 (n,)."""
    sharpness: float
    """Of the kernel, in 1 / (1 - cosine)."""
    threshold: float
    """From this value up a phrase lies among the names of sounds."""
    error: float
    """Share of the listed words on the wrong side, each judged by the others, in [0, 1]; 0.5: by chance."""

    def values(self, vectors: NDArray[np.float32]) -> Floats:
        """Return how far each of float32 (k, d), unit norm, lies among the names of sounds: about -1 to 1."""
        return np.asarray(_kernel(vectors @ self.anchors.T, self.sharpness) @ self.weights, np.float64)


def learn_reach(sounds: NDArray[np.float32], others: NDArray[np.float32]) -> Reach:
    """Fit the regression to the embeddings of names of sounds, float32 (n, d), and of other words, (m, d)."""
    anchors = np.concatenate([sounds, others]).astype(np.float64)
    wanted = np.repeat([1.0, -1.0], [len(sounds), len(others)])
    cosines = anchors @ anchors.T
    apart = np.median(1.0 - cosines[np.triu_indices(len(anchors), 1)])
    sharpness = SHARPNESS / max(float(apart), 1e-6)
    inverse = np.linalg.inv(_kernel(cosines, sharpness) + RIDGE * np.eye(len(anchors)))
    weights = inverse @ wanted
    left_out = wanted - weights / np.diag(inverse)  # Hastie et al. 2009, eq. 7.64: each judged by the others
    threshold, error = _equal_error(left_out[: len(sounds)], left_out[len(sounds) :])
    return Reach(anchors, weights, sharpness, threshold, error)


def _kernel(cosines: Floats, sharpness: float) -> Floats:
    return np.asarray(np.exp(sharpness * (cosines - 1.0)), np.float64)


def _equal_error(sounds: Floats, others: Floats) -> tuple[float, float]:
    """Return the threshold at which both kinds of error are alike, and the mean of the two there."""
    candidates = np.unique(np.concatenate([sounds, others]))
    missed = np.searchsorted(np.sort(sounds), candidates, side="left") / len(sounds)
    taken = 1.0 - np.searchsorted(np.sort(others), candidates, side="left") / len(others)
    best = int(np.argmin(np.abs(missed - taken)))
    return float(candidates[best]), float(missed[best] + taken[best]) / 2.0


def nearest(cosines: Sequence[float] | NDArray[np.float32], count: int) -> list[int]:
    """Return the places of the `count` largest, the largest first."""
    return [int(place) for place in np.argsort(-np.asarray(cosines), kind="stable")[:count]]
