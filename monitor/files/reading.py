"""Reading what lies among the files of this program or of the user, without waiting for anybody.

A name may belong to a pipe, a socket or a device as well, and opening or reading one of those can wait for
ever. Among stored files each of them is refused; a configuration may come through a pipe that somebody
writes into (``--config <(make-config)``), for a while.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

from monitor.waiting import readable

PIPE_WAIT_S = 10.0
"""How long a pipe may bring nothing."""
_MOST_BYTES = 4 << 20
"""Far more than any configuration or manifest has; TOML is read in pure Python."""
_MOST_NESTED = 50
"""Tables in tables; dotted keys make thousands of them without a bracket."""
_DEEP_KEY = re.compile(rf"""(?<![\w"'-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){{{_MOST_NESTED}}}""")
"""A key of more parts than that: for a few thousand `tomllib` takes seconds, for more it takes hours."""


def open_stored(path: Path) -> int:
    """Return a descriptor of a regular file, open for reading; the caller closes it.

    Raises
    ------
    OSError
        It cannot be opened, or is no regular file; `strerror` says which.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _not_regular(path)
    return descriptor


def read_stored(path: Path, most_bytes: int | None = None) -> bytes:
    """Return what a regular file holds, at most its first `most_bytes`.

    Raises
    ------
    OSError
        It cannot be read, or is no regular file; `strerror` says which.
    """
    with os.fdopen(open_stored(path), "rb") as file:
        return file.read(-1 if most_bytes is None else most_bytes)


def read_toml(path: Path, *, pipe: bool = False) -> dict[str, Any]:
    """Return what a TOML file says; where `pipe` allows it, also one that comes through a pipe.

    Raises
    ------
    OSError
        It cannot be read; `strerror` says why.
    ValueError
        It is not TOML, or a number in it is too long to be one.
    """
    content = _read_pipe(path) if pipe and path.is_fifo() else read_stored(path, _MOST_BYTES)
    return parse_toml(stored_text(content))


def stored_text(content: bytes) -> str:
    """Return the text of a file in UTF-8, with or without the mark that some editors write before it.

    Raises
    ------
    ValueError
        It is in another encoding.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("it is not written in UTF-8; save it as UTF-8") from None


def parse_toml(text: str) -> dict[str, Any]:
    """Return what `text` says; any fault in it is a ValueError."""
    if _DEEP_KEY.search(text):
        raise ValueError("it is nested too deeply")
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError:  # Python converts no more than some thousands of digits
        raise ValueError("a number in it has thousands of digits") from None
    if _is_deep(values):
        raise ValueError("it is nested too deeply")
    return values


def _is_deep(values: Any) -> bool:
    """Tell whether tables and lists are nested deeper than whoever goes through them can follow."""
    level = [values]
    for _ in range(_MOST_NESTED):
        tables = [one.values() for one in level if isinstance(one, dict)]
        lists = [one for one in level if isinstance(one, list)]
        level = [one for many in (*tables, *lists) for one in many if isinstance(one, dict | list)]
        if not level:
            return False
    return True


def _read_pipe(path: Path) -> bytes:
    """Return all that is written into a pipe until its last writer closes it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        content = b""
        while len(content) < _MOST_BYTES:
            if not readable(descriptor, PIPE_WAIT_S):
                raise OSError(errno.ETIMEDOUT, "it is a pipe, and nothing is written into it", str(path))
            piece = os.read(descriptor, 1 << 16)
            if not piece:
                break
            content += piece
    finally:
        os.close(descriptor)
    return content


def _not_regular(path: Path) -> OSError:
    return OSError(errno.EINVAL, "it is a folder" if path.is_dir() else "it is not a regular file", str(path))
