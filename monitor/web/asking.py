"""What a user of the page asks of a monitor, passed on to its control socket."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from monitor.bus.codec import check_request
from monitor.bus.messages import Event, Reply, Request
from monitor.bus.subscriber import ask
from monitor.errors import HistoryError, MonitorError, NoAnswer
from monitor.storage.history import Asked, acknowledge, history_file
from monitor.text import sanitise
from monitor.web.page_messages import PageRequest

CLIENT = "web page"
"""What others are told who changed something."""
TIMEOUT_S = 2.0
GONE_TIMEOUT_S = 0.3
"""For a monitor that gives no sign of life."""
MOST_LEN = 2000
"""Bytes of a request."""


class Outcome(msgspec.Struct, frozen=True):
    """What became of a request, and which events it was about."""

    error: str | None
    events: Sequence[Event] = ()


class Place(msgspec.Struct, frozen=True):
    """Where a monitor publishes and answers."""

    endpoint: str
    control: str | None = None


def pass_on(wanted: PageRequest, place: Place, *, alive: bool) -> Outcome:
    """Ask the monitor at `place`; waits for its answer, and not for long where it is not `alive`.

    What is acknowledged while it does not run is acknowledged in the history.
    """
    request = _request(wanted)
    try:
        check_request(request)
        answer = ask(place.endpoint, request, TIMEOUT_S if alive else GONE_TIMEOUT_S, place.control)
    except NoAnswer as error:
        return _seen_in_history(wanted) if wanted.request == "acknowledge" else Outcome(str(error))
    except MonitorError as error:
        return Outcome(str(error))
    if not isinstance(answer, Reply):
        return Outcome("The monitor did not understand; is it of another version?")
    return Outcome(None if answer.ok else answer.error or "The monitor refused.", answer.events)


def _request(wanted: PageRequest) -> Request:
    return Request(
        wanted.request,
        class_=wanted.class_,
        value=wanted.value,
        source_id=wanted.source_id,
        event_id=wanted.event_id,
        for_s=wanted.for_s,
        client=CLIENT,
    )


def _seen_in_history(wanted: PageRequest) -> Outcome:
    path = history_file()
    if path is None or not path.exists():
        return Outcome("No monitor runs, and there is no history in which that could be acknowledged.")
    try:
        asked = Asked(class_=wanted.class_, source_id=wanted.source_id)
        events = acknowledge(path, asked, wanted.event_id, CLIENT)
    except HistoryError as error:
        return Outcome(sanitise(str(error), 400))
    if not events:
        return Outcome("No monitor runs, and the history has no such event that waits.")
    return Outcome(None, events)
