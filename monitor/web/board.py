"""What is known of one monitor, and what the page is told where that changes. Pure.

Laws: an event is open from its onset to its offset; an urgent one that is over is kept until it is
acknowledged; of other past events the last `MOST_PAST` are kept; telling the same twice tells the page once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import structs

from monitor.bus.client import Contact as ContactNews
from monitor.bus.client import Followed
from monitor.bus.messages import Event, Health, Level, Snapshot, SoundLevel
from monitor.web.page_messages import (
    Contact,
    EventMessage,
    Machine,
    MachineMessage,
    PageEvent,
    PageLevel,
    PageMessage,
    PageSource,
    SourceMessage,
    page_event,
    page_level,
    page_source,
)

MOST_PAST = 50
"""Events that are over and seen, or not urgent."""
MOST_MISSED = 200
_CONTACT: dict[str, Contact] = {"absent": "none", "gone": "gone", "back": "alive", "restarted": "alive"}
_ODD = frozenset({"stalled", "not_understood", "no_snapshot"})


class Board:
    """Knows one monitor. Used by one thread.

    Parameters
    ----------
    number
        Which of those that the page shows, from 0.
    endpoint
        Where it publishes.
    now
        When it was first looked for.
    """

    def __init__(self, number: int, endpoint: str, now: datetime) -> None:
        self._number = number
        self._endpoint = endpoint
        self.contact: Contact = "none"
        """Whether the monitor answers."""
        self._since = now
        self._note: str | None = None
        self._sources: dict[str, PageSource] = {}
        self._events: dict[str, PageEvent] = {}
        self._levels: dict[str, PageLevel] = {}
        self._measured: dict[str, SoundLevel | None] = {}

    @property
    def machine(self) -> Machine:
        """All that is known."""
        return Machine(
            self._number,
            self._endpoint,
            self.contact,
            self._since,
            self._note,
            list(self._sources.values()),
            list(self._events.values()),
        )

    def take_levels(self) -> dict[str, PageLevel]:
        """Return how loud it is, by source, where that was told since the last call."""
        found, self._levels = self._levels, {}
        return found

    def doing(self, what: str) -> PageMessage:
        """Take in what the monitor does before there is one."""
        self._note = what
        return MachineMessage(self.machine)

    def take(self, records: Iterable[Followed | Snapshot], now: datetime) -> list[PageMessage]:
        """Take in what arrived at `now`; return what the page is told."""
        found: list[PageMessage] = []
        for record in records:
            found += self._take(record, now)
        return found

    def _take(self, record: Followed | Snapshot, now: datetime) -> list[PageMessage]:
        if isinstance(record, ContactNews):
            return self._take_contact(record)
        concluded = isinstance(record, Event)  # here, perhaps, of a monitor that is not there
        found = self._come(now) if self.contact == "none" and not concluded else []
        match record:
            case Level():
                measured = self._measured.get(record.source_id)
                self._levels[record.source_id] = page_level(record.level_dbfs, record.floor_dbfs, measured)
            case Health():
                found += self._take_health(record)
            case Event():
                found += self._take_event(record)
        return found

    def _come(self, now: datetime) -> list[PageMessage]:
        """Take in that the monitor gives a sign of life."""
        self.contact, self._since, self._note = "alive", now, None
        return [MachineMessage(self.machine)]

    def _take_contact(self, news: ContactNews) -> list[PageMessage]:
        if news.change == "restarted":  # perhaps with other sources; a snapshot brings them
            self._sources.clear()
        contact = _CONTACT.get(news.change, self.contact)
        if contact != self.contact:
            self.contact, self._since = contact, news.time
        if news.change in _ODD:
            self._note = news.sentence
        elif news.change in {"moving", "back", "restarted"}:
            self._note = None
        return [MachineMessage(self.machine)]

    def _take_health(self, health: Health) -> list[PageMessage]:
        self._measured[health.source_id] = health.level_dba
        source = page_source(health)
        if self._sources.get(health.source_id) == source:
            return []
        self._sources[health.source_id] = source
        return [SourceMessage(self._number, source)]

    def _take_event(self, event: Event) -> list[PageMessage]:
        shown = page_event(event)
        known = self._events.get(event.id)
        if event.type in {"acknowledged", "clip"}:
            if known is None:
                return []
            shown = structs.replace(
                known, acknowledged_by=event.acknowledged_by, acknowledged_at=event.acknowledged_at
            )
        if shown == known:
            return []
        self._events[event.id] = shown
        self._forget()
        return [EventMessage(self._number, shown)]

    def _forget(self) -> None:
        """Let go of the oldest of what is over and seen, and of what is missed."""
        over = [one for one in self._events.values() if one.offset_time is not None]
        missed = [one for one in over if is_missed(one)]
        past = [one for one in over if not is_missed(one)]
        for one in (*past[:-MOST_PAST], *missed[:-MOST_MISSED]):
            del self._events[one.id]


def is_missed(event: PageEvent) -> bool:
    """Tell whether an urgent event is over and nobody has said that it was seen."""
    return event.urgent and event.offset_time is not None and event.acknowledged_at is None
