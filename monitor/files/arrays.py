"""Arrays as one file: a NumPy archive (`.npz`) of plain numbers and texts, never a pickle. Pure.

Whoever reads one need not trust it: nothing in it is run, and it is refused before it takes more memory than
it may.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ARRAY = ".npy"


def pack_arrays(
    arrays: Mapping[str, NDArray[np.generic]], others: Mapping[str, bytes] | None = None
) -> bytes:
    """Return `arrays`, and files of another kind beside them, as one file; the same give the same bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, array in arrays.items():
            part = io.BytesIO()
            np.save(part, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}{_ARRAY}"), part.getvalue(), zipfile.ZIP_DEFLATED)
        for name, other in (others or {}).items():
            archive.writestr(zipfile.ZipInfo(name), other, zipfile.ZIP_STORED)
    return content.getvalue()


def unpack_arrays(content: bytes, most_bytes: int) -> dict[str, NDArray[Any]]:
    """Return the arrays in a file, by name.

    Raises
    ------
    ValueError
        It is no such file, holds something else than plain arrays, or more than `most_bytes` of them.
    """
    parts = _parts(content, most_bytes)
    arrays: dict[str, NDArray[Any]] = {}
    try:
        for name, part in parts.items():
            if name.endswith(_ARRAY):
                arrays[name.removesuffix(_ARRAY)] = np.load(io.BytesIO(part), allow_pickle=False)
    except (OSError, ValueError, EOFError, TypeError, SyntaxError, MemoryError) as error:
        raise ValueError(f"an array in it cannot be read ({type(error).__name__}: {error})") from None
    return arrays


def unpack_others(content: bytes, most_bytes: int) -> dict[str, bytes]:
    """Return the files of another kind, by name; errors as `unpack_arrays`."""
    parts = _parts(content, most_bytes)
    return {name: part for name, part in parts.items() if not name.endswith(_ARRAY)}


def _parts(content: bytes, most_bytes: int) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if sum(entry.file_size for entry in entries) > most_bytes:
                raise ValueError(f"it would be more than {most_bytes >> 20} MiB")
            return {entry.filename: archive.read(entry) for entry in entries}
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"it is no archive of arrays ({error})") from None
