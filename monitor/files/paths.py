"""Where this program keeps its own files, by the XDG base directory specification, and what `~` stands for.

platformdirs knows the specification. A container or a service may have neither ``HOME`` nor an entry in the
list of users: then there is no place unless the variable of the specification names one, nothing is found
there, and nothing can be kept.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

_NAME = "monitor"
_OTHERS_WRITE = 0o022


def own_folder(kind: Literal["cache", "data", "state"]) -> Path | None:
    """Return this program's folder for files of a kind: below ``$XDG_CACHE_HOME`` and so on.

    It need not exist. None where neither the variable nor a home folder says where it would be.
    """
    from platformdirs import user_cache_path, user_data_path, user_state_path

    folders = {"cache": user_cache_path, "data": user_data_path, "state": user_state_path}
    try:
        return folders[kind](_NAME)
    except RuntimeError:  # no home
        return None


def runtime_folders() -> Iterator[Path]:
    """Yield where this program's folder for sockets may be, the best place first.

    platformdirs would give one place only, warn on standard error, and write a file to find the folder for
    temporary files.
    """
    uid = os.geteuid()
    stated = os.environ.get("XDG_RUNTIME_DIR", "")
    for parent in (Path(stated) if stated.startswith("/") else None, Path(f"/run/user/{uid}")):
        if parent is not None and _is_ours(parent):
            yield parent / _NAME
    temporary = tempfile.tempdir or os.environ.get("TMPDIR") or "/tmp"  # noqa: S108
    yield Path(os.fsdecode(temporary)).absolute() / f"{_NAME}-{uid}"


def _is_ours(folder: Path) -> bool:
    """Tell whether nobody else may put anything into `folder`."""
    with suppress(OSError):
        status = folder.stat()
        return (
            stat.S_ISDIR(status.st_mode)
            and status.st_uid == os.geteuid()
            and not status.st_mode & _OTHERS_WRITE
        )
    return False


def own_what_is_made() -> None:
    """Let the user read, change and enter what this process makes, whatever the umask takes from others."""
    os.umask(os.umask(0o077) & 0o077)


def user_path(text: str) -> Path:
    """Return a path as a user writes it, a ``~`` before the first slash expanded where that can be."""
    path = Path(text)
    try:
        return path.expanduser()
    except RuntimeError:  # no home, or a user who does not exist
        return path
