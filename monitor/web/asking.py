"""What a user of the page asks of a monitor, passed on to its control socket."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from monitor.bus.messages import Event, Reply, Request
from monitor.bus.subscriber import ask
from monitor.config.limits import SNOOZE_S, THRESHOLD
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
    if refusal := _refusal(wanted):
        return Outcome(refusal)
    try:
        timeout_s = TIMEOUT_S if alive else GONE_TIMEOUT_S
        answer = ask(place.endpoint, _request(wanted), timeout_s, place.control)
    except NoAnswer as error:
        return _seen_in_history(wanted) if wanted.request == "acknowledge" else Outcome(str(error))
    except MonitorError as error:
        return Outcome(str(error))
    if not isinstance(answer, Reply):
        return Outcome("The monitor did not understand; is it of another version?")
    return Outcome(None if answer.ok else answer.error or "The monitor refused.", answer.events)


def _refusal(wanted: PageRequest) -> str | None:
    """Return why a request cannot be sent: the same rules as on the control socket."""
    needs_class = wanted.request in {"mute", "threshold"}
    if needs_class and not wanted.class_:
        return f"A {wanted.request} request needs a class."
    if wanted.request in {"mute", "pause"} and not isinstance(wanted.value, bool):
        return f"A {wanted.request} request needs the value true or false."
    is_number = isinstance(wanted.value, float) and not isinstance(wanted.value, bool)
    if wanted.request == "threshold" and not (is_number and THRESHOLD.holds(float(wanted.value or 0.0))):
        return f"A threshold request needs a value; valid: {THRESHOLD}."
    if wanted.for_s is not None and not (wanted.value is True and SNOOZE_S.holds(wanted.for_s)):
        return f"Only what is muted or paused has an end; valid: {SNOOZE_S} seconds."
    return None


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
