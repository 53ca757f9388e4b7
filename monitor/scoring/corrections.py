"""What somebody said of events as soft evidence: like a wrong one counts less, like a right one more. Pure.

With z a window and v_ij the windows of the i-th event of which something was said about class c,

    e_c(z) = sum_i sign_i max_j k(z.v_ij),    k(x) = (x - NEAR) / (1 - NEAR), at least 0

counts how many of the events that were right are like z, less those that were wrong: a kernel on the cosine
with a support that ends, so that what is like none of them keeps its score to the last bit. What is added to
the log-odds of the score is

    UP tanh(STEP e / UP) for e > 0,    DOWN tanh(STEP e / DOWN) for e < 0:

one event that sounds the same is worth `STEP` at most, several alike add up to the bound and no further. A
unit of log-odds is a factor of 2.7 in how often ordinary sound gets there (`cohort.py`). UP is small: that an
event was right says that it was found as it is, so it chiefly weighs against those that were wrong. Events
that were told as something else and really were of the class add a term of their own, with the bound MISSED.

A class that must not be missed is `spared`: its bound downwards is `SPARED_DOWN`, whatever is said of it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.records import Correction, Moment
from monitor.units import unit_norm


class Bounds(msgspec.Struct, frozen=True):
    """How alike is alike, and how much what was said may change, in log-odds."""

    near: float = 0.6
    """NEAR: the cosine from which on two windows are alike enough to count."""
    step: float = 1.0
    """Of one event that sounds the same."""
    down: float = 3.0
    up: float = 0.1
    missed: float = 1.0
    """Upwards, of events that were told as something else."""
    spared_down: float = 0.5


BOUNDS = Bounds()
"""Chosen on folds 1 to 3 (docs/corrections.md)."""


class Evidence(msgspec.Struct, frozen=True):
    """One event, and a class that it is of or is not."""

    class_: str
    is_it: bool
    missed: bool
    """It was told as something else."""
    vectors: NDArray[np.float32]
    """float32 (n, d), unit norm: its windows."""


def evidence_of(correction: Correction, moments: Sequence[Moment]) -> list[Evidence]:
    """Return what a correction says of which classes; nothing where no moment of its event is known."""
    heard = [one.vector for one in moments if one.model == correction.model]
    if not heard or any(one.shape != heard[0].shape for one in heard):
        return []
    vectors = unit_norm(np.stack(heard).astype(np.float32))
    told = Evidence(correction.class_, correction.right, False, vectors)
    return [told, Evidence(correction.really, True, True, vectors)] if correction.really else [told]


class Corrections:
    """The evidence of all classes of a run; the scorers of all its sources ask the same one.

    Parameters
    ----------
    classes
        Names of the k classes, in the order of their scores.
    spared
        Of them those that must not be missed.
    bounds
        Others than `BOUNDS`, to be tried.
    """

    def __init__(self, classes: Sequence[str], spared: Collection[str] = (), bounds: Bounds = BOUNDS) -> None:
        self._bounds = bounds
        self._index = {name: at for at, name in enumerate(classes)}
        self._down = np.array([bounds.spared_down if name in spared else bounds.down for name in classes])
        self._vectors: NDArray[np.float32] | None = None
        self._begins = np.zeros(0, np.intp)  # where the windows of each event begin
        self._class = np.zeros(0, np.intp)
        self._sign = np.zeros(0)
        self._missed = np.zeros(0)

    def replace(self, evidence: Sequence[Evidence]) -> None:
        """Go by `evidence` from now on, and by nothing else; that of other classes counts nothing."""
        own = [one for one in evidence if one.class_ in self._index and len(one.vectors)]
        lengths = [len(one.vectors) for one in own]
        self._begins = np.cumsum([0, *lengths[:-1]])
        self._class = np.array([self._index[one.class_] for one in own], np.intp)
        self._sign = np.array([0.0 if one.missed else 1.0 if one.is_it else -1.0 for one in own])
        self._missed = np.array([float(one.missed) for one in own])
        self._vectors = np.concatenate([one.vectors for one in own]) if own else None

    def terms(self, vector: NDArray[np.float32]) -> NDArray[np.float64] | None:
        """Return what is added to the log-odds of each class for a window, float32 (d,); None: nothing is."""
        if self._vectors is None:
            return None
        near = np.maximum.reduceat(self._vectors @ vector, self._begins).astype(np.float64)
        alike = np.clip((near - self._bounds.near) / (1.0 - self._bounds.near), 0.0, 1.0)
        if not alike.any():
            return None
        said, missed = (
            self._bounds.step * np.bincount(self._class, weights=kind * alike, minlength=len(self._index))
            for kind in (self._sign, self._missed)
        )
        bounds = np.where(said > 0.0, self._bounds.up, self._down)
        most = self._bounds.missed
        return np.asarray(bounds * np.tanh(said / bounds) + most * np.tanh(missed / most))

    def effect(self, class_: str, vectors: NDArray[np.float32]) -> float:
        """Return what is added to the log-odds of a class for such windows, float32 (n, d), on average."""
        at = self._index.get(class_)
        found = [self.terms(vector) for vector in vectors] if at is not None else []
        return float(np.mean([0.0 if one is None else one[at] for one in found])) if found else 0.0
