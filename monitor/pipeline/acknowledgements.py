"""Urgent events stay missed until somebody says that they were seen; what is known of that, for a whole run.

Laws: an urgent event that has ended is missed until it is acknowledged, also over a restart; every message of
an acknowledged event says who acknowledged it and when; to acknowledge twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec

from monitor.bus.messages import Event, PublishedRecord, Reply, Request
from monitor.bus.open_events import acknowledged
from monitor.names import class_id

MOST = 200
"""Urgent events kept; of more, the oldest is forgotten, first among those that somebody has seen."""


class Acknowledgements:
    """Knows the urgent events of a run, and who has seen them.

    Parameters
    ----------
    publish
        Takes each event that is newly acknowledged.
    utc
        The time.
    """

    def __init__(self, publish: Callable[[PublishedRecord], None], utc: Callable[[], datetime]) -> None:
        self._publish = publish
        self._utc = utc
        self._urgent: dict[str, Event] = {}

    @property
    def waiting(self) -> list[Event]:
        """Urgent events that nobody has acknowledged, open ones too, oldest first."""
        return [event for event in self._urgent.values() if event.acknowledged_at is None]

    def remember(self, earlier: Iterable[Event]) -> None:
        """Publish again, as `missed`, what an earlier run told and nobody has acknowledged."""
        for event in earlier:
            missed = msgspec.structs.replace(event, type="missed")
            self._keep(missed)
            self._publish(missed)

    def completed(self, event: Event) -> Event:
        """Return a message of an event with who acknowledged it, and keep it where it is urgent."""
        if not event.urgent:
            return event
        known = self._urgent.get(event.id)
        if known is not None and known.acknowledged_at is not None:
            event = msgspec.structs.replace(
                event, acknowledged_by=known.acknowledged_by, acknowledged_at=known.acknowledged_at
            )
        self._keep(event)
        return event

    def handle(self, request: Request) -> Reply:
        """Acknowledge the event that `request` names, else all of its class, of its source, or all."""
        found = [event for event in self._urgent.values() if _meant(event, request)]
        if not found and (request.event_id or request.class_):
            return Reply(ok=False, error=self._none(request))
        return Reply(ok=True, events=[self._acknowledge(event, request) for event in found])

    def _acknowledge(self, event: Event, request: Request) -> Event:
        if event.acknowledged_at is not None:
            return event
        seen = acknowledged(event, request.asker, self._utc())
        self._keep(seen)
        self._publish(seen)
        return seen

    def _none(self, request: Request) -> str:
        asked = f"id {request.event_id!r}" if request.event_id else f"class {request.class_!r}"
        return f"There is no urgent event with {asked}; {len(self.waiting)} wait to be acknowledged."

    def _keep(self, event: Event) -> None:
        """Keep it; where there are too many, forget those first that somebody has seen."""
        self._urgent[event.id] = event
        if len(self._urgent) > MOST:
            seen = (id_ for id_, one in self._urgent.items() if one.acknowledged_at is not None)
            del self._urgent[next(seen, next(iter(self._urgent)))]


def _meant(event: Event, request: Request) -> bool:
    """Return whether `request` is about `event`."""
    if request.event_id:
        return event.id == request.event_id
    asked = request.class_
    of_class = not asked or event.class_ in {asked, class_id(asked)}
    return of_class and request.source_id in {None, event.source_id} and event.acknowledged_at is None
