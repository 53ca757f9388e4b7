"""Does the MQTT broker let this monitor in. Nothing is told to it."""

from __future__ import annotations

import os
import queue
import time
from collections.abc import Iterable

from monitor.doctor.findings import Examined, Finding, fault, ok
from monitor.errors import ConfigError
from monitor.sinks.mqtt.connection import Connection, Will
from monitor.sinks.mqtt.signals import Connected, Happened, Lost
from monitor.sinks.mqtt.sink import told_who

_CONNECT_S = 8.0
_END_S = 1.0
_DO = "Look whether it runs and at its address, user and password in [mqtt]; docs/mqtt.md has each key."


def check_broker(examined: Examined) -> Iterable[Finding]:
    """Find whether the broker of `[mqtt]` takes a connection with the user and password that are set."""
    settings = examined.config.mqtt
    if not settings.url:
        return []
    try:
        address = told_who(settings, None, os.environ)
        heard: queue.Queue[Happened] = queue.Queue()
        will = Will(f"{settings.prefix}/doctor", b"")  # empty: whatever happens, the broker keeps nothing
        connection = Connection(address, settings.ca_file, f"monitor-doctor-{os.getpid()}", will, heard.put)
    except ConfigError as error:
        return [fault("MQTT broker", str(error), _DO)]
    try:
        connection.start()
        why = why_not(heard)
    finally:
        connection.close(_END_S)
    if why:
        return [fault("MQTT broker", f"{address.url}: {why}", _DO)]
    return [ok("MQTT broker", f"{address.url} lets this monitor in")]


def why_not(heard: queue.Queue[Happened]) -> str:
    """Return why there is no connection; empty: there is one."""
    deadline_s = time.monotonic() + _CONNECT_S
    while (left_s := deadline_s - time.monotonic()) > 0.0:
        try:
            found = heard.get(timeout=left_s)
        except queue.Empty:
            break
        if isinstance(found, Connected):
            return ""
        if isinstance(found, Lost) and found.why:
            return found.why
    return "it does not answer"
