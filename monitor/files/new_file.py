"""Files that a user asked for: made whole, never in place of another without being asked."""

from __future__ import annotations

import os
from pathlib import Path

from monitor.errors import ConfigError
from monitor.files.state_files import write_private


def refuse_taken(path: Path, *, force: bool) -> None:
    """Refuse a place where there is something already.

    Raises
    ------
    ConfigError
        There is, and `force` is not given, or it is no file; or its folder is not there.
    """
    if not path.absolute().parent.is_dir():
        raise ConfigError(f"There is no folder {path.parent}; make it, or name another place.")
    if path.exists() and not path.is_file():
        raise ConfigError(f"{path} is not a file; name one that is to be written.")
    if not force and (path.exists() or path.is_symlink()):
        raise ConfigError(f"{path} is there already; name another file, or add --force to replace it.")


def write_new(path: Path, text: str, *, force: bool) -> None:
    """Write a file that is there whole, or not at all.

    Raises
    ------
    ConfigError
        There is one and `force` is not given, or it cannot be written.
    """
    refuse_taken(path, force=force)
    try:
        write_over(path, text)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}; name another place.") from None


def write_over(path: Path, text: str) -> None:
    """Replace a file at once, also one that a link leads to; who may read it stays.

    Raises
    ------
    OSError
        It cannot be written; what was there stays.
    """
    there = path.resolve()
    mode = there.stat().st_mode & 0o777 if there.exists() else 0o600
    write_private(there, text.encode())
    os.chmod(there, mode)  # noqa: PTH101
