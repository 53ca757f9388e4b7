"""All monitors that the page shows: a reader and a board for each, and the browsers that are told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from monitor.bus.client import Followed
from monitor.web.asking import Place
from monitor.web.board import Board
from monitor.web.clients import GATHER_S, Clients
from monitor.web.page_messages import Tick, Whole
from monitor.web.reader import Reader

TICK_S = 1.0


class Following:
    """Follows monitors at `places`. Its methods are for the event loop's thread.

    Parameters
    ----------
    places
        Where they publish and answer.
    version
        Of this program.
    """

    def __init__(self, places: Sequence[Place], version: str) -> None:
        self.places = tuple(places)
        self.clients = Clients()
        self._version = version
        self._boards = [
            Board(number, place.endpoint, datetime.now(UTC)) for number, place in enumerate(places)
        ]

    @property
    def whole(self) -> Whole:
        """All there is to know."""
        return Whole(self._version, datetime.now(UTC), [board.machine for board in self._boards])

    def is_alive(self, number: int) -> bool:
        """Tell whether monitor `number` gives signs of life."""
        return self._boards[number].contact == "alive"

    @property
    def alive_places(self) -> list[Place]:
        """Where the monitors are that give signs of life."""
        return [place for number, place in enumerate(self.places) if self.is_alive(number)]

    def take(self, number: int, records: Sequence[Followed]) -> None:
        """Take in what monitor `number` said, and tell the browsers what that changes."""
        for message in self._boards[number].take(records, datetime.now(UTC)):
            self.clients.tell(message)

    def doing(self, what: str) -> None:
        """Tell what the only monitor does before it is one."""
        self.clients.tell(self._boards[0].doing(what))

    @staticmethod
    async def gathered() -> None:
        """Return once what comes meanwhile may go out together."""
        await asyncio.sleep(GATHER_S)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow until the block ends."""
        loop = asyncio.get_running_loop()
        readers = [
            Reader(place.endpoint, place.control, _HandingOn(loop, self, number))
            for number, place in enumerate(self.places)
        ]
        for reader in readers:
            reader.start()
        ticking = asyncio.create_task(self._tick())
        try:
            yield
        finally:
            ticking.cancel()
            for reader in readers:
                await asyncio.to_thread(reader.stop)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self.clients.tell(Tick(datetime.now(UTC), [board.take_levels() for board in self._boards]))


class _HandingOn:
    """Brings what a reader's thread has to the event loop's."""

    def __init__(self, loop: asyncio.AbstractEventLoop, following: Following, number: int) -> None:
        self._loop = loop
        self._following = following
        self._number = number

    def __call__(self, records: Sequence[Followed]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._following.take, self._number, records)
