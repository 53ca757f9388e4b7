"""Files in which the program keeps what it has learnt, one per source and model, for its owner only."""

from __future__ import annotations

import glob
import hashlib
import os
import re
import tempfile
import time
from contextlib import suppress
from pathlib import Path

_LONGEST_NAME = 80
ABANDONED_S = 600.0
"""A file that is being written is not touched for so long only where whoever wrote it was killed."""


def file_name(source_id: str, model: str) -> str:
    """Return the name of the file of a source and a model, without its suffix."""
    return f"{slug(source_id)}@{slug(model)}"


def slug(text: str) -> str:
    """Return `text` as part of a file name; what had to be changed is told apart by a hash."""
    safe = re.sub(r"[^A-Za-z0-9_.-]+", "-", text).lstrip(".")[:_LONGEST_NAME]
    if safe == text and safe:
        return safe
    return f"{safe}-{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()[:8]}"


def write_private(path: Path, content: bytes) -> None:
    """Replace `path` at once: whoever reads it finds the file before or this one, never half of one.

    Raises
    ------
    OSError
        It cannot be written; what was there stays.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    begin, end = f".{path.name[:_LONGEST_NAME]}.", ".partial"
    remove_abandoned(path.parent, f"{glob.escape(begin)}*{end}")
    handle, name = tempfile.mkstemp(prefix=begin, suffix=end, dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def remove_abandoned(folder: Path, pattern: str) -> None:
    """Remove what somebody began to write and was killed before it was done; `pattern`: of the names.

    What cannot be removed stays.
    """
    for path in folder.glob(pattern):
        with suppress(OSError):
            if time.time() - path.lstat().st_mtime > ABANDONED_S:
                path.unlink()
