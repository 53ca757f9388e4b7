"""The drift bonus (arXiv 2606.04844): how its directions lie, and so how much they can say. Pure.

d_c is where noise takes the words of a class: unit(mean_p [t("c with p") - t(c)]) over noise phrases p. Where
it takes every class the same way, the bonus is the same for all of them and moves no answer.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.scoring.prototypes import drift_directions
from monitor.units import unit_norm

Vectors = NDArray[np.float32]


class DriftGeometry(msgspec.Struct, frozen=True):
    """How the drift directions of k classes lie; of unit vectors, so within [-1, 1]."""

    pairwise_cosine: float
    """Mean cosine of the directions of two classes; nan for a single class."""
    common_share: float
    """Share of their variance (about zero) along their common direction: 1 where they are all the same."""
    own_cosine: float
    """Mean cosine of a class's direction with its prototype; below 0, the bonus takes from the class."""


def drift_geometry(classes: Vectors, noisy: Vectors) -> DriftGeometry:
    """Measure the drift directions of all classes.

    Parameters
    ----------
    classes
        t(c), float32 (k, d), unit norm.
    noisy
        t("c with p"), float32 (k, q, d), for the q noise phrases.
    """
    found = drift_directions(classes, noisy.reshape(-1, classes.shape[1]))
    cosines = (found @ found.T)[~np.eye(len(found), dtype=bool)]
    along = found @ unit_norm(found.mean(axis=0))
    return DriftGeometry(
        pairwise_cosine=float(cosines.mean()) if cosines.size else float("nan"),
        common_share=float(np.square(along).mean()),
        own_cosine=float((found * classes).sum(axis=1).mean()),
    )
