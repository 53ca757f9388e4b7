"""Which events sound at present, as far as somebody who only receives can know.

Laws: of each event an onset or update comes first and one offset last, however often a message is repeated by
snapshots; that it is missed or was acknowledged comes once each; whatever was open when the monitor went gets
an offset, and only such an event may go on later.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from monitor.bus.messages import Event, Snapshot
from monitor.records import BESIDE_LIFE

_REMEMBERED = 1000


class OpenEvents:
    """Turns what arrives into the lives of events; pure."""

    def __init__(self) -> None:
        self._open: dict[str, Event] = {}
        self._ended: dict[str, None] = {}
        self._seen: dict[str, None] = {}

    def take(self, event: Event) -> list[Event]:
        """Return `event`, or nothing where it says nothing new."""
        if event.type in BESIDE_LIFE:
            return self._take_seen(event)
        known = self._open.get(event.id)
        stale = known is not None and (event.type == "onset" or event == known)
        if event.id in self._ended or stale:
            return []
        if event.type == "offset":
            self._end(event.id)
        else:
            self._open[event.id] = event
        return [event]

    def compare(self, snapshot: Snapshot) -> list[Event]:
        """Return what `snapshot`, taken after all messages so far, adds: ends first, then what sounds."""
        found = [
            one for event in snapshot.recent_events if event.id in self._open for one in self.take(event)
        ]
        listed = {event.id for event in snapshot.open_events}
        for event in [event for id_, event in self._open.items() if id_ not in listed]:
            self._end(event.id)
            found.append(ended(event, "unknown", snapshot.time))
        listed_now = (*snapshot.missed_events, *snapshot.open_events)
        return found + [one for event in listed_now for one in self.take(event)]

    def gone(self, time: datetime) -> list[Event]:
        """Return an offset of everything that sounded when the monitor was last heard of, at `time`."""
        found = [ended(event, "gone", time) for event in self._open.values()]
        self._open.clear()
        return found

    def _take_seen(self, event: Event) -> list[Event]:
        """Return what is said of an event beside its life, once; an end told here needs no `missed`."""
        if event.type == "clip":
            return [event]
        if event.id in self._seen or (event.type == "missed" and event.id in self._ended):
            return []
        if event.type == "acknowledged":
            _remember(self._seen, event.id)
            if event.id in self._open:
                self._open[event.id] = msgspec.structs.replace(event, type="update")
        else:
            _remember(self._ended, event.id)
        return [event]

    def _end(self, id_: str) -> None:
        self._open.pop(id_, None)
        _remember(self._ended, id_)


def _remember(ids: dict[str, None], id_: str) -> None:
    ids[id_] = None
    if len(ids) > _REMEMBERED:
        del ids[next(iter(ids))]


def ended(event: Event, why: str, time: datetime) -> Event:
    """Return the offset of `event` that its monitor did not send; the sample of its end nobody knows."""
    return msgspec.structs.replace(
        event, type="offset", offset_time=max(time, event.onset_time), offset_sample=None, ended_by=why
    )


def acknowledged(event: Event, by: str, time: datetime) -> Event:
    """Return the message that somebody has seen `event`, in words who, at `time`."""
    return msgspec.structs.replace(event, type="acknowledged", acknowledged_by=by, acknowledged_at=time)
