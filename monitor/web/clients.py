"""The browsers that look on, each with a queue of its own.

Overflow: a browser that does not take what waits for it is sent away once more than `MOST_WAITING` messages
do; it comes again by itself, and is then told all there is. Beyond `MOST_CLIENTS` none is let in. What waits
is sent together, at most once in `GATHER_S`, so that a flood of events costs a browser little drawing.
"""

from __future__ import annotations

import asyncio

import msgspec

from monitor.web.page_messages import PageMessage

MOST_CLIENTS = 24
MOST_WAITING = 2000
GATHER_S = 0.05
"""The first message after a pause goes out at once; those that come within this time of it, together."""


class Client:
    """What waits for one browser."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []
        self._wake = asyncio.Event()
        self.overrun = False
        """It was too slow, and what waited for it is gone."""

    def put(self, message: bytes) -> None:
        """Let one message, JSON, wait."""
        if len(self._waiting) >= MOST_WAITING:
            self.overrun = True
            self._waiting.clear()
        elif not self.overrun:
            self._waiting.append(message)
        self._wake.set()

    async def taken(self) -> str:
        """Return what waits as one JSON list, once there is something; empty text where it was too slow."""
        await self._wake.wait()
        self._wake.clear()
        waiting, self._waiting = self._waiting, []
        return "" if self.overrun else f"[{b','.join(waiting).decode()}]"


class Clients:
    """All browsers that look on. Used by the event loop's thread only."""

    def __init__(self) -> None:
        self._clients: set[Client] = set()

    def __len__(self) -> int:
        return len(self._clients)

    @property
    def full(self) -> bool:
        """Whether no more are let in."""
        return len(self._clients) >= MOST_CLIENTS

    def join(self, first: PageMessage) -> Client:
        """Return a new one, for whom `first` waits."""
        client = Client()
        client.put(msgspec.json.encode(first))
        self._clients.add(client)
        return client

    def leave(self, client: Client) -> None:
        """Forget one that has gone."""
        self._clients.discard(client)

    def tell(self, message: PageMessage) -> None:
        """Let a message wait for each."""
        if self._clients:
            encoded = msgspec.json.encode(message)
            for client in self._clients:
                client.put(encoded)
