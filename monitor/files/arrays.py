"""Arrays as one file: a NumPy archive (`.npz`) of plain numbers and texts, never a pickle. Pure.

Whoever reads one need not trust it: nothing in it is run, and it is refused before it takes more memory than
it may.
"""

from __future__ import annotations

import io
import lzma
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.text import sanitise

_ARRAY = ".npy"
_ENTRY = b"PK\1\2"
"""What each file has in the list at the end of an archive; the list alone could take all the memory."""
_MOST_ENTRIES = 1000
_UNREADABLE = (
    OSError, EOFError, ValueError, TypeError, ArithmeticError, LookupError, SyntaxError, MemoryError,
    RuntimeError, tokenize.TokenError, struct.error,
)  # fmt: skip
"""What numpy and zipfile raise for bytes that are no array and no archive."""


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
    """Return the arrays in a file, by name; errors as `unpack_all`."""
    return unpack_all(content, most_bytes)[0]


def unpack_all(content: bytes, most_bytes: int) -> tuple[dict[str, NDArray[Any]], dict[str, bytes]]:
    """Return the arrays in a file, and the files of another kind beside them, both by name.

    Raises
    ------
    ValueError
        It is no such file, holds something else than plain arrays, or more than `most_bytes` of them.
    """
    arrays: dict[str, NDArray[Any]] = {}
    others: dict[str, bytes] = {}
    for name, part in _parts(content, most_bytes).items():
        if name.endswith(_ARRAY):
            arrays[name.removesuffix(_ARRAY)] = _array(part)
        else:
            others[name] = part
    return arrays, others


def _array(part: bytes) -> NDArray[Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numpy's, of headers that Python 2 wrote
            array = np.asarray(np.lib.format.read_array(io.BytesIO(part), allow_pickle=False))
    except _UNREADABLE as error:
        raise ValueError(f"an array in it cannot be read ({_why(error)})") from None
    if array.size > len(part):
        raise ValueError(f"an array in it has {array.size} parts of no length")
    return array


def _parts(content: bytes, most_bytes: int) -> dict[str, bytes]:
    if content.count(_ENTRY) > _MOST_ENTRIES:
        raise ValueError(f"it holds more than {_MOST_ENTRIES} files")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            fits = sum(entry.file_size for entry in entries) <= most_bytes
            parts = {entry.filename: archive.read(entry) for entry in entries if fits}
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, *_UNREADABLE) as error:
        raise ValueError(f"it is no archive of arrays ({_why(error)})") from None
    if not fits:
        raise ValueError(f"it would be more than {most_bytes >> 20} MiB")
    return parts


def _why(error: BaseException) -> str:
    """Return what a library says of bytes that it cannot read; it may repeat them at length."""
    return sanitise(f"{type(error).__name__}: {error}")
