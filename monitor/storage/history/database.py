"""The history's file: its tables, how it is opened, written, and kept from growing without end.

``$XDG_STATE_HOME/monitor/history.db`` (``~/.local/state/monitor/history.db``). What holds for every such file
is in `storage/database.py`.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.bus.codec import encode_json
from monitor.bus.messages import Change, Event, Health, NearMissMessage
from monitor.errors import HistoryError
from monitor.files.paths import own_folder
from monitor.storage.database import (
    MEGABYTE,
    Schema,
    give_back,
    has_grown,
    is_due,
    used_bytes,
)
from monitor.storage.database import open_database as open_file
from monitor.storage.kept_database import KeptDatabase

_MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE events (
        id TEXT PRIMARY KEY, source_id TEXT NOT NULL, class TEXT NOT NULL, urgent INTEGER NOT NULL,
        onset REAL NOT NULL, offset REAL, heard REAL NOT NULL, acknowledged REAL, record BLOB NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX events_by_onset ON events (onset);
    CREATE INDEX events_missed ON events (onset) WHERE urgent AND acknowledged IS NULL;
    CREATE TABLE near_misses (
        source_id TEXT NOT NULL, class TEXT NOT NULL, reason TEXT NOT NULL, minute INTEGER NOT NULL,
        time REAL NOT NULL, score REAL NOT NULL, count INTEGER NOT NULL, record BLOB NOT NULL,
        PRIMARY KEY (source_id, class, reason, minute)
    ) WITHOUT ROWID;
    CREATE INDEX near_misses_by_time ON near_misses (time);
    CREATE TABLE health (time REAL NOT NULL, source_id TEXT NOT NULL, record BLOB NOT NULL);
    CREATE INDEX health_by_time ON health (time);
    CREATE TABLE changes (time REAL NOT NULL, source_id TEXT NOT NULL, record BLOB NOT NULL);
    CREATE INDEX changes_by_time ON changes (time);
    """,
)
"""From each version to the next; the first makes the tables."""
VERSION = len(_MIGRATIONS)
"""Of the tables; a file of a later version is left alone."""
_SCHEMA = Schema("The history", _MIGRATIONS, HistoryError)
_TIMES = {"events": "onset", "near_misses": "time", "health": "time", "changes": "time"}
_PRUNE_EVERY_S = 3600.0
_SHARE = 0.1
"""Of the history that goes where the file is too large: its oldest part."""


def history_file() -> Path | None:
    """Return where the history is; None: there is no home folder."""
    state = own_folder("state")
    return None if state is None else state / "history.db"


def open_database(path: Path, *, make: bool = False) -> sqlite3.Connection:
    """Open the history at `path`; it makes and raises what `storage.database` does."""
    return open_file(path, _SCHEMA, make=make)


class HistoryWriter:
    """Writes records; opens the file with the first of them. Used by one thread.

    Parameters
    ----------
    path
        The file.
    keep_days
        Older records go.
    max_mb
        Megabytes, its write-ahead log among them, from which on the oldest go too.
    """

    def __init__(self, path: Path, keep_days: float, max_mb: float) -> None:
        self._file = KeptDatabase(path, _SCHEMA, max_mb * MEGABYTE)
        self._keep = timedelta(days=keep_days)
        self._pruned: datetime | None = None

    def add(self, record: Event | NearMissMessage | Health) -> None:
        """Keep `record`, or what it changes of one that is kept.

        Raises
        ------
        sqlite3.Error, OSError, HistoryError
            It cannot be written.
        """
        database = self._file.opened()
        match record:
            case Event():
                add_event(database, record)
            case NearMissMessage():
                _add_near_miss(database, record)
            case Health():
                row = (record.time.timestamp(), record.source_id, encode_json(record))
                database.execute("INSERT INTO health VALUES (?, ?, ?)", row)
        self._prune_when_due(datetime.now(UTC))

    def add_change(self, source_id: str, change: Change) -> None:
        """Keep what somebody changed; raises as `add` does."""
        row = (change.time.timestamp(), source_id, encode_json(change))
        self._file.opened().execute("INSERT INTO changes VALUES (?, ?, ?)", row)

    def prune(self, now: datetime) -> None:
        """Remove what is older than it may be, and then the oldest while the file is too large."""
        database = self._file.opened()
        _remove_before(database, (now - self._keep).timestamp())
        while used_bytes(database) > self._file.table_bytes and _remove_oldest(database):
            pass
        give_back(database)

    @property
    def set_aside(self) -> Path | None:
        """Where a history is that could not be read; None: there is none, or it was told."""
        return self._file.set_aside

    def news(self) -> list[str]:
        """Return once where a history is that could not be read."""
        aside, self._file.set_aside = self._file.set_aside, None
        return [] if aside is None else [f"The history was damaged and is now {aside}; a new one is begun."]

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._file.close()

    def _prune_when_due(self, now: datetime) -> None:
        due = is_due(self._pruned, now, _PRUNE_EVERY_S)
        if due or has_grown(self._file.opened(), self._file.table_bytes, self._pruned, now):
            self._pruned = now
            self.prune(now)


def add_event(database: sqlite3.Connection, event: Event) -> None:
    """Keep the newest message of an event; a late one takes back neither an end nor an acknowledgement."""
    offset, seen = event.offset_time, event.acknowledged_at
    database.execute(
        """
        INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET
            offset = coalesce(excluded.offset, offset), heard = max(heard, excluded.heard),
            acknowledged = coalesce(acknowledged, excluded.acknowledged), record = excluded.record
        WHERE (excluded.offset IS NOT NULL OR offset IS NULL)
            AND (excluded.acknowledged IS NOT NULL OR acknowledged IS NULL)
        """,
        (
            event.id, event.source_id, event.class_, event.urgent, event.onset_time.timestamp(),
            None if offset is None else offset.timestamp(), datetime.now(UTC).timestamp(),
            None if seen is None else seen.timestamp(), encode_json(event),
        ),
    )  # fmt: skip


def _add_near_miss(database: sqlite3.Connection, miss: NearMissMessage) -> None:
    """Keep the best of each minute, class and reason, and how many there were."""
    time = miss.time.timestamp()
    database.execute(
        """
        INSERT INTO near_misses VALUES (?, ?, ?, ?, ?, ?, 1, ?)
        ON CONFLICT DO UPDATE SET
            count = count + 1,
            time = CASE WHEN excluded.score > score THEN excluded.time ELSE time END,
            record = CASE WHEN excluded.score > score THEN excluded.record ELSE record END,
            score = max(score, excluded.score)
        """,
        (miss.source_id, miss.class_, miss.reason, int(time // 60), time, miss.score, encode_json(miss)),
    )


def _remove_before(database: sqlite3.Connection, time: float) -> int:
    """Remove what is older than `time` and return how many records that were."""
    removed = 0
    for table, column in _TIMES.items():
        removed += database.execute(f"DELETE FROM {table} WHERE {column} < ?", (time,)).rowcount  # noqa: S608
    return removed


def _remove_oldest(database: sqlite3.Connection) -> bool:
    """Remove the oldest tenth of each kind; False where there is nothing."""
    removed = 0
    for table, column in _TIMES.items():
        count = database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
        if count:
            oldest = f"SELECT {column} FROM {table} ORDER BY {column} LIMIT 1 OFFSET ?"  # noqa: S608
            (time,) = database.execute(oldest, (min(count - 1, int(count * _SHARE)),)).fetchone()
            sentence = f"DELETE FROM {table} WHERE {column} <= ?"  # noqa: S608
            removed += database.execute(sentence, (time,)).rowcount
    return removed > 0
