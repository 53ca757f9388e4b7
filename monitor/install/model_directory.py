"""The place of one installed model: filled aside, then taken in one step.

::

    FOLDER/NAME           the model
    FOLDER/NAME.partial   what is being fetched; it waits here for the next try
    FOLDER/.NAME.*.new    a folder of its own, in which the checked files become the model
    FOLDER/NAME.old       the model before, for the moment in which the new one takes its place
    FOLDER/.lock          held by the one install that is at work

Nothing is written, moved or deleted through a link: what it leads to is not ours.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monitor.errors import ModelError
from monitor.files.folder_files import open_growing, parts_below, read_below, write_below
from monitor.models.manifest import ModelFile
from monitor.models.store import (
    MODEL_FILE,
    PARTIAL,
    REPLACED,
    StoredModel,
    installed_at,
    installed_folder,
    read_folder,
    write_entry,
)

_LOCK = ".lock"
_NEW = ".new"


class ModelDirectory:
    """Where the model called `name` is, or will be."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.place = installed_folder() / name
        self.partial = self.place.with_name(name + PARTIAL)
        self._replaced = self.place.with_name(name + REPLACED)

    @property
    def is_used(self) -> bool:
        """Whether anything of the model is there."""
        return any(os.path.lexists(folder) for folder in (self.place, self.partial, self._replaced))

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
            Another install is at work, or the folder or the lock is a link.
        """
        folder = self.place.parent
        if folder.is_symlink():
            raise ModelError(
                f"{folder} is a link, and nothing is installed or removed through one; set MONITOR_MODELS to "
                "the folder it leads to."
            )
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        with writing(folder / _LOCK):
            file = os.fdopen(open_growing(folder / _LOCK), "rb")
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ModelError(
                    f"Another install is at work in {folder}; wait until it has ended."
                ) from None
            yield

    def prepare(self) -> None:
        """Make `partial`, if it is not there, and delete what an install left that was killed.

        Raises
        ------
        ModelError
            It is a link, or a file.
        """
        if self.partial.is_symlink():
            raise ModelError(
                f"{self.partial} is a link, and nothing is fetched or deleted through one; delete the link "
                "(what it leads to stays), and give the same command again."
            )
        with writing(self.partial):
            self.partial.mkdir(exist_ok=True)
            for folder in self.place.parent.glob(f".{self.name}.*{_NEW}"):
                _delete(folder)

    def put(self, part: ModelFile, content: bytes) -> None:
        """Write a file into `partial`."""
        with writing(self.partial / part.file):
            write_below(self.partial, part.file, content)

    def settle(self, model: StoredModel) -> None:
        """Make the checked `model` in `partial` the model of this directory."""
        with writing(self.place):
            private = Path(tempfile.mkdtemp(prefix=f".{self.name}.", suffix=_NEW, dir=self.place.parent))
            try:
                self._take_place(_gathered(model, private / self.name))
            finally:
                _delete(private)
            _sync(self.place.parent)
            for folder in (self._replaced, self.partial):
                _delete(folder)

    def _take_place(self, folder: Path) -> None:
        if os.path.lexists(self.place):
            _delete(self._replaced)
            self.place.rename(self._replaced)  # the store finds it there
        folder.rename(self.place)

    def empty(self) -> None:
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


def _gathered(model: StoredModel, folder: Path) -> Path:
    """Move the files of `model` into the new `folder`, with its entry, all of them on the disk."""
    folder.mkdir()
    for part in model.parts:
        path = folder.joinpath(*parts_below(part.file))
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():  # two parts may be one file
            _move(model.path(part), path)
        _sync(path)
    write_entry(model.entry, folder)
    for path in (folder / MODEL_FILE, folder):
        _sync(path)
    return folder


def _move(path: Path, new: Path) -> None:
    """Move a plain file; of one with a second name take a copy, for what changes that name changes it."""
    facts = path.lstat()
    if stat.S_ISREG(facts.st_mode) and facts.st_nlink == 1:
        path.rename(new)
    else:
        write_below(new.parent, new.name, read_below(path.parent, path.name))


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
