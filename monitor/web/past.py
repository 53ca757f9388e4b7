"""What was heard earlier, for the page: asked of the monitors; read on this disk while none answers.

So the page is fed by the bus alone while there is a monitor, also where that keeps its history elsewhere, and
what was heard is still there to be seen when it has ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from monitor.bus.messages import Event, Reply, Request
from monitor.bus.subscriber import ask
from monitor.errors import HistoryError
from monitor.storage.history import Asked, find_events, history_file
from monitor.web.asking import CLIENT, TIMEOUT_S, Place
from monitor.web.page_messages import Heard, page_event

MOST_EVENTS = 3000
MOST_DAYS = 3660.0


def heard(days: float, places: Sequence[Place]) -> Heard:
    """Return the newest events of the last `days` days, each once, of monitors at `places`.

    Raises
    ------
    MonitorError
        They cannot be had.
    """
    since = datetime.now(UTC) - timedelta(days=min(max(days, 0.0), MOST_DAYS))
    found: dict[str, Event] = {}
    for place in places:
        found |= {event.id: event for event in _told(place, since)}
    if not places and (path := history_file()) is not None:
        found = {event.id: event for event in find_events(path, Asked(since=since, limit=MOST_EVENTS))}
    events = sorted(found.values(), key=lambda event: event.onset_time)[-MOST_EVENTS:]
    return Heard([page_event(event) for event in events], more=len(found) >= MOST_EVENTS)


def _told(place: Place, since: datetime) -> list[Event]:
    """Return what a monitor has heard since then, asked for in parts, the newest part first."""
    found: list[Event] = []
    until = None
    while len(found) < MOST_EVENTS:
        request = Request("history", since=since, until=until, client=CLIENT)
        reply = ask(place.endpoint, request, TIMEOUT_S, place.control)
        if not isinstance(reply, Reply) or not reply.ok:
            raise HistoryError(
                getattr(reply, "error", None) or "The monitor has not understood; is it older?"
            )
        if not reply.events:
            return found
        found += reply.events
        until = reply.events[0].onset_time
    return found
