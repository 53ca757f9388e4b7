"""SQLite files of this program: how they are opened, brought up to date, measured and set aside.

With a write-ahead log, for their owner only. Every record is a transaction, so that a process that is killed
leaves what it had written, and nothing half. A power cut may cost the last moments, never the file. Several
processes may write: each waits for the others.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from monitor.errors import MonitorError
from monitor.text import clean

_BUSY_S = 5.0
"""Seconds one writer waits for another."""
FAILURES = (sqlite3.Error, OSError, UnicodeDecodeError, MemoryError)
"""What reading a file may raise: sqlite3 may fail on its own words, which repeat what is damaged, or believe
a size that it states."""
_LAST_S = 253e9
"""Seconds since 1970: the year 9987."""
MEGABYTE = 1 << 20
_LOG_SHARE = 0.25
"""Of what a file may take: its write-ahead log, beside the tables."""
_MOST_LOG_BYTES = 4 * MEGABYTE
_BESIDE = ("-wal", "-shm")
"""Ends of the names of the log and its index."""
_LOG_FRAME = 24
"""Bytes of the log beside each page."""
_GROWN_EVERY_S = 60.0
"""At least so long lie between two looks at whether a file has grown too large."""


class Schema(NamedTuple):
    """What a file holds."""

    name: str
    """What a person calls it, at the beginning of a sentence."""
    migrations: Sequence[str]
    """From each version to the next; the first makes the tables."""
    error: type[MonitorError]
    """What is wrong with it."""


def open_database(path: Path, schema: Schema, *, make: bool = False) -> sqlite3.Connection:
    """Open the file at `path`, brought up to this version; `make`: also where there is none.

    Raises
    ------
    FileNotFoundError
        There is none.
    MonitorError
        It is of a later version; the error of `schema`.
    sqlite3.Error, OSError
        It cannot be read, or is no database of ours.
    """
    if make:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    elif not path.exists():
        raise FileNotFoundError(path)
    database = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    database.text_factory = _text
    try:
        database.execute("PRAGMA auto_vacuum = INCREMENTAL")  # before there is a table
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        _refuse_programs(database)
        _migrate(database, path, schema)
    except UnicodeDecodeError as error:
        database.close()
        raise sqlite3.DatabaseError(f"the file is damaged ({error.reason})") from None
    except MemoryError:  # no reason to set it aside
        database.close()
        raise sqlite3.OperationalError("it is damaged, or there is no memory left") from None
    except BaseException:
        database.close()
        raise
    return database


def _text(content: bytes) -> str:
    """Return text of a row, safe for a terminal; whoever wrote it."""
    return clean(content.decode("utf-8", "replace"))


def utc(time: float | None) -> datetime:
    """Return a time of a row, seconds since 1970; what is none, or out of range, is the nearest there is."""
    return datetime.fromtimestamp(min(max(time or 0.0, 0.0), _LAST_S), UTC)


def _refuse_programs(database: sqlite3.Connection) -> None:
    """Refuse a file with views or triggers: there are none in ours, and a query of one need never end."""
    found = database.execute("SELECT 1 FROM sqlite_master WHERE type IN ('view', 'trigger')").fetchone()
    if found is not None:
        raise sqlite3.DatabaseError("it holds views or triggers, and is none of ours")


def open_or_set_aside(path: Path, schema: Schema) -> tuple[sqlite3.Connection, Path | None]:
    """Open or make the file at `path`; return it, and where one is now that could not be read.

    Raises
    ------
    sqlite3.Error, OSError, MonitorError
        As `open_database`, but for a file that is damaged.
    """
    try:
        return open_database(path, schema, make=True), None
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):  # busy, full, not allowed: it may be sound
            raise
        aside = _set_aside(path)
        return open_database(path, schema, make=True), aside


def _migrate(database: sqlite3.Connection, path: Path, schema: Schema) -> None:
    newest = len(schema.migrations)
    if _version(database) == newest:
        return
    database.execute("BEGIN IMMEDIATE")  # another process may be doing the same
    try:
        version = _version(database)
        if version > newest:
            raise schema.error(
                f"{schema.name} {path} is of a later version of monitor ({version}; this one knows "
                f"{newest}); update this one, or move that file away."
            )
        for step in schema.migrations[version:]:
            for statement in filter(str.strip, step.split(";")):
                database.execute(statement)
        database.execute(f"PRAGMA user_version = {newest}")
        database.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            database.execute("ROLLBACK")
        raise


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def is_due(last: datetime | None, now: datetime, every_s: float) -> bool:
    """Return whether `every_s` seconds lie between two moments; also where the clock was set back between."""
    return last is None or abs((now - last).total_seconds()) >= every_s


def bound_log(database: sqlite3.Connection, max_bytes: float) -> float:
    """Keep the write-ahead log small beside `max_bytes`, and return how much of that is left for the tables.

    It is written back when it is as large as that, and what it grew to by one large transaction, or while
    somebody read, is given back then.
    """
    most = min(_MOST_LOG_BYTES, int(max_bytes * _LOG_SHARE))
    (page,) = database.execute("PRAGMA page_size").fetchone()
    database.execute(f"PRAGMA wal_autocheckpoint = {max(1, most // (page + _LOG_FRAME))}")
    database.execute(f"PRAGMA journal_size_limit = {most}")
    return max_bytes - most


def has_grown(database: sqlite3.Connection, left: float, pruned: datetime | None, now: datetime) -> bool:
    """Return whether a file takes more than what is `left` for it, and was not pruned just before."""
    return is_due(pruned, now, _GROWN_EVERY_S) and used_bytes(database) > left


def used_bytes(database: sqlite3.Connection) -> int:
    """Return how much of the file holds something."""
    pages, free, size = (
        int(database.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def give_back(database: sqlite3.Connection) -> None:
    """Make the file and its log smaller by what is free in them; while others read, as far as can be."""
    database.executescript("PRAGMA incremental_vacuum")  # `execute` would free a single page
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def taken_bytes(path: Path) -> int:
    """Return what the file at `path` takes on the disk, with its log."""
    files = [path.with_name(path.name + suffix) for suffix in ("", *_BESIDE)]
    return sum(one.stat().st_size for one in files if one.is_file())


def _set_aside(path: Path) -> Path:
    """Give a file that is no database another name, with its log, and return that."""
    aside = path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}")
    path.replace(aside)
    for suffix in _BESIDE:
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).replace(aside.with_name(aside.name + suffix))
    return aside
