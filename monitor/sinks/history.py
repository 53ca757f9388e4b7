"""The history of live sources: every event, near miss, change of health and of settings, kept for later.

What is read from a file is in that file, and what is made by code was never there: neither is kept. The
database is `storage/history`.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import msgspec

from monitor.bus.messages import Event, Health, NearMissMessage, PublishedRecord
from monitor.bus.setting_changes import SettingChanges
from monitor.config.fleet import made_by_code
from monitor.config.settings import Config
from monitor.records import MADE_BY_CODE
from monitor.sinks.log import Worth
from monitor.sinks.queued import QueuedSink
from monitor.storage.history import HistoryWriter, history_file


class HistorySink:
    """A `Sink` that writes records into the history; waits for the disk, and raises where that is full."""

    def __init__(self, path: Path, keep_days: float, max_mb: float) -> None:
        """Keep the history at `path`; the others are those of `HistoryWriter`."""
        self._writer = HistoryWriter(path, keep_days, max_mb)
        self._changes = SettingChanges()

    def emit(self, record: PublishedRecord) -> None:
        """Write one record.

        Raises
        ------
        sqlite3.Error, OSError, HistoryError
            It is not written; the next may be.
        """
        if isinstance(record, Event) and record.type == "missed":  # how it ended is concluded only now
            record = msgspec.structs.replace(record, type="offset")
        if isinstance(record, Event | NearMissMessage | Health):
            self._writer.add(record)
        if isinstance(record, Health):
            for change in self._changes.news(record):
                self._writer.add_change(record.source_id, change)

    def news(self) -> list[str]:
        """Return once where a history is that could not be read."""
        return self._writer.news()

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._writer.close()


class Kept:
    """Tells which records are kept: what is worth a line, of sources that are heard as it happens.

    Parameters
    ----------
    made
        Ids of sources of which nothing is real.
    """

    def __init__(self, made: Collection[str] = MADE_BY_CODE) -> None:
        self._made = made
        self._worth = Worth()

    def keeping(self, record: PublishedRecord) -> bool:
        """Return whether `record` is; records come in order."""
        if isinstance(record, Event | NearMissMessage | Health) and record.source_id in self._made:
            return False
        if isinstance(record, Event):
            return record.onset_position_s is None
        if isinstance(record, NearMissMessage | Health):
            return record.position_s is None and self._worth.keeping(record)
        return False


def open_history(config: Config, _: object) -> QueuedSink | None:
    """Keep a history unless the configuration says not to, or there is no home folder for it."""
    path = history_file()
    if not config.history.keep or path is None:
        return None
    sink = HistorySink(path, config.history.keep_days, config.history.max_mb)
    return QueuedSink(sink, f"The history {path}", Kept(made_by_code(config)).keeping)
