"""Settings that a node was sent, and those before them, kept for its next runs."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Literal

import msgspec

from monitor.files.paths import own_folder
from monitor.files.reading import read_stored
from monitor.files.state_files import write_private

_MOST_BYTES = 1 << 20
Outcome = Literal["", "trying", "applied", "refused", "rolled_back"]


class PushedConfig(msgspec.Struct, frozen=True):
    """Settings from elsewhere."""

    number: int
    """Of the order that brought them."""
    toml: str

    @property
    def hash(self) -> str:
        """What tells them from others."""
        return hashlib.sha256(self.toml.encode(errors="replace")).hexdigest()[:12]


class Pushed(msgspec.Struct, frozen=True):
    """What a node was sent and what became of it."""

    current: PushedConfig | None = None
    """In force, or tried; None: the node's own file alone."""
    previous: PushedConfig | None = None
    """What was in force before it."""
    trying: bool = False
    """`current` has not proved itself yet."""
    order: int = 0
    """The last order that was looked at."""
    outcome: Outcome = ""
    why: str = ""

    def undone(self, outcome: Outcome, why: str) -> Pushed:
        """Return the same with what was in force before."""
        return Pushed(self.previous, None, False, self.order, outcome, why)


_DECODER = msgspec.json.Decoder(Pushed)


def pushed_file(prefix: str, node: str) -> Path | None:
    """Return where that of a node is kept; None: there is no home folder."""
    folder = own_folder("state")
    return None if folder is None else folder / "uplink" / f"{prefix.replace('/', '.')}@{node}.json"


def read_pushed(path: Path | None) -> Pushed:
    """Return what is kept; what cannot be read is as if there were nothing."""
    if path is None:
        return Pushed()
    try:
        return _DECODER.decode(read_stored(path, _MOST_BYTES))
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return Pushed()


def write_pushed(path: Path | None, pushed: Pushed) -> None:
    """Keep it, for the owner only.

    Raises
    ------
    OSError
        It cannot be kept; what was there stays.
    """
    if path is None:
        raise FileNotFoundError(2, os.strerror(2), "no home folder")
    write_private(path, msgspec.json.encode(pushed))
