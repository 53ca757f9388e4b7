"""A connection to the broker of many nodes, whichever it speaks, and what it tells whoever uses it."""

from __future__ import annotations

import random
from typing import Protocol

import msgspec

from monitor.sinks.broker import BrokerLink
from monitor.sinks.mqtt.signals import Acknowledged, Connected, Denied, Lost

__all__ = ["Acknowledged", "Asked", "Connected", "Denied", "Link", "Lost", "Ordered", "Topics", "pause_s"]

_FIRST_S, _MOST_S = 1.0, 30.0
_MOST_DOUBLINGS = 8


class Asked(msgspec.Struct, frozen=True):
    """Somebody compares clocks."""

    ask: str
    """What tells his question from others."""
    reply: str = ""
    """Where the answer goes; of NATS only."""


class Ordered(msgspec.Struct, frozen=True):
    """Somebody wants this node to have other settings."""

    payload: bytes


class Topics(msgspec.Struct, frozen=True):
    """Where things are on the broker, written as MQTT has it."""

    prefix: str
    node: str
    """In letters that a topic may have; `+` is every node."""

    @property
    def ask(self) -> str:
        """Where all nodes are asked for their time."""
        return f"{self.prefix}/ask"

    def of(self, what: str) -> str:
        """Return the topic of `what` of the node."""
        return f"{self.prefix}/{self.node}/{what}"

    def node_of(self, topic: str) -> str:
        """Return whose `topic` it is."""
        return topic.removeprefix(f"{self.prefix}/").partition("/")[0]


class Link(BrokerLink, Protocol):
    """A connection to the broker; `Connected`, `Lost` … tell how it is.

    What was handed over and not acknowledged when it was lost is sent again over the next one, in order.
    """

    def report(self, id_: str, payload: bytes) -> int:
        """Hand a report over; return what it is acknowledged by. Never waits."""

    def state(self, payload: bytes, stopped: bool) -> int:
        """Let the broker keep how the node is; return what it is acknowledged by. Never waits."""

    def answer(self, asked: Asked, payload: bytes) -> None:
        """Answer somebody. Never waits."""


def pause_s(failures: int) -> float:
    """Return how long to wait before the next attempt, after so many that failed.

    It is drawn at random from all that is allowed ("full jitter"), so that nodes that lost their broker at
    the same moment do not come back at the same moment.
    """
    most = min(_MOST_S, _FIRST_S * 2.0 ** min(failures, _MOST_DOUBLINGS))
    return random.uniform(0.1, most)
