"""A file that is coming: what is here of it, with its running hash."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import ModelError
from monitor.files.folder_files import open_growing
from monitor.models.address import shown
from monitor.models.store import sha256_of

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Download:
    """One file to fetch."""

    url: str
    path: Path
    """Where it goes; what is there already is taken for its beginning."""
    size: int
    """Bytes."""
    sha256: str
    shown: str = ""
    """The address as it may be printed; empty: without name, password and query."""

    def __post_init__(self) -> None:
        if not self.shown:
            object.__setattr__(self, "shown", shown(self.url))


def is_whole(item: Download) -> bool:
    """Return whether the file is already there with the right size and hash."""
    if item.path.is_symlink() or not item.path.is_file() or item.path.stat().st_size != item.size:
        return False
    return sha256_of(item.path) == item.sha256


class PartialFile:
    """The beginning of a file; it grows at the end, and keeps what it has when the program ends."""

    def __init__(self, item: Download) -> None:
        """Open the file, and read what is there.

        Raises
        ------
        ModelError
            It cannot be written.
        """
        self.item = item
        self.received = 0
        self._hash = hashlib.sha256()
        try:
            self._file = os.fdopen(open_growing(item.path), "a+b")
        except OSError as error:
            raise ModelError(
                f"Cannot write {item.path}: {error.strerror}; delete it, and give the same command again."
            ) from None
        self._file.seek(0)
        while chunk := self._file.read(_CHUNK):
            self._count(chunk)

    def __enter__(self) -> PartialFile:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # a full disk was reported when it was met
            self._file.close()
        if not self.received:
            self.item.path.unlink(missing_ok=True)

    @property
    def missing(self) -> int:
        """Bytes still to come."""
        return self.item.size - self.received

    @property
    def sha256(self) -> str:
        """Hash of what is here."""
        return self._hash.hexdigest()

    @property
    def is_right(self) -> bool:
        """Whether all is here, and nothing else."""
        return not self.missing and self.sha256 == self.item.sha256

    def append(self, chunk: bytes) -> None:
        """Write what came.

        Raises
        ------
        ModelError
            The disk is full.
        """
        try:
            self._file.write(chunk)
            self._file.flush()
        except OSError as error:
            raise ModelError(
                f"Cannot write {self.item.path}: {error.strerror}; {self.missing} bytes are still to come. "
                "Make room and give the same command again: it goes on from here."
            ) from None
        self._count(chunk)

    def restart(self) -> None:
        """Forget what is here."""
        self._file.truncate(0)
        self._hash = hashlib.sha256()
        self.received = 0

    def sync(self) -> None:
        """Put the bytes on the disk before anything refers to them."""
        os.fsync(self._file.fileno())

    def _count(self, chunk: bytes) -> None:
        self._hash.update(chunk)
        self.received += len(chunk)
