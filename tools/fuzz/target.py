"""A place where bytes come in from outside, and the laws that hold there whatever they are.

A target is written once: the tests try it with seeds, kept inputs and hypothesis, `python -m tools.fuzz` with
a fuzzer that follows coverage. Laws: only the errors that are foreseen, each one sentence; no
hang, and memory in bounds, which whoever runs a target sees to; what is accepted can be written
and read back as the same.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from monitor.errors import MonitorError
from monitor.text import clean

MOST_S = 5.0
"""Seconds that one input may take, on a slow machine."""


class Broken(AssertionError):
    """A law does not hold."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One place where something comes in."""

    name: str
    check: Callable[[bytes], object]
    """Takes an input; raises where a law does not hold."""
    seeds: Callable[[], Sequence[bytes]]
    """Makes valid inputs to begin with, and a few that are nearly so."""
    native: bool = False
    """Most of it is a library's machine code, whose coverage nobody counts and which may crash: it is tried
    in a process of its own, with limits."""


@contextmanager
def only(*foreseen: type[Exception]) -> Iterator[None]:
    """Let foreseen errors pass, those of the program where none is named, if each is one sentence."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, foreseen or MonitorError):
            raise
        check_sentence(str(error))


def check_sentence(text: str) -> None:
    """Refuse what is no sentence for a terminal: nothing, or several lines."""
    if not text.strip() or "\n" in text or "\r" in text:
        raise Broken(f"no one sentence: {text[:200]!r}")


def check_same(before: object, after: object) -> None:
    """Refuse what does not come back as it was."""
    if before != after:
        raise Broken(f"not the same again: {str(before)[:300]!r} -> {str(after)[:300]!r}")


def check_clean(value: Any) -> None:
    """Refuse a record with a text in it that a terminal would obey, or that nobody sees."""
    for text in _texts(msgspec.to_builtins(value)):
        if clean(text) != text:
            raise Broken(f"not safe to show: {text[:200]!r}")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for pair in value.items() for one in pair for text in _texts(one))
    elif isinstance(value, list | tuple):
        yield from (text for one in value for text in _texts(one))


@cache
def workplace() -> Path:
    """Return a folder of this process for files that are read by their path."""
    memory = Path("/dev/shm")  # noqa: S108 - databases wait for a disk at each step
    folder = Path(tempfile.mkdtemp(prefix="fuzz", dir=memory if os.access(memory, os.W_OK) else None))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def as_file(content: bytes, name: str) -> Path:
    """Return a file with `content`, in place of the one before."""
    path = workplace() / name
    path.write_bytes(content)
    return path


@contextmanager
def at_home() -> Iterator[Path]:
    """Let the user's own folders be in the workplace, and return that; the environment is as before then."""
    names = ("XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "MONITOR_MODELS")
    before = {name: os.environ.pop(name, None) for name in names}
    os.environ |= {name: str(workplace()) for name in names[:3]}
    try:
        yield workplace() / "monitor"
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def put(path: Path, content: bytes) -> Path:
    """Write a file, in folders that are made where they are not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
