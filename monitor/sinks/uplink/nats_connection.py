"""A connection to a NATS server with JetStream: the only file that knows nats-py.

The library asks nobody but the server that is named, and writes no file; it reads the credentials that it is
given. Its own reconnecting is not used: it has no jitter, and forgets what was under way.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

import msgspec
import nats
import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import RetentionPolicy, StorageType, StreamConfig

from monitor.config.broker import BrokerAddress
from monitor.errors import ConfigError
from monitor.extras import install
from monitor.sinks.mqtt.connection import reason_of, trusting
from monitor.sinks.uplink.link import Topics
from monitor.text import sanitise

_CONNECT_S = 5
_PING_S = 10
"""A server that answers none of two is taken for gone."""
_ASK_S = 5.0
_KEEP_S = 30 * 86_400.0
_KEEP_BYTES = 4 << 30
_SAME_WITHIN_S = 3600.0
"""For so long the server knows a report again that is sent twice."""


class NatsLogin(NamedTuple):
    """Where a server is, and who is told to it."""

    address: BrokerAddress
    ca_file: str = ""
    credentials_file: str = ""


class NatsError(Exception):
    """There is no connection, or it is of no use; `str(error)` says why, as a clause."""


def subject(topic: str) -> str:
    """Return a topic as NATS writes it."""
    return topic.replace("/", ".").replace("+", "*")


def topic_of(subject: str) -> str:
    """Return a subject as MQTT writes it."""
    return subject.replace(".", "/")


def streams(topics: Topics) -> tuple[str, str]:
    """Return what the streams are called: that of reports, and that of what is so."""
    name = topics.prefix.replace("/", "_")
    return f"{name}_reports", f"{name}_states"


@asynccontextmanager
async def connected(login: NatsLogin, name: str) -> AsyncIterator[Client]:
    """Hold a connection; it is not made again.

    Raises
    ------
    NatsError
        There is none.
    """
    made = False
    context = trusting(login.ca_file, "uplink") if login.address.tls else None

    async def fail(error: Exception) -> None:
        if not made:  # the library would try again by itself
            raise NatsError(_why(error))

    try:
        client = await nats.connect(
            login.address.url,
            name=name,
            error_cb=fail,
            allow_reconnect=False,
            connect_timeout=_CONNECT_S,
            ping_interval=_PING_S,
            **_who(login, context),
        )
    except (TimeoutError, OSError, nats.errors.Error, ValueError) as error:
        raise NatsError(_why(error)) from None
    made = True
    try:
        yield client
    finally:
        with suppress(Exception):
            await client.close()


def run_to_end(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, None]) -> None:
    """Do `work` in `loop`, end what the library still does in it, and close it."""
    try:
        loop.run_until_complete(work)
    finally:
        loop.run_until_complete(_cancelled(asyncio.all_tasks(loop)))
        loop.close()


async def _cancelled(tasks: Iterable[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def prepare(client: Client, topics: Topics) -> None:
    """Make the streams where they are not there yet; where that is not ours to do they are hoped for.

    Raises
    ------
    NatsError
        The server has no JetStream, or no space for them.
    """
    manager = client.jetstream(timeout=_ASK_S)
    reports, states = streams(topics)
    every = Topics(topics.prefix, "+")
    wanted = (
        StreamConfig(
            name=reports,
            subjects=[subject(every.of("report"))],
            storage=StorageType.FILE,
            retention=RetentionPolicy.LIMITS,
            max_age=_KEEP_S,
            max_bytes=_KEEP_BYTES,
            duplicate_window=_SAME_WITHIN_S,
        ),
        StreamConfig(
            name=states,
            subjects=[subject(every.of("state")), subject(every.of("order"))],
            storage=StorageType.FILE,
            max_msgs_per_subject=1,
        ),
    )
    for config in wanted:
        try:
            await _there(manager, config)
        except nats.js.errors.ServiceUnavailableError:
            raise NatsError("it keeps nothing: start nats-server with -js (JetStream)") from None
        except nats.js.errors.APIError as error:
            raise NatsError(f"it cannot keep {config.name}: {sanitise(error.description or '')}") from None
        except (TimeoutError, nats.errors.Error):
            continue


async def _there(manager: JetStreamContext, config: StreamConfig) -> None:
    try:
        await manager.stream_info(str(config.name))
    except nats.js.errors.NotFoundError:
        with suppress(nats.js.errors.BadRequestError):  # somebody else was faster
            await manager.add_stream(config)


def refused(acknowledgement: bytes, headers: dict[str, str] | None) -> str:
    """Return why the server did not keep what was published; empty: it did."""
    if headers and headers.get("Status") == "503":
        return "nothing there keeps reports: no stream was made (docs/fleet.md)"
    try:
        error = _KEPT.decode(acknowledgement).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "it answers what is no acknowledgement"
    return sanitise(str(error.get("description", "it refuses"))) if error else ""


class _Kept(msgspec.Struct):
    error: dict[str, Any] | None = None


_KEPT = msgspec.json.Decoder(_Kept)


def _who(login: NatsLogin, context: ssl.SSLContext | None) -> dict[str, Any]:
    address = login.address
    who: dict[str, Any] = {"tls": context} if context is not None else {}
    if login.credentials_file:
        return {**who, "user_credentials": login.credentials_file}
    if address.user:
        who |= {"user": address.user, "password": address.password.text if address.password else ""}
    return who


def _why(error: BaseException) -> str:
    """Return why there is no connection, in words."""
    said = str(error).lower()
    if "authorization" in said or "authentication" in said:
        return "it refuses this user; check [uplink] user, and the password in the variable or file there"
    if isinstance(error, nats.errors.TimeoutError | asyncio.TimeoutError):
        return "it does not answer"
    if isinstance(error, ConnectionError) and error.errno:
        return os.strerror(error.errno)
    return reason_of(error, "uplink") if isinstance(error, OSError) else sanitise(str(error) or "no reason")


def check_credentials(path: str) -> None:
    """Refuse credentials that cannot be used.

    Raises
    ------
    ConfigError
        They cannot be read, or what reads them is not installed.
    """
    try:
        import nkeys  # noqa: F401
    except ImportError:
        raise ConfigError(f"A .creds file needs nkeys: {install(extra='fleet')}") from None
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            content = file.read(65_536)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigError(f"uplink.credentials_file is {path!r}, which cannot be read: {why}.") from None
    if "NKEY SEED" not in content:
        raise ConfigError(f"uplink.credentials_file is {path!r}; valid: a .creds file, with a seed in it.")
