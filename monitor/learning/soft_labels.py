"""The contrastive loss whose targets are soft, and its gradient, by hand. Pure.

Of a batch of n pairs with audio a and text t, unit norm, the similarities are S = s a t' (s: scale). The loss
is the mean cross entropy of the softmax of S along its rows and along its columns (Radford et al., 2021)
against the targets (Wang et al., WASPAA 2023, arXiv 2305.01864, section 2.2)

    Y = (1 - w) I + w softmax(s a0 t')

where a0 is the sound as it was before: a caption that fits two sounds of a batch is then not taken from one
of them. w = 0: hard labels; published: w = .3.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Targets(NamedTuple):
    """Y along the rows and along the columns, float64 (n, n) each."""

    of_sounds: Floats
    """Each row adds up to 1."""
    of_captions: Floats
    """Each column does."""


def soft_targets(audio: Floats, text: Floats, scale: float, softness: float) -> Targets:
    """Return the targets of a batch, of its sounds as they were before, float64 (n, d)."""
    similarities = scale * audio @ text.T
    same = (1.0 - softness) * np.eye(len(audio))
    return Targets(
        same + softness * softmax(similarities, axis=1), same + softness * softmax(similarities, axis=0)
    )


def contrastive_loss(audio: Floats, text: Floats, scale: float, targets: Targets) -> tuple[float, Floats]:
    """Return the loss of a batch, and its gradient with respect to `audio`, float64 (n, d)."""
    similarities = scale * audio @ text.T
    by_sound, by_caption = (softmax(similarities, axis=axis) for axis in (1, 0))
    loss = -(targets.of_sounds * np.log(by_sound)).sum() - (targets.of_captions * np.log(by_caption)).sum()
    slopes = by_sound - targets.of_sounds + by_caption - targets.of_captions
    count = 2.0 * len(audio)
    return float(loss / count), scale * (slopes @ text) / count


def softmax(values: Floats, axis: int) -> Floats:
    """Return what adds up to 1 along `axis`; never 0."""
    shifted = np.exp(values - values.max(axis=axis, keepdims=True))
    return np.asarray(np.maximum(shifted / shifted.sum(axis=axis, keepdims=True), 1e-300), np.float64)
