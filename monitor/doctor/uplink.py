"""Does the broker of many nodes let this one in. Nothing is told to it."""

from __future__ import annotations

import os
import queue
import uuid
from collections.abc import Iterable

from monitor.config.broker import BrokerAddress
from monitor.config.settings import UplinkConfig
from monitor.doctor.findings import Examined, Finding, fault, ok
from monitor.doctor.mqtt import why_not
from monitor.errors import ConfigError
from monitor.sinks.mqtt.connection import Connection
from monitor.sinks.mqtt.signals import Happened
from monitor.sinks.uplink.link import Topics
from monitor.sinks.uplink.opening import login_of, make_link, nats_login

_END_S = 1.0
_DO = "Look whether it runs and at its address, user and password in [uplink]; docs/fleet.md has each key."


def check_uplink(examined: Examined) -> Iterable[Finding]:
    """Find whether the broker of `[uplink]` takes a connection with what is set."""
    settings = examined.config.uplink
    if not settings.url:
        return []
    try:
        address = login_of(settings, os.environ)
        make_link(settings, Topics(settings.prefix, "doctor"))  # what it needs is there
        why = _nats(address, settings) if address.nats else _mqtt(address, settings)
    except ConfigError as error:
        return [fault("uplink", str(error), _DO)]
    if why:
        return [fault("uplink", f"{address.url}: {why}", _DO)]
    return [ok("uplink", f"{address.url} lets this node in")]


def _mqtt(address: BrokerAddress, settings: UplinkConfig) -> str:
    """Return why there is no connection; empty: there is one."""
    heard: queue.Queue[Happened] = queue.Queue()
    name = f"monitor-doctor-{uuid.uuid4().hex[:8]}"
    connection = Connection(address, settings.ca_file, name, None, heard.put, section="uplink")
    try:
        connection.start()
        return why_not(heard)
    finally:
        connection.close(_END_S)


def _nats(address: BrokerAddress, settings: UplinkConfig) -> str:
    import asyncio

    login = nats_login(address, settings)
    from monitor.sinks.uplink.nats_connection import NatsError, connected

    async def enter() -> None:
        async with connected(login, "monitor doctor"):
            pass

    try:
        asyncio.run(enter())
    except NatsError as error:
        return str(error)
    return ""
