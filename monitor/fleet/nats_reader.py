"""Reads what nodes report from a NATS server, which keeps how each is, and all reports for a month."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import ConsumerConfig, DeliverPolicy

from monitor.fleet.sightings import Sightings
from monitor.sinks.uplink.link import Topics, pause_s
from monitor.sinks.uplink.nats_connection import (
    NatsError,
    NatsLogin,
    connected,
    prepare,
    run_to_end,
    streams,
    subject,
    topic_of,
)

_CLOSE_S = 3.0
_QUIET_S = 0.5
"""What the server keeps comes without pauses as long as that."""


class NatsReader:
    """A reader over NATS, with an event loop on a thread of its own; it connects again by itself.

    Parameters
    ----------
    login
        Where the server is.
    topics
        Of every node.
    sightings
        Takes what comes.
    reports
        Reports are wanted too.
    since
        Those that came from then on; None: as they come.
    """

    def __init__(
        self,
        login: NatsLogin,
        topics: Topics,
        sightings: Sightings,
        reports: bool,
        since: datetime | None = None,
    ) -> None:
        self._login = login
        self._topics = topics
        self._sightings = sightings
        self._reports = reports
        self._since = since
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._work, name="nats", daemon=True)
        self._closing = asyncio.Event()
        self._client: Client | None = None
        self._next = 0  # sequence of the first report that has not come; 0: not known
        self._inbox = ""

    def start(self) -> None:
        """Connect; `Sightings` tells how that went."""
        self._thread.start()

    def settle(self) -> None:
        """Return at once: when it is ready all has come."""

    def ask(self) -> None:
        """Ask all nodes for their time."""
        ask = uuid.uuid4().hex

        async def publish(client: Client) -> None:
            self._sightings.asked(ask)
            await client.publish(subject(self._topics.ask), ask.encode(), reply=self._inbox)

        self._do(publish)

    def order(self, node: str, payload: bytes) -> None:
        """Give a node an order; the server keeps it until the next."""
        topics = Topics(self._topics.prefix, node)

        async def publish(client: Client) -> None:
            await client.jetstream().publish(subject(topics.of("order")), payload)

        self._do(publish)

    def forget(self, nodes: Sequence[str]) -> None:
        """Let the server keep nothing of how `nodes` are; reports stay as long as all do."""

        async def purge(client: Client) -> None:
            _, states = streams(self._topics)
            for node in nodes:
                topics = Topics(self._topics.prefix, node)
                await client.jetstream().purge_stream(states, subject=subject(topics.of("*")))

        self._do(purge)

    def close(self) -> None:
        """End."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(_CLOSE_S)

    def _do(self, what: object) -> None:
        async def done() -> None:
            if self._client is not None:
                await what(self._client)  # type: ignore[operator]

        asyncio.run_coroutine_threadsafe(done(), self._loop).result(_CLOSE_S)

    def _work(self) -> None:
        run_to_end(self._loop, self._serve())

    async def _serve(self) -> None:
        failures = 0
        while not self._closing.is_set():
            try:
                async with connected(self._login, "monitor fleet") as client:
                    await prepare(client, self._topics)
                    failures = 0
                    await self._read(client)
            except NatsError as error:
                self._sightings.note(str(error))
            self._client = None
            failures += 1
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._closing.wait(), pause_s(failures))

    async def _read(self, client: Client) -> None:
        """Take what is kept, then what comes, until the connection is lost or it is the end."""
        self._inbox = client.new_inbox()
        await client.subscribe(self._inbox, cb=self._answered)
        reports, states = streams(self._topics)
        for kind in ("order", "state"):
            last = ConsumerConfig(deliver_policy=DeliverPolicy.LAST_PER_SUBJECT)
            await self._follow(client, states, self._topics.of(kind), last)
        if self._reports:
            begin = await self._begin(client, reports)
            await self._follow(client, reports, self._topics.of("report"), begin)
        self._client = client
        self._sightings.note(None, ready=True)
        while client.is_connected and not self._closing.is_set():
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._closing.wait(), 1.0)
        if not self._closing.is_set():
            self._sightings.note("the connection was lost")

    async def _begin(self, client: Client, stream: str) -> ConsumerConfig:
        """Return from where on reports are wanted: after a loss, from the first that has not come."""
        if self._next == 0 and self._since is not None:
            since = self._since.isoformat()
            return ConsumerConfig(deliver_policy=DeliverPolicy.BY_START_TIME, opt_start_time=since)  # type: ignore[arg-type]
        if self._next == 0:
            self._next = (await client.jetstream().stream_info(stream)).state.last_seq + 1
        return ConsumerConfig(deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=self._next)

    async def _follow(self, client: Client, stream: str, topic: str, config: ConsumerConfig) -> None:
        """Let what a stream keeps come, and what it is sent later; return when what it keeps is there."""
        came = asyncio.Event()
        left = 1

        async def take(message: Msg) -> None:
            nonlocal left
            self._take(message)
            left = message.metadata.num_pending
            came.set()

        try:
            consumer = await client.jetstream().subscribe(
                subject(topic), stream=stream, ordered_consumer=True, config=config, cb=take
            )
            known = await consumer.consumer_info()
            begun = known.num_pending or (known.delivered and known.delivered.consumer_seq)
            while begun and left:
                came.clear()
                await asyncio.wait_for(came.wait(), _QUIET_S)
        except TimeoutError:  # how much is left may be counted too high: what was replaced meanwhile
            return
        except nats.errors.Error as error:
            raise NatsError(f"what nodes report cannot be read: {error}") from None

    def _take(self, message: Msg) -> None:
        topic, at = topic_of(message.subject), message.metadata.timestamp
        what = topic.rpartition("/")[2]
        if what == "report":
            self._next = message.metadata.sequence.stream + 1
        live = self._client is not None
        self._sightings.take(self._topics.node_of(topic), what, message.data, live, at)

    async def _answered(self, message: Msg) -> None:
        self._sightings.take_answer(message.data)
