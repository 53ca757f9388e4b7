"""From `[uplink]` to a reader of what all nodes report."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Protocol

from monitor.config.settings import UplinkConfig
from monitor.errors import ConfigError, FleetError
from monitor.fleet.sightings import Sightings
from monitor.sinks.uplink.link import Topics
from monitor.sinks.uplink.opening import login_of, nats_login

_CONNECT_S = 15.0
_ANSWER_S = 2.0
"""After so long without another answer there will be none."""
_LOOK_S = 0.05
_NO_ANSWER = ("lost", "stopped")


class Reader(Protocol):
    """Brings `Sightings` what a broker has."""

    def start(self) -> None:
        """Connect; `Sightings` tells how that went."""

    def settle(self) -> None:
        """Wait until what the broker keeps has come."""

    def ask(self) -> None:
        """Ask all nodes for their time."""

    def order(self, node: str, payload: bytes) -> None:
        """Give a node an order; the broker keeps it until the next."""

    def forget(self, nodes: list[str]) -> None:
        """Let the broker keep nothing of how `nodes` are."""

    def close(self) -> None:
        """End."""


def open_reader(
    settings: UplinkConfig, sightings: Sightings, reports: bool = False, since: datetime | None = None
) -> Reader:
    """Return a reader that has connected, and brought what the broker keeps; the caller closes it.

    Raises
    ------
    ConfigError
        There is no broker in the settings, or something of it cannot be used.
    FleetError
        It cannot be reached.
    """
    if not settings.url:
        raise ConfigError(
            "To which broker do nodes report? Give --uplink URL, or --config FILE with [uplink]."
        )
    reader = _reader(settings, sightings, reports, since)
    reader.start()
    sightings.until(lambda: sightings.ready or bool(sightings.trouble), _CONNECT_S)
    if not sightings.ready:
        reader.close()
        why = sightings.trouble or "it does not answer"
        raise FleetError(f"The broker {login_of(settings).url} cannot be reached: {why}.")
    reader.settle()
    return reader


def compare_clocks(reader: Reader, sightings: Sightings) -> None:
    """Ask all nodes for their time; wait until those that should be there have answered, or no more do."""
    reader.ask()
    left, since_s = -1, time.monotonic()
    while awaited := len(_awaited(sightings)):
        now_s = time.monotonic()
        if awaited != left:
            left, since_s = awaited, now_s
        if now_s - since_s >= _ANSWER_S:
            return
        time.sleep(_LOOK_S)


def _awaited(sightings: Sightings) -> set[str]:
    return {
        node
        for node, one in sightings.seen().items()
        if one.presence not in _NO_ANSWER and one.offset_s is None and one.state and not one.state.stopped
    }


def _reader(settings: UplinkConfig, sightings: Sightings, reports: bool, since: datetime | None) -> Reader:
    address, topics = login_of(settings), Topics(settings.prefix, "+")
    if not address.nats:
        if since is not None:
            raise ConfigError("An MQTT broker keeps no reports; --since is for NATS. Leave it out to follow.")
        from monitor.fleet.mqtt_reader import MqttReader

        return MqttReader(address, settings.ca_file, topics, sightings, reports)
    login = nats_login(address, settings)
    from monitor.fleet.nats_reader import NatsReader

    return NatsReader(login, topics, sightings, reports, since)
