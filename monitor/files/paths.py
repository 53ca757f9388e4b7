"""Where this program keeps its own files, by the XDG base directory specification, and what `~` stands for.

A container or a service may have neither ``HOME`` nor an entry in the list of users: then there is no place
unless the variable of the specification names one, nothing is found there, and nothing can be kept.
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path

_BELOW_HOME = {"XDG_CACHE_HOME": ".cache", "XDG_DATA_HOME": ".local/share", "XDG_STATE_HOME": ".local/state"}


def own_folder(variable: str) -> Path | None:
    """Return this program's folder below `variable` (``XDG_CACHE_HOME``, ``…_DATA_…`` or ``…_STATE_…``).

    It need not exist. None where neither the variable nor a home folder says where it would be.
    """
    base = Path(os.environ.get(variable, ""))
    if base.is_absolute():  # the specification: others are to be ignored
        return base / "monitor"
    home = home_folder()
    return None if home is None else home / _BELOW_HOME[variable] / "monitor"


def home_folder() -> Path | None:
    """Return the user's home, None where there is none."""
    home = Path(os.environ.get("HOME", ""))
    if not home.is_absolute():
        try:
            home = Path(pwd.getpwuid(os.getuid()).pw_dir)
        except KeyError:  # a user that is only a number
            return None
    return home if home.is_absolute() else None


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
