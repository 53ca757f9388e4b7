"""Messages that wait, on the disk: what is not told when the program is killed is told by the next run.

One file a message, written at once and for its owner only, gone when it was told. A program that is killed
between telling and removing tells that one message twice. Where there is no place, or the disk is full, they
wait in memory only. Two programs that run at the same time have a folder each, which a lock tells apart; what
one leaves behind the next one to start takes over.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from monitor.bus.codec import decode_with
from monitor.errors import WireError
from monitor.files.reading import read_stored
from monitor.files.state_files import slug
from monitor.sinks.notify.letters import Message

_MOST_FOLDERS = 8
_MOST_BYTES = 1 << 20
_SUFFIX = ".message"
_DECODER = msgspec.json.Decoder(Message)
_PAYLOADS = msgspec.json.Decoder(dict[str, Any])


class Spool:
    """The messages for one target. Used by several threads, never two at once for one message.

    Parameters
    ----------
    parent
        The folder in which each target has its own; None: in memory only.
    name
        The target.
    """

    def __init__(self, parent: Path | None, name: str) -> None:
        self.trouble: str | None = None
        """Why messages wait in memory only, as a clause; None: they do not, or it was so asked for."""
        self._folder: Path | None = None
        self._locks: list[int] = []
        self._found: list[tuple[str, Message]] = []
        if parent is not None:
            self._open(parent / slug(name))

    @property
    def lasting(self) -> bool:
        """Whether what waits is still there after the program's end."""
        return self._folder is not None and self.trouble is None

    def found(self) -> list[tuple[str, Message]]:
        """Return what an earlier run left, oldest first, with the names it is kept under; once."""
        found, self._found = self._found, []
        return sorted(found, key=lambda one: one[0])

    def add(self, name: str, message: Message) -> None:
        """Keep `message`; where that fails `trouble` says why."""
        if self._folder is None:
            return
        try:
            _write(self._folder / f"{name}{_SUFFIX}", msgspec.json.encode(message))
        except OSError as error:
            self.trouble = f"{error.strerror or error}"
        else:
            self.trouble = None

    def remove(self, name: str) -> None:
        """Keep the message of that name no longer."""
        if self._folder is not None:
            with suppress(OSError):
                (self._folder / f"{name}{_SUFFIX}").unlink()

    def close(self) -> None:
        """Let another program have what is left; may be called twice."""
        locks, self._locks = self._locks, []
        for lock in locks:
            os.close(lock)

    def _open(self, base: Path) -> None:
        """Take the first folder that no other program has, and what others left in theirs."""
        for number in range(1, _MOST_FOLDERS + 1):
            folder = base if number == 1 else base.with_name(f"{base.name}@{number}")
            if self._folder is not None and not folder.exists():
                continue
            try:
                lock = _lock(folder)
            except OSError as error:
                self.trouble = f"{error.strerror or error}"
                return
            if lock is None:
                continue
            if self._folder is None:
                self._folder = folder
            self._locks.append(lock)
            for half in folder.glob("*.partial"):  # nobody is writing it: this program has the lock
                with suppress(OSError):
                    half.unlink()
            self._found += self._take_over(folder)

    def _take_over(self, folder: Path) -> Iterator[tuple[str, Message]]:
        for path in sorted(folder.glob(f"*{_SUFFIX}")):
            try:
                message = _message(read_stored(path, _MOST_BYTES))
            except (OSError, WireError):
                with suppress(OSError):  # half a file, or none of ours: it could never be told
                    path.unlink()
                continue
            if folder != self._folder and self._folder is not None:
                with suppress(OSError):
                    path.replace(self._folder / path.name)
            yield path.name.removesuffix(_SUFFIX), message


def _message(content: bytes) -> Message:
    """Return the message in a file, no text of it or of its payload such that it steers a terminal."""
    message = decode_with(_DECODER, content)
    with suppress(WireError):  # no JSON: as it is, it steers nothing either
        payload = decode_with(_PAYLOADS, message.payload.encode())
        return msgspec.structs.replace(message, payload=msgspec.json.encode(payload).decode())
    return message


def _lock(folder: Path) -> int | None:
    """Return a lock on `folder`, which is made if it is not there; None: another program has it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _keep_name(folder: Path) -> None:
    """Have the disk note down which files are in `folder`."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(path: Path, content: bytes) -> None:
    """Write a file that is either there as a whole or not at all, also after the power has failed."""
    partial = path.with_suffix(".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        _keep_name(path.parent)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise
