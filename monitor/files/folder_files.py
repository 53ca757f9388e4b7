"""Reads and writes files that this program stores: plain files, and never through a link.

A link could lead out of the folder, a pipe would never end, and what is written to a file with a second name
changes that one too.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path, PurePosixPath

_ANY_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FOLDER = _ANY_FOLDER | os.O_NOFOLLOW
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_GROWING = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def read_below(folder: Path, name: str) -> bytes:
    """Return the content of `name`, a path below `folder`; `folder` itself may be a link.

    Raises
    ------
    OSError
        It is not there, not below `folder`, no plain file, or reached through a link; `strerror` says which.
    """
    descriptor = open_below(folder, name)
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def open_below(folder: Path, name: str) -> int:
    """Return a descriptor that reads the plain file `name` below `folder`; the caller closes it.

    Raises
    ------
    OSError
        As `read_below`.
    """
    *folders, last = parts_below(name)
    at = os.open(folder, _ANY_FOLDER)
    try:
        for part in folders:
            inner = _open(part, _FOLDER, at, folder / name)
            os.close(at)
            at = inner
        descriptor = _open(last, _FILE, at, folder / name)
    finally:
        os.close(at)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a plain file", str(folder / name))
    return descriptor


def write_below(folder: Path, name: str, content: bytes) -> None:
    """Write `name`, a path below `folder`, as a new file, in place of one that is there.

    Raises
    ------
    OSError
        It is not below `folder`, is reached through a link, or cannot be written.
    """
    *folders, last = parts_below(name)
    at = os.open(folder, _FOLDER)
    try:
        for part in folders:
            with suppress(FileExistsError):
                os.mkdir(part, dir_fd=at)
            inner = _open(part, _FOLDER, at, folder / name)
            os.close(at)
            at = inner
        with suppress(FileNotFoundError):
            os.unlink(last, dir_fd=at)
        with os.fdopen(os.open(last, _NEW, 0o666, dir_fd=at), "wb") as file:
            file.write(content)
    finally:
        os.close(at)


def open_growing(path: Path) -> int:
    """Return a descriptor that reads `path` and writes at its end; it is made if it is not there.

    Raises
    ------
    OSError
        It or its folder is a link, it is no plain file, or it has a second name; `strerror` says which.
    """
    at = os.open(path.parent, _FOLDER)
    try:
        descriptor = _open(path.name, _GROWING, at, path)
    finally:
        os.close(at)
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode) or facts.st_nlink > 1:
        os.close(descriptor)
        what = "it is another file too (a hard link)" if facts.st_nlink > 1 else "it is not a plain file"
        raise OSError(errno.EINVAL, what, str(path))
    return descriptor


def parts_below(name: str) -> tuple[str, ...]:
    """Return the parts of a path that stays below where it begins.

    Raises
    ------
    OSError
        It is empty, absolute, leads upwards, or holds what no path may.
    """
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\\" in name or not name.isprintable():
        raise OSError(errno.EINVAL, "it is outside the folder", name)
    return path.parts


def _open(name: str, flags: int, at: int, whole: Path) -> int:
    try:
        return os.open(name, flags, 0o666, dir_fd=at)
    except OSError as error:
        if error.errno == errno.ELOOP or _is_link(name, at):
            raise OSError(errno.ELOOP, "it is a link, and links are not followed", str(whole)) from None
        if error.errno == errno.ENXIO:  # a socket
            raise OSError(errno.EINVAL, "it is not a plain file", str(whole)) from None
        raise


def _is_link(name: str, at: int) -> bool:
    """Return whether it is a link; a linked folder is refused as no folder."""
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=at, follow_symlinks=False).st_mode)
    except OSError:
        return False
