"""The drift bonus (arXiv 2606.04844): its directions, their variants, and how much they can say. Pure.

d_c is where noise takes the words of a class: unit(mean_p [t("c with p") - t(c)]) over noise phrases p. Where
it takes every class the same way, the bonus is the same for all of them and moves no answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.scoring.prototypes import drift_directions
from monitor.units import unit_norm

Vectors = NDArray[np.float32]
DriftForm = Literal["plain", "centred", "orthogonal"]

NEAREST = 3
"""Noise phrases taken for one background."""
_NOTHING = 1e-3
"""A unit vector of which less than this is left has nothing left; the rest is rounding."""


class DriftGeometry(msgspec.Struct, frozen=True):
    """How the drift directions of k classes lie; of unit vectors, so within [-1, 1]."""

    pairwise_cosine: float
    """Mean cosine of the directions of two classes; nan for a single class."""
    common_share: float
    """Share of their variance (about zero) along their common direction: 1 where they are all the same."""
    own_cosine: float
    """Mean cosine of a class's direction with its prototype; below 0, the bonus takes from the class."""


def drift_geometry(classes: Vectors, noisy: Vectors) -> DriftGeometry:
    """Measure the plain directions; parameters as in `directions`."""
    found = directions(classes, noisy)
    cosines = (found @ found.T)[~np.eye(len(found), dtype=bool)]
    along = found @ unit_norm(found.mean(axis=0))
    return DriftGeometry(
        pairwise_cosine=float(cosines.mean()) if cosines.size else float("nan"),
        common_share=float(np.square(along).mean()),
        own_cosine=float((found * classes).sum(axis=1).mean()),
    )


def directions(classes: Vectors, noisy: Vectors, form: DriftForm = "plain") -> Vectors:
    """Return the drift direction of every class, float32 (k, d), unit norm, or zeros where none is left.

    Parameters
    ----------
    classes
        t(c), float32 (k, d), unit norm.
    noisy
        t("c with p"), float32 (k, q, d), for the q noise phrases.
    form
        `plain`: as published. `centred`: without the mean direction of all classes. `orthogonal`: without
        what lies in the span of all classes' vectors, so that the bonus says nothing that a cosine to a
        class says already. Classes that span more than half of the space leave too little for that: then
        only without what lies along the class's own vector.
    """
    plain = drift_directions(classes, noisy.reshape(-1, classes.shape[1]))
    if form == "centred":
        return _rest(plain, _part(plain, unit_norm(plain.mean(axis=0))[np.newaxis]))
    if form == "orthogonal":
        basis = _span(classes)
        if 2 * len(basis) > classes.shape[1]:
            return _rest(plain, (plain * classes).sum(axis=1, keepdims=True) * classes)
        return _rest(plain, _part(plain, basis))
    return plain


def phrase_directions(classes: Vectors, noisy: Vectors) -> Vectors:
    """Return what each noise phrase adds to the words of a class, on average: float32 (q, d), unit norm."""
    return unit_norm(noisy.mean(axis=0) - classes.mean(axis=0))


def nearest_phrases(phrases: Vectors, background: Vectors) -> NDArray[np.intp]:
    """Return the indices, rising, of the `NEAREST` noise phrases that a background sounds most like.

    Parameters
    ----------
    phrases
        float32 (q, d), unit norm: `phrase_directions`, or t(p).
    background
        Mean embedding, float32 (..., d), of one background or several.

    Returns
    -------
    intp (..., min(q, NEAREST)).
    """
    order = np.argsort(-(background @ phrases.T), axis=-1, kind="stable")
    return np.sort(order[..., :NEAREST], axis=-1)


def by_scene(
    classes: Vectors, noisy: Vectors, backgrounds: Vectors
) -> Iterator[tuple[NDArray[np.intp], Vectors]]:
    """Yield backgrounds, as indices into float32 (n, d), that share phrases, and the directions there."""
    nearest = nearest_phrases(phrase_directions(classes, noisy), backgrounds)
    sets, owner = np.unique(nearest, axis=0, return_inverse=True)
    for at, chosen in enumerate(sets):
        yield np.flatnonzero(owner.reshape(-1) == at), directions(classes, noisy[:, chosen])


def _span(vectors: Vectors) -> Vectors:
    """Return an orthonormal basis, float32 (rank, d), of the span of unit vectors."""
    _, sizes, basis = np.linalg.svd(vectors, full_matrices=False)
    return np.asarray(basis[sizes > _NOTHING], np.float32)


def _part(vectors: Vectors, basis: Vectors) -> Vectors:
    return np.asarray(vectors @ basis.T @ basis, np.float32)


def _rest(vectors: Vectors, part: Vectors) -> Vectors:
    """Return the direction of what is left of unit vectors without a part of them."""
    left = vectors - part
    left[np.linalg.norm(left, axis=1) < _NOTHING] = 0.0
    return unit_norm(left)
