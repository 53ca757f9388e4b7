"""The thread that owns what is told to an MQTT broker. What waits for the broker: `pending.py`."""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from monitor.bus.messages import Event, Health
from monitor.bus.requests import PendingRequest
from monitor.errors import WireError
from monitor.sinks.broker import BrokerLink, BrokerWorker, Close
from monitor.sinks.mqtt.board import Board
from monitor.sinks.mqtt.commands import Command, request_of
from monitor.sinks.mqtt.node import SET, Node
from monitor.sinks.mqtt.pending import Pending, Told
from monitor.sinks.mqtt.signals import Acknowledged, Connected, Denied, Happened, Lost, Received
from monitor.sinks.mqtt.states import event_payload
from monitor.text import sanitise

IN_FLIGHT = 20
"""Messages that the library holds at once; the others wait where they can still be replaced or counted."""
_LOOK_S = 0.25
"""How often it is looked after questions that nobody answers."""
_EARLIER_S = 1.0
"""So long after the first connection the broker may take to tell how an earlier run described this node."""
_MOST_OTHERS = 8
"""Other runs that are told of; somebody may put anything on the topic."""


class Link(BrokerLink, Protocol):
    """A connection to a broker; `Connection` is one."""

    def subscribe(self, topics: Sequence[str]) -> None:
        """Ask for the messages of `topics`."""

    def publish(self, topic: str, payload: bytes, retain: bool) -> int:
        """Hand a message over, and return its id; never waits."""


class Worker(BrokerWorker):
    """Tells an MQTT broker what the mailbox brings, and the pipeline what is asked for there.

    Parameters
    ----------
    node
        Whose worker it is.
    name
        As for `BrokerWorker`.
    connect
        Returns a link that tells what happens to what it is given.
    """

    from_others = Received
    waiting = "Events wait for it"

    def __init__(self, node: Node, name: str, connect: Callable[[Callable[[Happened], None]], Link]) -> None:
        super().__init__(name, deque())
        self.pending = Pending()
        self._node = node
        self._board = Board(node, self.pending)
        self._link: Link = connect(self._hear)
        self._run = uuid.uuid4().hex.encode()
        self._others: set[bytes] = set()  # runs that are called the same
        self._first = True  # there was no connection yet
        self._resent = True  # what was in flight when a connection was lost has arrived
        self._in_flight: dict[int, bool] = {}  # id -> whether it is an event
        self._unanswered = 0
        self._announce_s: float | None = None  # when all is to be told

    @property
    def dropped(self) -> int:
        """Events that the broker will never have."""
        return super().dropped + self.pending.dropped

    def _is_behind(self) -> bool:
        return bool(self.pending or self._in_flight or self._announce_s is not None)

    def _end(self, closing: Close) -> None:
        del closing
        self.lost = self.pending.events + sum(self._in_flight.values())
        if self.lost:
            self.news.append(f"{self.name} did not take the last {self.lost} events; they are lost.")

    def _step(self, closing: Close | None) -> Close | None:
        came = self._take(self._timeout_s(closing))
        now_s, now = time.monotonic(), datetime.now(UTC)
        self._answer(now_s)
        if self._announce_s is not None and (now_s >= self._announce_s or closing or came):
            self._announce_s = None
            self._board.announce(now)
        self._board.refresh(now)
        if closing or came:
            self._board.depart()
        self._send()
        return came

    def _timeout_s(self, closing: Close | None) -> float | None:
        """Return how long to wait for something to happen; None: whatever it takes."""
        if closing is not None:
            return min(_LOOK_S, max(0.0, closing.deadline_s - time.monotonic()))
        return _LOOK_S if self._unanswered or self._announce_s is not None else None

    def _note(self, item: object) -> None:
        match item:
            case Event() | Health():
                self._board.take(item, time.monotonic())
            case Acknowledged(id=id_):
                self._in_flight.pop(id_, None)
                self._resent = self._resent or not self._in_flight
            case Connected():
                self._begin()
            case Lost(why=why):
                self._miss(why)
            case Denied():
                self.news.append(
                    f"{self.name} does not let this user hear all of {self._node.base}/#: what is asked for "
                    "there may not be done; allow it in the broker, or set [mqtt] commands = false."
                )
            case Received():
                self._receive(item)

    def _begin(self) -> None:
        """Begin again with a broker that may know nothing."""
        self._welcome()
        first, self._first = self._first and bool(self._node.discovery_prefix), False
        self._resent = not self._in_flight
        if asked := self._asked_for(first):
            self._link.subscribe(asked)
        self._say_which()
        self._announce_s = time.monotonic() + (_EARLIER_S if first else 0.0)

    def _asked_for(self, first: bool) -> list[str]:
        """Return the topics to hear; at the first connection also what an earlier run has left."""
        node = self._node
        commands = [f"{node.base}/+{SET}", f"{node.base}/+/+/+{SET}", node.run] if node.commands else []
        home = [node.home_assistant] if node.discovery_prefix else []
        return [*commands, *home, *([node.discovery] if first else [])]

    def _miss(self, why: str) -> None:
        """Keep what comes until there is a broker again."""
        super()._miss(why)
        self._announce_s = None
        self._board.withdraw()

    def _receive(self, message: Received) -> None:
        node = self._node
        if message.topic == node.discovery:
            if message.retained and self._announce_s is not None:
                self._board.earlier(message.payload)
                self._announce_s = 0.0
        elif message.topic == node.run:
            self._notice(message.payload)
        elif message.topic == node.home_assistant:
            if not message.retained and message.payload == b"online":
                self._announce_s = 0.0
        else:
            self._ask(Command(message.topic, message.payload, message.retained))

    def _say_which(self) -> None:
        """Say which run this is, where the answer of another one can be heard; nobody need keep it."""
        if self._node.commands:
            self._link.publish(self._node.run, self._run, retain=False)

    def _notice(self, run: bytes) -> None:
        """Tell of another run at the same topics, once, and let it know of this one."""
        if run == self._run or run in self._others or len(self._others) >= _MOST_OTHERS:
            return
        self._others.add(run)
        self._say_which()
        self.news.append(
            f"{self.name} is told by another monitor that is called {sanitise(self._node.name)!r} too: each "
            "overwrites what the other has told. Give each a name of its own: [publish] node."
        )

    def _ask(self, command: Command) -> None:
        try:
            request = request_of(command, self._node, self._board.healths)
        except WireError as error:
            self._board.refuse(command, str(error))
            return
        self._unanswered += 1
        envelope = [command.topic.encode(), command.payload]
        self.requests.ask(PendingRequest(envelope, request, time.monotonic()))

    def _answer(self, now_s: float) -> None:
        for answer in self.requests.take_answers(now_s):
            self._unanswered -= 1
            topic, payload = answer.question.envelope
            if not answer.reply.ok:
                why = answer.reply.error or "The monitor refused."
                self._board.refuse(Command(topic.decode(), payload, retained=False), why)

    def _send(self) -> None:
        """Hand over what waits, as far as the broker keeps up, behind what it may not have got."""
        while self._connected and self._resent and len(self._in_flight) < IN_FLIGHT:
            message = self.pending.take()
            if message is None:
                return
            if isinstance(message, Told):
                waited_s = time.monotonic() - message.since_s
                payload = event_payload(message.type, message.encoded, waited_s)
                id_ = self._link.publish(message.topic, payload, retain=False)
            else:
                id_ = self._link.publish(message.topic, message.payload, retain=message.kept)
            self._in_flight[id_] = isinstance(message, Told)
