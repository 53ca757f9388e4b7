"""What is on its way to somebody who is told, and what a channel gets to send."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from monitor.records import Instant

Kind = Literal["event", "more", "again", "update", "offset", "health", "test"]
"""`more`: a count of what came within the cool-down; `again`: nobody has acknowledged it."""


class Message(msgspec.Struct, frozen=True):
    """One thing that somebody is to be told."""

    kind: Kind
    created: Instant
    """When it was to be told."""
    title: str
    text: str
    payload: str
    """The record it is about: the payload of the wire with its `topic` before it, as `--log` writes."""
    urgent: bool = False
    times: int = 1
    """How many sounds it is about, or sources that cannot be heard, or can again."""
    source: str = ""
    """Of `health`: which source it is about, as a person calls it."""
    ids: tuple[str, ...] = ()
    """Of `again`: the events that were not acknowledged."""


class Letter(msgspec.Struct, frozen=True):
    """A message as it leaves."""

    kind: Kind
    title: str
    text: str
    payload: bytes
    """One line of JSON."""
    urgent: bool
    times: int
    late_s: float
    """Seconds since it was to be told."""


class NotTold(Exception):
    """An attempt to tell failed; `str(error)` is why, as a clause without any address."""

    def __init__(self, why: str, *, refused: bool = False) -> None:
        super().__init__(why)
        self.refused = refused
        """Whoever is told answered and said no: to try again for hours would be of no use."""


class Channel(Protocol):
    """A way to somebody. Used by one thread."""

    def send(self, letter: Letter) -> None:
        """Tell; return once it is known to be told.

        Raises
        ------
        NotTold
            It is not, or nobody knows.
        """

    def close(self) -> None:
        """Release everything; may be called twice, and by another thread."""
