"""A node's link to an MQTT broker. The broker says itself, by the will, that a node has died."""

from __future__ import annotations

from collections.abc import Callable

from monitor.config.broker import BrokerAddress
from monitor.sinks.mqtt.connection import Connection, Will
from monitor.sinks.mqtt.signals import Connected, Happened, Lost, Received
from monitor.sinks.uplink.link import Asked, Ordered, Topics
from monitor.text import sanitise

ONLINE, STOPPED, LOST = b"online", b"stopped", b"lost"
_LONGEST_ASK = 64


class MqttLink:
    """A `Link` over MQTT.

    Parameters
    ----------
    address, ca_file
        As for `Connection`.
    topics
        Where the node's things are.
    heard
        Takes what happens, on another thread; never waits.
    """

    def __init__(
        self, address: BrokerAddress, ca_file: str, topics: Topics, heard: Callable[[object], None]
    ) -> None:
        self._topics = topics
        self._heard = heard
        self._presence = b""
        # One name a node: where a broker still keeps the dead connection of a run before, this one ends it,
        # and so the last word of that one does not come after the first of this one.
        name = f"{topics.prefix}-{topics.node}"
        will = Will(topics.of("presence"), LOST)
        self._connection = Connection(address, ca_file, name, will, self._hear, section="uplink")

    def start(self) -> None:
        """Connect as soon as that can be done; returns at once."""
        self._connection.start()

    def report(self, id_: str, payload: bytes) -> int:
        """Hand a report over; what tells it from others is in it."""
        del id_
        return self._connection.publish(self._topics.of("report"), payload, retain=False)

    def state(self, payload: bytes, stopped: bool) -> int:
        """Let the broker keep how the node is, and that it is there."""
        presence = STOPPED if stopped else ONLINE
        if presence != self._presence:
            self._presence = presence
            self._connection.publish(self._topics.of("presence"), presence, retain=True)
        return self._connection.publish(self._topics.of("state"), payload, retain=True)

    def answer(self, asked: Asked, payload: bytes) -> None:
        """Answer somebody."""
        del asked
        self._connection.publish(self._topics.of("answer"), payload, retain=False)

    def close(self, wait_s: float) -> None:
        """End in order; returns after `wait_s` in any case."""
        self._connection.close(wait_s)

    def _hear(self, happened: Happened) -> None:
        match happened:
            case Received(topic=topic, payload=payload, retained=False) if topic == self._topics.ask:
                self._heard(Asked(sanitise(payload[:_LONGEST_ASK].decode("utf-8", "replace"))))
            case Received(topic=topic, payload=payload) if topic == self._topics.of("order") and payload:
                self._heard(Ordered(payload))
            case Received():
                pass
            case _:
                if isinstance(happened, Connected):
                    self._presence = b""
                    self._connection.subscribe([self._topics.ask, self._topics.of("order")])
                elif isinstance(happened, Lost):
                    self._presence = b""
                self._heard(happened)
