"""What waits for the broker: events in order, and of each state only the newest. Pure.

States go first: an entity that is there, and as it is, hears of the events that waited for it.
Overflow: where `MOST_EVENTS` wait, the oldest is dropped and counted. States are as many as there are node.
"""

from __future__ import annotations

from collections import OrderedDict, deque

import msgspec

MOST_EVENTS = 10_000
"""About a kilobyte each: days without a broker."""


class State(msgspec.Struct, frozen=True):
    """What is so under a topic."""

    topic: str
    payload: bytes
    kept: bool = True
    """The broker keeps it for whoever comes later."""
    also: bool = False
    """To be seen even where another one of the same topic follows at once."""


class Told(msgspec.Struct, frozen=True):
    """An event on its way."""

    topic: str
    type: str
    encoded: bytes
    """Its payload on the wire."""
    since_s: float
    """Monotonic clock, seconds, when it was heard of here."""


class Pending:
    """Messages in the order in which they are to go out."""

    def __init__(self, most_events: int = MOST_EVENTS) -> None:
        self.dropped = 0
        """Events lost because too many waited."""
        self._most_events = most_events
        self._states: OrderedDict[tuple[str, bool], State] = OrderedDict()
        self._events: deque[Told] = deque()

    def __bool__(self) -> bool:
        return bool(self._states or self._events)

    @property
    def events(self) -> int:
        """How many events wait."""
        return len(self._events)

    def put(self, message: State | Told) -> None:
        """Let `message` wait behind those of its kind; a state takes the place of the one before."""
        if isinstance(message, State):
            key = (message.topic, message.also)
            self._states.pop(key, None)
            self._states[key] = message
            return
        if len(self._events) >= self._most_events:
            self._events.popleft()
            self.dropped += 1
        self._events.append(message)

    def take(self) -> State | Told | None:
        """Return what is to go out next; None: nothing waits."""
        if self._states:
            return self._states.popitem(last=False)[1]
        return self._events.popleft() if self._events else None
