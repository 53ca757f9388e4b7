"""What is heard, as entries of systemd's journal: the lines of a run, each with its priority and fields.

``journalctl -u monitor -p crit`` shows urgent sounds, ``-p warning`` also what keeps it from hearing, and
``MONITOR_CLASS=siren`` one class.
"""

from __future__ import annotations

import io

from monitor.bus.messages import Event, Health, NearMissMessage, PublishedRecord
from monitor.diary import Level
from monitor.diary.entry import entry
from monitor.diary.journal import Journal
from monitor.sinks.line_texts import UNHEARD
from monitor.sinks.lines import LineSink


class _Entries(io.StringIO):
    """A stream whose lines are entries about one record."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal
        self.level: Level = "info"
        self.fields: dict[str, str] = {}
        self._waiting: dict[str, tuple[Level, dict[str, str]]] = {}  # lines that are written again

    def write(self, text: str, /) -> int:
        """Send a line; raises `OSError` where the journal does not take it."""
        level, fields = self._waiting.pop(text, (self.level, self.fields))
        try:
            self._journal.write(entry(text.rstrip("\n"), level, fields))
        except BlockingIOError:  # its queue is full
            self._waiting[text] = level, fields
            raise
        return len(text)


class JournalLines(LineSink):
    """A `Sink` that writes into the journal; what that does not take at once is counted as lost."""

    def __init__(self, journal: Journal, near_misses: bool, elsewhere: str = "") -> None:
        self._entries = _Entries(journal)
        super().__init__(self._entries, as_json=False, near_misses=near_misses, elsewhere=elsewhere)

    def emit(self, record: PublishedRecord) -> None:
        """Write what is to be said of `record`."""
        self._entries.level, self._entries.fields = level_of(record), fields_of(record)
        super().emit(record)


def level_of(record: PublishedRecord) -> Level:
    """Return how much a record matters."""
    if isinstance(record, Event):
        if record.acknowledged_at is not None or record.type not in {"onset", "update", "missed"}:
            return "info"
        return "critical" if record.urgent and record.rejected_because is None else "notice"
    if isinstance(record, Health):
        if record.state in UNHEARD - {"paused"}:
            return "error"
        well = record.hearing == "good" or record.state in {"starting", "ended"}
        return "info" if well else "warning"
    return "info"


def fields_of(record: PublishedRecord) -> dict[str, str]:
    """Return what a record is about."""
    match record:
        case Event():
            own = {"class": record.class_, "event_id": record.id, "type": record.type}
        case NearMissMessage():
            own = {"class": record.class_, "type": "near_miss"}
        case Health():
            own = {"state": record.state, "hearing": record.hearing}
        case _:
            return {}
    return {"source": record.source_id, "node": record.node, **own}
