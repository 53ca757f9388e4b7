"""The cohort of a model as a file: what ordinary sound is to it, at most a megabyte.

A model brings one with it, pinned like its other files (`store.py`). One that was made here, of the user's
own hours, counts instead of it: ``$XDG_DATA_HOME/monitor/cohorts/<identity of the model>.npz``
(``~/.local/share/monitor/cohorts``). The file is a NumPy archive of plain numbers and names, never a pickle.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.config.limits import COHORT_SOUNDS
from monitor.errors import ModelError
from monitor.files.arrays import pack_arrays, unpack_arrays
from monitor.files.paths import own_folder
from monitor.files.reading import read_stored
from monitor.records import Cohort
from monitor.units import unit_norm

MOST_BYTES = 4 << 20
"""A larger file is no cohort, and not read."""
_MOST_UNPACKED = 32 << 20
_STEPS = 127
"""Of an embedding's largest value: it is kept in 8 bits."""


def pack(cohort: Cohort) -> bytes:
    """Return a cohort as a file; the same cohort always gives the same bytes."""
    peaks = np.abs(cohort.vectors).max(axis=1, keepdims=True)
    stored: dict[str, NDArray[np.generic]] = {
        "vectors": np.round(cohort.vectors / np.maximum(peaks, 1e-9) * _STEPS).astype(np.int8),
        "kinds": np.array(cohort.kinds, np.str_),
        "kind_of": cohort.kind_of.astype(np.int16),
        "sounds_per_hour": np.array(cohort.sounds_per_hour, np.float64),
    }
    return pack_arrays(stored)


def unpack(content: bytes, dim: int, where: str) -> Cohort:
    """Return the cohort in a file.

    Parameters
    ----------
    dim
        Dimensions of the model's embeddings.
    where
        What the file is called, for the error.

    Raises
    ------
    ModelError
        It holds no cohort of such embeddings.
    """
    try:
        stored = unpack_arrays(content, _MOST_UNPACKED)
        vectors, kind_of = stored["vectors"], stored["kind_of"]
        kinds, hourly = tuple(map(str, stored["kinds"])), float(stored["sounds_per_hour"].item())
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{where} is no cohort: {error}; build it with `monitor models cohort`.") from None
    fits = vectors.ndim == 2 and vectors.shape[1] == dim and kind_of.shape == vectors.shape[:1]
    known = fits and vectors.dtype == np.int8 and kind_of.dtype == np.int16
    if not known or not COHORT_SOUNDS.holds(len(vectors)) or not hourly > 0 or not _named(kind_of, kinds):
        raise ModelError(
            f"{where} is no cohort of this model: {vectors.shape} embeddings, and {COHORT_SOUNDS} of {dim} "
            "numbers are valid; build it with `monitor models cohort`."
        )
    return Cohort(unit_norm(vectors.astype(np.float32)), kinds, kind_of.astype(np.intp), hourly)


def _named(kind_of: NDArray[np.int16], kinds: tuple[str, ...]) -> bool:
    return bool(len(kind_of)) and kind_of.min() >= -1 and kind_of.max() < len(kinds)


def own_cohort_file(identity: str) -> Path | None:
    """Return where a cohort made here for the model of that identity lies; None: there is no home folder."""
    data = own_folder("data")
    return None if data is None else data / "cohorts" / f"{identity}.npz"


def read_own_cohort(identity: str, dim: int) -> Cohort | None:
    """Return the cohort made here for a model; None: there is none.

    Raises
    ------
    ModelError
        The file cannot be read or holds something else.
    """
    path = own_cohort_file(identity)
    if path is None or not path.exists():
        return None
    try:
        return unpack(read_stored(path, MOST_BYTES), dim, str(path))
    except OSError as error:
        raise ModelError(f"Cannot read the cohort {path}: {error.strerror}.") from None
