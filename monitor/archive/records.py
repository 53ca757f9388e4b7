"""What travels between the one who plans a scan and those who hear: as JSON, from process to process."""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from monitor.config.settings import Config
from monitor.records import ClassPrompt

Status = Literal["heard", "damaged", "failed"]
"""`damaged`: all of it that was sound was heard; `failed`: nothing of it, or the program stumbled on it."""


class Recording(msgspec.Struct, frozen=True):
    """One recording of the archive, as it was found."""

    path: str
    """Where it lies: a path, or `s3://bucket/key`."""
    size: int
    """Bytes."""
    modified_ns: int
    """Nanoseconds since 1970."""

    @property
    def id(self) -> str:
        """What tells this state of this file from any other: 16 hexadecimal digits."""
        text = f"{self.path}\n{self.size}\n{self.modified_ns}"
        return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:16]


class Order(msgspec.Struct, frozen=True):
    """What every recording is heard by; the same for a whole scan."""

    folder: str
    """Where the tables are written."""
    config: Config
    classes: tuple[ClassPrompt, ...]
    scores: bool
    """Whether the score of every window is kept."""
    token: str
    """Of this run of the scan: another one takes what this one leaves."""


class Task(msgspec.Struct, frozen=True):
    """Recordings that are heard one after another, and whose tables become visible together."""

    number: int
    recordings: tuple[Recording, ...]


class Summary(msgspec.Struct):
    """What became of some recordings."""

    files: int = 0
    failed: int = 0
    damaged: int = 0
    events: int = 0
    windows: int = 0
    sound_s: float = 0.0
    """Seconds of sound."""
    cpu_s: float = 0.0
    """Seconds of CPU it took."""
    size: int = 0
    """Bytes of the recordings."""

    def add(self, other: Summary) -> None:
        """Count `other` in."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Step(msgspec.Struct, frozen=True, tag="step"):
    """How far a worker is, about once a second."""

    sound_s: float
    """Seconds of sound heard since it said so last."""
    size: int = 0
    """Bytes of recordings read since then."""
    path: str = ""
    """What it hears."""


class Done(msgspec.Struct, frozen=True, tag="done"):
    """A task is finished and its tables are there."""

    number: int
    summary: Summary


class Stuck(msgspec.Struct, frozen=True, tag="stuck"):
    """A worker cannot go on; no other could."""

    sentence: str


Told = Step | Done | Stuck
