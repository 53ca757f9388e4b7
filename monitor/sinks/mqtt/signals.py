"""What a connection to a broker tells whoever uses it."""

from __future__ import annotations

import msgspec


class Connected(msgspec.Struct, frozen=True):
    """The broker has let us in."""


class Lost(msgspec.Struct, frozen=True):
    """There is no connection, or no longer."""

    why: str
    """In words; empty: none was given."""


class Denied(msgspec.Struct, frozen=True):
    """The broker does not let us hear what we asked for."""


class Granted(msgspec.Struct, frozen=True):
    """The broker lets us hear what we asked for; what it keeps of that is under way."""


class Acknowledged(msgspec.Struct, frozen=True):
    """The broker has what was published as `id`."""

    id: int


class Received(msgspec.Struct, frozen=True):
    """A message of a topic that was asked for."""

    topic: str
    payload: bytes
    retained: bool
    """It was kept by the broker from before it was asked for."""


Happened = Connected | Lost | Denied | Granted | Acknowledged | Received
