"""A node's link to a NATS server: reports are kept once each by JetStream, which tells by their ids."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress

import msgspec
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from monitor.sinks.uplink.link import Acknowledged, Asked, Connected, Lost, Ordered, Topics, pause_s
from monitor.sinks.uplink.nats_connection import (
    NatsError,
    NatsLogin,
    connected,
    prepare,
    refused,
    run_to_end,
    streams,
    subject,
)
from monitor.text import sanitise

_LATE_S = 10.0
"""What is not acknowledged for so long is sent again, over another connection."""
_LONGEST_ASK = 64


class _Sent(msgspec.Struct):
    """What the server is to keep."""

    subject: str
    payload: bytes
    id: str = ""
    """By which it knows a report again; empty: it is no report."""
    since_s: float = 0.0
    """Clock of the loop, when it was sent last; 0: never."""


class NatsLink:
    """A `Link` over NATS, with an event loop on a thread of its own.

    Parameters
    ----------
    login
        Where the server is.
    topics
        Where the node's things are.
    heard
        Takes what happens, on that thread; never waits.
    """

    def __init__(self, login: NatsLogin, topics: Topics, heard: Callable[[object], None]) -> None:
        self._login = login
        self._topics = topics
        self._heard = heard
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._work, name="nats", daemon=True)
        self._news = asyncio.Event()
        self._closing = False
        self._numbers = 0
        self._under_way: OrderedDict[int, _Sent] = OrderedDict()
        self._answers: list[tuple[str, bytes]] = []
        self._trouble = ""

    def start(self) -> None:
        """Connect as soon as that can be done; returns at once."""
        self._thread.start()

    def report(self, id_: str, payload: bytes) -> int:
        """Hand a report over; return what it is acknowledged by."""
        return self._send(_Sent(subject(self._topics.of("report")), payload, id_))

    def state(self, payload: bytes, stopped: bool) -> int:
        """Let the server keep how the node is."""
        del stopped  # it is in the payload
        return self._send(_Sent(subject(self._topics.of("state")), payload))

    def answer(self, asked: Asked, payload: bytes) -> None:
        """Answer somebody."""
        self._in_loop(lambda: self._answers.append((asked.reply, payload)))

    def close(self, wait_s: float) -> None:
        """End in order; returns after `wait_s` in any case."""

        def end() -> None:
            self._closing = True

        self._in_loop(end)
        self._thread.join(wait_s)

    def _send(self, sent: _Sent) -> int:
        self._numbers += 1
        number = self._numbers
        self._in_loop(lambda: self._under_way.update({number: sent}))
        return number

    def _in_loop(self, do: Callable[[], object]) -> None:
        def done() -> None:
            do()
            self._news.set()

        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(done)

    def _work(self) -> None:
        run_to_end(self._loop, self._serve())

    async def _serve(self) -> None:
        failures = 0
        while not self._closing:
            try:
                async with connected(self._login, f"monitor {self._topics.node}") as client:
                    await prepare(client, self._topics)
                    failures = 0
                    await self._use(client)
            except NatsError as error:
                self._heard(Lost(str(error)))
            else:
                self._heard(Lost(""))
            failures += 1
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._closed(), pause_s(failures))

    async def _closed(self) -> None:
        while not self._closing:
            self._news.clear()
            await self._news.wait()

    async def _use(self, client: Client) -> None:
        """Send what is new until the connection is lost or it is the end."""
        inbox = client.new_inbox()
        await client.subscribe(f"{inbox}.*", cb=self._acknowledged)
        await client.subscribe(subject(self._topics.ask), cb=self._asked)
        await self._follow_orders(client)
        self._trouble = ""
        for sent in self._under_way.values():
            sent.since_s = 0.0
        self._heard(Connected())
        while client.is_connected and not self._trouble:
            self._news.clear()
            await self._publish(client, inbox)
            if self._closing:
                await client.drain()
                return
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._news.wait(), 1.0)
        if self._trouble:
            raise NatsError(self._trouble)

    async def _follow_orders(self, client: Client) -> None:
        """Hear of new orders, and of the last one that the server keeps."""
        orders = subject(self._topics.of("order"))

        async def take(message: Msg) -> None:
            self._heard(Ordered(message.data))

        await client.subscribe(orders, cb=take)
        with suppress(nats.errors.Error, TimeoutError):  # there is none, or it is not ours to read
            kept = await client.jetstream().get_last_msg(streams(self._topics)[1], orders)
            self._heard(Ordered(kept.data or b""))

    async def _publish(self, client: Client, inbox: str) -> None:
        now_s = self._loop.time()
        for number, sent in list(self._under_way.items()):
            if sent.since_s and now_s - sent.since_s > _LATE_S:
                self._trouble = "it does not acknowledge what it is sent"
            if not sent.since_s:
                sent.since_s = now_s
                headers = {"Nats-Msg-Id": sent.id} if sent.id else None
                with suppress(Exception):  # the connection is going: it is sent again over the next
                    await client.publish(sent.subject, sent.payload, f"{inbox}.{number}", headers)
        for reply, payload in self._answers:
            with suppress(Exception):
                await client.publish(reply, payload)
        self._answers.clear()

    async def _acknowledged(self, message: Msg) -> None:
        why = refused(message.data, message.headers)
        number = int(message.subject.rpartition(".")[2])
        if why:
            self._trouble = why
        elif self._under_way.pop(number, None) is not None:
            self._heard(Acknowledged(number))
        self._news.set()

    async def _asked(self, message: Msg) -> None:
        if message.reply:
            ask = sanitise(message.data[:_LONGEST_ASK].decode("utf-8", "replace"))
            self._heard(Asked(ask, message.reply))
