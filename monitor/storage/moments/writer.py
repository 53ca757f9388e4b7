"""Writes into the memory while a monitor runs, and keeps it within its bounds; used by one thread.

Of too many moments those that belong to no event go first, then the oldest of events; those of corrected
events stay. So that they do not fill it, of more than `MOST_CORRECTIONS` the oldest are taken back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import msgspec

from monitor.config.settings import MemoryConfig
from monitor.records import Correction, Moment
from monitor.storage.database import (
    MEGABYTE,
    give_back,
    has_grown,
    is_due,
    used_bytes,
)
from monitor.storage.kept_database import KeptDatabase
from monitor.storage.moments.opening import SCHEMA
from monitor.storage.moments.queries import MomentStore
from monitor.storage.moments.sealing import Seal

MOST_CORRECTIONS = 500
"""A window is compared with all of them, four times a second: of so many that takes about a millisecond."""
_PRUNE_EVERY_S = 600.0
_SHARE = 0.1
"""Of the moments that goes at once: the oldest part."""
_FREE = "event_id NOT IN (SELECT event_id FROM corrections)"


class OfEvent(msgspec.Struct, frozen=True):
    """The moments of an event, in place of those that were known; of no event where its id is empty."""

    event_id: str
    moments: Sequence[Moment]


class Told(msgspec.Struct, frozen=True):
    """Somebody said something of an event."""

    correction: Correction


class Untold(msgspec.Struct, frozen=True):
    """Somebody took that back."""

    event_id: str


Entry: TypeAlias = OfEvent | Told | Untold
"""What is written."""


class MomentWriter:
    """Writes entries; opens the file with the first of them."""

    def __init__(self, path: Path, config: MemoryConfig, seal: Seal | None) -> None:
        self._path = path
        self._keep = timedelta(days=config.keep_days)
        self._file = KeptDatabase(path, SCHEMA, config.max_mb * MEGABYTE)
        self._most = config.max_moments
        self._seal = seal
        self._database: sqlite3.Connection | None = None  # of the store
        self._store: MomentStore | None = None
        self._pruned: datetime | None = None

    def emit(self, entry: Entry) -> None:
        """Write one entry.

        Raises
        ------
        sqlite3.Error, OSError, MomentsError
            It cannot be written; the next may be.
        """
        store = self._opened()
        match entry:
            case OfEvent("", moments):
                store.add(moments)
            case OfEvent(event_id, moments):
                store.put_event(event_id, moments)
            case Told(correction):
                store.correct(correction)
            case Untold(event_id):
                store.uncorrect(event_id)
        self._prune_when_due(datetime.now(UTC))

    def prune(self, now: datetime) -> None:
        """Remove what is older than it may be, and then the least needed while there is too much."""
        database = self._file.opened()
        database.execute(
            "DELETE FROM corrections WHERE event_id IN "
            "(SELECT event_id FROM corrections ORDER BY time DESC LIMIT -1 OFFSET ?)",
            (MOST_CORRECTIONS,),
        )
        oldest = (now - self._keep).timestamp()
        database.execute(f"DELETE FROM moments WHERE time < ? AND {_FREE}", (oldest,))  # noqa: S608
        while self._too_much(database) and _remove_oldest(database):
            pass
        give_back(database)

    def news(self) -> list[str]:
        """Return once where a memory is that could not be read."""
        aside, self._file.set_aside = self._file.set_aside, None
        return [] if aside is None else [f"The memory was damaged and is now {aside}; a new one is begun."]

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._file.close()

    def _opened(self) -> MomentStore:
        """Return what the file holds; one that was removed meanwhile is begun again."""
        database = self._file.opened()
        if self._store is None or self._database is not database:
            self._database, self._store = database, MomentStore(database, self._path, self._seal)
        return self._store

    def _too_much(self, database: sqlite3.Connection) -> bool:
        (count,) = database.execute("SELECT count(*) FROM moments").fetchone()
        return count > self._most or used_bytes(database) > self._file.table_bytes

    def _prune_when_due(self, now: datetime) -> None:
        due = is_due(self._pruned, now, _PRUNE_EVERY_S)
        if due or has_grown(self._file.opened(), self._file.table_bytes, self._pruned, now):
            self._pruned = now
            self.prune(now)


def _remove_oldest(database: sqlite3.Connection) -> bool:
    """Remove the oldest tenth of what may go; False where nothing may."""
    for kind in ("event_id = ''", f"event_id != '' AND {_FREE}"):
        (count,) = database.execute(f"SELECT count(*) FROM moments WHERE {kind}").fetchone()  # noqa: S608
        if count:
            which = f"SELECT id FROM moments WHERE {kind} ORDER BY time LIMIT ?"  # noqa: S608
            most = max(1, int(count * _SHARE))
            database.execute(f"DELETE FROM moments WHERE id IN ({which})", (most,))  # noqa: S608
            return True
    return False
