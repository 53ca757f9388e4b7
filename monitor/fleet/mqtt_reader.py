"""Reads what nodes report from an MQTT broker, which keeps only how each is."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from monitor.config.broker import BrokerAddress
from monitor.fleet.sightings import Sightings
from monitor.sinks.mqtt.connection import Connection
from monitor.sinks.mqtt.signals import Acknowledged, Connected, Denied, Granted, Happened, Lost, Received
from monitor.sinks.uplink.link import Topics

_QUIET_S = 0.4
"""What the broker keeps comes one after another; after such a pause it is all."""
_MOST_S = 30.0
_CLOSE_S = 3.0
_KINDS = ("state", "presence", "order", "answer")


class MqttReader:
    """A reader over MQTT; it connects again by itself.

    Parameters
    ----------
    address, ca_file
        As for `Connection`.
    topics
        Of every node.
    sightings
        Takes what comes.
    reports
        Reports are wanted too, as they come.
    """

    def __init__(
        self, address: BrokerAddress, ca_file: str, topics: Topics, sightings: Sightings, reports: bool
    ) -> None:
        self._topics = topics
        self._sightings = sightings
        kinds = (*_KINDS, "report") if reports else _KINDS
        self._wanted = [topics.of(kind) for kind in kinds]
        self._published = self._taken = 0
        name = f"{topics.prefix}-reader-{uuid.uuid4().hex[:8]}"
        self._connection = Connection(address, ca_file, name, None, self._hear, section="uplink")

    def start(self) -> None:
        """Connect; `Sightings` tells how that went."""
        self._connection.start()

    def settle(self) -> None:
        """Wait until what the broker keeps has come."""
        self._sightings.settle(_QUIET_S, _MOST_S)

    def ask(self) -> None:
        """Ask all nodes for their time."""
        ask = uuid.uuid4().hex
        self._sightings.asked(ask)
        self._publish(self._topics.ask, ask.encode(), retain=False)

    def order(self, node: str, payload: bytes) -> None:
        """Give a node an order; the broker keeps it until the next."""
        self._publish(Topics(self._topics.prefix, node).of("order"), payload, retain=True)

    def forget(self, nodes: Sequence[str]) -> None:
        """Let the broker keep nothing of `nodes`."""
        for node in nodes:
            for kind in ("state", "presence", "order"):
                self._publish(Topics(self._topics.prefix, node).of(kind), b"", retain=True)

    def _publish(self, topic: str, payload: bytes, retain: bool) -> None:
        self._published += 1
        self._connection.publish(topic, payload, retain)

    def close(self) -> None:
        """Wait until the broker has what was published, and end."""
        self._sightings.until(lambda: self._taken >= self._published, _CLOSE_S)
        self._connection.close(2.0)

    def _hear(self, happened: Happened) -> None:
        match happened:
            case Connected():
                self._connection.subscribe(self._wanted)
            case Granted():
                self._sightings.note(None, ready=True)
            case Denied():
                self._sightings.note("it does not let this user read what nodes report")
            case Lost(why=why):
                self._sightings.note(why or "the connection was lost")
            case Acknowledged():
                self._taken += 1
                self._sightings.note(self._sightings.trouble)
            case Received(topic=topic, payload=payload, retained=retained):
                what = topic.rpartition("/")[2]
                self._sightings.take(self._topics.node_of(topic), what, payload, live=not retained)
