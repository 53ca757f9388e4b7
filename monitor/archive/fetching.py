"""A recording of an archive as a file of this machine, for as long as it is heard.

What lies on a server is copied to the disk first (`TMPDIR`), piece by piece: decoders go back and forth in
some containers, and a copy is heard like any other file, to the bit. It is removed at once.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from monitor.archive.records import Recording
from monitor.archive.stores import is_remote, s3, why
from monitor.errors import SourceError

_PIECE = 4 << 20


@contextmanager
def fetched(recording: Recording) -> Iterator[Path]:
    """Give the path of `recording` on this machine.

    Raises
    ------
    SourceError
        It cannot be fetched.
    """
    if not is_remote(recording.path):
        yield Path(recording.path)
        return
    handle, name = tempfile.mkstemp(prefix="monitor-scan-", suffix=Path(recording.path).suffix)
    copy = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            _copy(recording, file.fileno())
        yield copy
    finally:
        with suppress(OSError):
            copy.unlink()


def _copy(recording: Recording, descriptor: int) -> None:
    files, inner = s3(recording.path)
    try:
        with files.open_input_stream(inner) as stream:
            while piece := stream.read(_PIECE):
                rest = memoryview(piece)
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
    except OSError as error:
        raise SourceError(f"{recording.path} cannot be fetched: {why(error)}.") from None
