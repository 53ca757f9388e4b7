"""Pairs of sound and caption out of sound that nobody labelled, by the model's own judgement. Pure.

Each sound is paired with the caption that is nearest to it (Wang et al., WASPAA 2023, arXiv 2305.01864,
section 2.1). Of any captions: *general* (domain-unspecific). Only of captions near the classes that are
listened for, chosen first: *targeted* (domain-specific). Pairs that are not alike enough are left out. What
is enough there are cosines of one CLAP, .6 to .875; those of another model lie elsewhere, so it may also be
said as a share of all sounds. A caption that hears itself in everything would take them all: similarities may
be told in standard deviations of each caption over ordinary sound, and a caption have so many sounds and no
more.
"""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Domain = Literal["targeted", "general"]
_LEAST_SPREAD = 1e-6


class CurationOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Which pairs are made; each part may be left out."""

    domain: Domain = "targeted"
    near: float = 0.45
    """Cosine to a class from which on a caption belongs to its domain; of `general` nothing."""
    share: float = 0.5
    """So many of the sounds, the most alike, are kept."""
    min_cosine: float = -1.0
    """Pairs less alike are left out, as published; -1: none for that."""
    standardised: bool = True
    """Whether similarities are in standard deviations of each caption over ordinary sound."""
    most_per_caption: int = 0
    """Of each caption the most alike; 0: all."""


class Pairs(msgspec.Struct, frozen=True):
    """n sounds, each with its caption, in the order of the sounds."""

    sounds: NDArray[np.intp]
    """(n,), index of each sound; none twice."""
    captions: NDArray[np.intp]
    """(n,), index of its caption."""
    cosines: Vectors
    """float32 (n,)."""


def curate(
    sounds: Vectors, captions: Vectors, targets: Vectors, options: CurationOptions, ordinary: Vectors
) -> Pairs:
    """Return the pairs that options ask for.

    Parameters
    ----------
    sounds
        float32 (n, d), unit norm, as are all here.
    captions
        float32 (c, d).
    targets
        The classes that are listened for, float32 (k, d).
    ordinary
        What similarities are standardised over, float32 (m, d); empty: over `sounds` themselves.
    """
    known = (
        near_targets(captions, targets, options.near)
        if options.domain == "targeted"
        else np.arange(len(captions))
    )
    if not len(known) or not len(sounds):
        return _pairs(np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0, np.float32))
    cosines = sounds @ captions[known].T
    alike = _standardised(cosines, ordinary @ captions[known].T) if options.standardised else cosines
    best = alike.argmax(axis=1)
    rows = np.arange(len(sounds))
    order = np.argsort(-alike[rows, best], kind="stable")
    order = order[: max(1, round(options.share * len(order)))]
    order = order[cosines[order, best[order]] >= options.min_cosine]
    order = np.sort(_capped(order, best, options.most_per_caption))
    return _pairs(order, known[best[order]], cosines[order, best[order]])


def near_targets(captions: Vectors, targets: Vectors, near: float) -> NDArray[np.intp]:
    """Return the captions whose words are near those of a class."""
    if not len(targets):
        return np.zeros(0, np.intp)
    return np.flatnonzero((captions @ targets.T).max(axis=1) >= near)


def _standardised(cosines: Vectors, ordinary: Vectors) -> Vectors:
    basis = ordinary if len(ordinary) else cosines
    return np.asarray(
        (cosines - basis.mean(axis=0)) / np.maximum(basis.std(axis=0), _LEAST_SPREAD), np.float32
    )


def _capped(order: NDArray[np.intp], best: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    """Return the first `most` sounds of each caption, of sounds in the order of how alike they are."""
    if not most:
        return order
    counts: dict[int, int] = {}
    kept = []
    for sound in order:
        caption = int(best[sound])
        counts[caption] = counts.get(caption, 0) + 1
        if counts[caption] <= most:
            kept.append(sound)
    return np.array(kept, np.intp)


def _pairs(sounds: NDArray[np.intp], captions: NDArray[np.intp], cosines: Vectors) -> Pairs:
    return Pairs(sounds, captions, np.asarray(cosines, np.float32))
