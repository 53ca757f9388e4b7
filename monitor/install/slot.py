"""The place of one installed model: filled aside, then taken in one step.

::

    FOLDER/NAME           the model
    FOLDER/NAME.partial   what is being filled; it waits here for the next try
    FOLDER/NAME.old       the model before, for the moment in which NAME.partial becomes NAME
    FOLDER/.lock          held by the one install that is at work
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monitor.encoders.store import (
    MODEL_FILE,
    PARTIAL,
    REPLACED,
    ModelFile,
    StoredModel,
    installed_at,
    installed_folder,
    read_folder,
    write_entry,
)
from monitor.errors import ModelError

_LOCK = ".lock"


class Slot:
    """Where the model called `name` is, or will be."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.place = installed_folder() / name
        self.partial = self.place.with_name(name + PARTIAL)
        self._replaced = self.place.with_name(name + REPLACED)

    @property
    def is_used(self) -> bool:
        """Whether anything of the model is there."""
        return any(folder.exists() for folder in (self.place, self.partial, self._replaced))

    def current(self) -> StoredModel | None:
        """Return the model that is installed, if its entry can be read."""
        try:
            return read_folder(installed_at(self.name), self.name)
        except ModelError:
            return None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder of installed models; the lock goes with the process.

        Raises
        ------
        ModelError
            Another install is at work.
        """
        folder = self.place.parent
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o644)
        with os.fdopen(descriptor, "rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ModelError(
                    f"Another install is at work in {folder}; wait until it has ended."
                ) from None
            yield

    def put(self, part: ModelFile, content: bytes) -> None:
        """Write a file into `partial`."""
        path = self.partial / part.file
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def settle(self, model: StoredModel) -> None:
        """Make the checked `model` in `partial` the model of this slot."""
        with writing(self.place):
            _tidy(model)
            if self.place.exists():
                _delete(self._replaced)
                self.place.rename(self._replaced)  # the store finds it there
            self.partial.rename(self.place)
            _sync(self.place.parent)
            _delete(self._replaced)

    def clear(self) -> None:
        """Delete the model, and what was fetched of it."""
        with writing(self.place):
            for folder in (self.place, self._replaced, self.partial):
                _delete(folder)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say in one sentence what the file system refuses."""
    try:
        yield
    except OSError as error:
        raise ModelError(f"Cannot write {path}: {error.strerror}; the old model is untouched.") from None


def _tidy(model: StoredModel) -> None:
    """Leave in the folder the files of the model and its entry, all of them on the disk."""
    write_entry(model.entry, model.folder)
    kept = {model.folder / part.file for part in model.parts} | {model.folder / MODEL_FILE}
    for path in sorted(model.folder.rglob("*"), reverse=True):  # what is in a folder comes before it
        if not path.is_dir() or path.is_symlink():
            if path not in kept:
                path.unlink()
        elif not any(path.iterdir()):
            path.rmdir()
    for path in (*kept, model.folder):
        _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _delete(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        (folder / MODEL_FILE).unlink(missing_ok=True)  # from here on it is no model
        shutil.rmtree(folder)
