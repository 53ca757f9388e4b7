"""An adapter: a small map that is laid over what a model makes of sound, learnt from a place's own sound.

    z' = unit(z + (z P) Q),    P float32 (d, r), Q float32 (r, d)

Words stay where they are. An adapter belongs to one model, by its identity, and is made by `monitor adapt`;
the one in use is ``$XDG_DATA_HOME/monitor/adapters/<identity>/in_use.npz`` (below ``~/.local/share``). The
file is a NumPy archive of plain numbers and names, never a pickle.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.errors import ModelError
from monitor.files.arrays import pack_arrays, unpack_arrays
from monitor.files.paths import own_folder
from monitor.files.reading import read_stored
from monitor.files.state_files import slug
from monitor.units import unit_norm

MOST_BYTES = 64 << 20
"""A larger file is no adapter, and not read."""
IN_USE = "in_use.npz"

Vectors = NDArray[np.float32]


class Adapter(msgspec.Struct, frozen=True):
    """A map of rank r of embeddings of d numbers."""

    model: str
    """Identity of the model that it belongs to."""
    down: Vectors
    """P, float32 (d, r)."""
    up: Vectors
    """Q, float32 (r, d); zeros: it changes nothing, not even in the last bit."""

    @property
    def fingerprint(self) -> str:
        """Changes when the map does: eight hexadecimal digits."""
        numbers = np.ascontiguousarray(self.down).tobytes() + np.ascontiguousarray(self.up).tobytes()
        return hashlib.sha256(numbers).hexdigest()[:8]

    @property
    def identity(self) -> str:
        """Identity of the model with this adapter: what is learnt with it belongs to that."""
        return f"{self.model}-adapter-{self.fingerprint}"

    def apply(self, vectors: Vectors) -> Vectors:
        """Return what embeddings, float32 (n, d), unit norm, become: the same."""
        if not self.up.any():
            return vectors
        moved = np.asarray(vectors + vectors @ self.down @ self.up, np.float32)
        return unit_norm(moved)

    def undo(self, vectors: Vectors) -> Vectors:
        """Return the embeddings, unit norm, that become `vectors`, float32 (n, d); but for rounding."""
        whole = np.eye(len(self.down)) + self.down.astype(np.float64) @ self.up
        before = np.asarray(np.linalg.solve(whole.T, vectors.T).T, np.float32)
        return unit_norm(before)


def pack_adapter(adapter: Adapter) -> bytes:
    """Return an adapter as a file; the same adapter always gives the same bytes."""
    return pack_arrays({"model": np.array(adapter.model), "down": adapter.down, "up": adapter.up})


def unpack_adapter(content: bytes, where: str) -> Adapter:
    """Return the adapter in a file.

    Parameters
    ----------
    where
        What the file is called, for the error.

    Raises
    ------
    ModelError
        It holds none.
    """
    try:
        parts = unpack_arrays(content, MOST_BYTES)
        adapter = Adapter(str(parts["model"]), parts["down"], parts["up"])
    except (ValueError, KeyError) as error:
        raise ModelError(f"{where} is no adapter: {error}; make one with `monitor adapt`.") from None
    if not _is_map(adapter.down, adapter.up):
        raise ModelError(
            f"{where} is no adapter: its parts, {adapter.down.shape} and {adapter.up.shape}, are no map of "
            "finite numbers; make one with `monitor adapt`."
        )
    return adapter


def _is_map(down: NDArray[np.generic], up: NDArray[np.generic]) -> bool:
    fits = down.ndim == up.ndim == 2 and down.shape == up.shape[::-1]
    numbers = down.dtype == up.dtype == np.float32
    return fits and numbers and bool(np.isfinite(down).all() and np.isfinite(up).all())


def adapters_folder(identity: str) -> Path | None:
    """Return where the adapters of the model of that identity lie; None: there is no home folder."""
    data = own_folder("data")
    return None if data is None else data / "adapters" / slug(identity)


def find_adapter(which: str, identity: str, dim: int) -> Adapter | None:
    """Return the adapter that `[model] adapter` names; None: none.

    Parameters
    ----------
    which
        `auto`: the one in use of that model, if there is one; `none`; or the path of a file.

    Raises
    ------
    ModelError
        The file cannot be read, holds something else, or belongs to another model.
    """
    if which == "none":
        return None
    folder = adapters_folder(identity)
    path = (None if folder is None else folder / IN_USE) if which == "auto" else Path(which)
    if path is None or (which == "auto" and not path.exists()):
        return None
    try:
        adapter = unpack_adapter(read_stored(path, MOST_BYTES), str(path))
    except OSError as error:
        raise ModelError(
            f"Cannot read the adapter {path}: {error.strerror}; valid: auto, none, or a file that "
            "`monitor adapt` made."
        ) from None
    if adapter.model != identity or len(adapter.down) != dim:
        raise ModelError(
            f"The adapter {path} belongs to the model {adapter.model}, and {identity} listens; give that "
            "model's adapter, or `adapter = none`."
        )
    return adapter
