"""What the broker is to know of a node: from records to messages that wait for it. Pure.

Until the first health of a source nothing is announced: a monitor that loads its model hears nothing yet.
"""

from __future__ import annotations

from typing import Any

import msgspec

from monitor.bus.codec import encode_json, topic_of
from monitor.bus.messages import Event, Health, PublishedRecord, Snapshot
from monitor.bus.publisher_state import PublisherState
from monitor.records import Instant
from monitor.sinks.mqtt.commands import Command
from monitor.sinks.mqtt.discovery import discovery, with_removals
from monitor.sinks.mqtt.node import SET, Node
from monitor.sinks.mqtt.pending import Pending, State, Told
from monitor.sinks.mqtt.states import OFFLINE, ONLINE, changed, is_told, states
from monitor.text import sanitise


class _Refusal(msgspec.Struct, frozen=True):
    """What was asked for and not done."""

    topic: str
    payload: str
    error: str


class Board:
    """Puts what is new into `pending`.

    Parameters
    ----------
    node
        Whose board it is.
    pending
        What waits for the broker.
    """

    def __init__(self, node: Node, pending: Pending) -> None:
        self._node = node
        self._pending = pending
        self._known = PublisherState()
        self._healths: dict[str, Health] = {}
        self._told: dict[str, bytes] = {}  # states that the broker has, or that wait for it
        self._open = False
        self._news = False  # something may not be as it was told
        self._described: object = None
        self._earlier: bytes | None = None

    @property
    def healths(self) -> dict[str, Health]:
        """The last health of each source."""
        return self._healths

    def take(self, record: Event | Health, now_s: float) -> None:
        """Note what `record` says; an event waits for the broker at once."""
        self._known.enter(topic_of(record), record)
        self._news = True
        if isinstance(record, Health):
            self._healths[record.source_id] = record
        elif is_told(record):
            topic = self._node.of_class(record.source_id, record.class_, "event")
            self._pending.put(Told(topic, record.type, encode_json(record), now_s))

    def announce(self, now: Instant) -> None:
        """Tell everything, as to a broker that knows nothing; it is there from now on."""
        self._open, self._news, self._described = True, True, None
        self._told.clear()
        self.refresh(now)

    def withdraw(self) -> None:
        """Tell nothing until it is announced again: there is no broker."""
        self._open = False

    def refresh(self, now: Instant) -> None:
        """Tell what has changed since it was told last."""
        if not (self._open and self._news and self._healths):
            return
        self._news = False
        self._describe()
        for topic, payload in changed(states(self._snapshot(now), self._node), self._told):
            self._tell(topic, payload)
        if self._told.get(self._node.availability) != ONLINE:
            self._tell(self._node.availability, ONLINE)

    def again(self, topic: str) -> None:
        """Let the state of `topic` be told again, as it is."""
        self._told.pop(topic, None)
        self._news = True

    def earlier(self, payload: bytes) -> None:
        """Take note of how an earlier run described this node; what it had and this one has not goes."""
        self._earlier = payload

    def refuse(self, command: Command, why: str) -> None:
        """Tell whoever asked that it is not done, and what is so instead."""
        payload = sanitise(command.payload[:200].decode("utf-8", "replace"))
        refusal = _Refusal(sanitise(command.topic), payload, why)
        self._pending.put(State(self._node.refused, msgspec.json.encode(refusal), kept=False))
        self.again(command.topic.removesuffix(SET))

    def depart(self) -> None:
        """Say good-bye, and nothing more."""
        if self._open and self._healths:
            self._tell(self._node.availability, OFFLINE)
        self._open = False

    def _snapshot(self, now: Instant) -> Snapshot:
        return self._known.snapshot("", now)

    def _describe(self) -> None:
        """Tell Home Assistant what there is, where that is not what it was told."""
        healths = list(self._healths.values())
        described = [_structure(health) for health in healths]
        if not self._node.discovery_prefix or described == self._described:
            return
        self._described = described
        message = discovery(healths, self._node)
        earlier, self._earlier = self._earlier, msgspec.json.encode(message)
        removing = None if earlier is None else with_removals(message, earlier)
        if removing is not None and earlier is not None:
            self._remove(message, removing, earlier)
        self._pending.put(State(self._node.discovery, self._earlier))

    def _remove(self, message: dict[str, Any], removing: dict[str, Any], earlier: bytes) -> None:
        """Take entities away: Home Assistant wants to see them without anything, before they are left out."""
        self._pending.put(State(self._node.discovery, msgspec.json.encode(removing), also=True))
        before = msgspec.json.decode(earlier)["cmps"]
        for key in before.keys() - message["cmps"].keys():
            topic = str(before[key].get("state_topic", ""))
            if topic.startswith(f"{self._node.base}/"):
                self._tell(topic, b"")

    def _tell(self, topic: str, payload: bytes) -> None:
        self._told[topic] = payload
        self._pending.put(State(topic, payload))


def is_wanted(record: PublishedRecord) -> bool:
    """Return whether the broker is told of a record."""
    return isinstance(record, Event | Health)


def _structure(health: Health) -> tuple[object, ...]:
    """Return what of a source its description rests on."""
    classes = tuple((one.class_, one.label, one.urgent) for one in health.classes)
    return health.source_id, health.source_name, health.calibrated, health.model, classes
