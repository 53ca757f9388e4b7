"""Where sound comes from: a microphone, a file, a pipe, or a scene made by code.

All satisfy one protocol, so that offline is online. `capture.py` carries any of them into the ring.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from monitor.names import slug

if TYPE_CHECKING:  # the capture process imports this package and must stay free of numpy
    from monitor.records import Block

__all__ = ["FIRST_BLOCK_S", "Patient", "Source", "slug"]

FIRST_BLOCK_S = 3.0
"""Seconds a live source may take from its opening to its first block; Bluetooth needs them."""

STDIN_ID = "stdin"
"""Id of standard input: a pipe, which may bring another place each time."""


class Source(Protocol):
    """A stream of sound. Used by one thread at a time."""

    @property
    def id(self) -> str:
        """Stable identity, letters, digits, `_` and `-` only; part of every topic."""

    @property
    def name(self) -> str:
        """What a person calls it."""

    @property
    def sample_rate(self) -> int:
        """Hz of the blocks; known once opened."""

    @property
    def live(self) -> bool:
        """True when sound passes whether anybody reads it or not."""

    def open(self) -> None:
        """Begin to deliver.

        Raises
        ------
        SourceError
            It cannot be opened; the message says why and what to do.
        """

    def read(self, timeout_s: float) -> Block | None:
        """Return the next block, or None if none came within `timeout_s` seconds.

        Raises
        ------
        EOFError
            The source has ended as it should.
        SourceDamaged
            It has ended, and something in it was not sound.
        SourceLost
            A live source went away; `close` and `open` may bring it back.
        """

    def close(self) -> None:
        """Stop and release everything, also when the driver hangs; may be called twice.

        The one method that another thread may call, to end a `read` or an `open` that takes too long.
        """


@runtime_checkable
class Channelled(Protocol):
    """A source that knows, once it is open, how many channels it has."""

    @property
    def channels(self) -> int:
        """How many; 0 until opened."""


@runtime_checkable
class Patient(Protocol):
    """A live source that keeps what it hears until it is read, and when that was."""

    @property
    def rest_s(self) -> float:
        """Seconds for which nobody need look."""

    @property
    def block_s(self) -> float:
        """Seconds from one block to the next."""
