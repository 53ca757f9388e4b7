"""Reports that wait for the broker, on the disk: what a killed program had written, the next run sends.

A record is a transaction that the disk has when `add` returns; it goes when the broker has acknowledged it.
So a program that is killed sends at most what was under way a second time, with the same id. Overflow: beyond
`keep_days` or `max_mb` the oldest are given up and counted, for good. One program at a time has the file.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from monitor.bus.codec import encode_json
from monitor.bus.messages import Report
from monitor.errors import ProgramError
from monitor.storage.database import MEGABYTE, Schema, open_or_set_aside

_SCHEMA = Schema(
    "The reports that wait",
    (
        """
        CREATE TABLE spool (identity TEXT NOT NULL, lost INTEGER NOT NULL);
        CREATE TABLE waiting (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, noted REAL NOT NULL,
            size INTEGER NOT NULL, payload BLOB NOT NULL)
        """,
    ),
    ProgramError,
)
_OVERHEAD = 200
"""Bytes of the file for each record, beside its payload."""
_DAY_S = 86_400.0
_CLOCK_WAS_SET = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
"""A time before this is of a clock that nobody had set yet, and says nothing about age."""


class Waiting(NamedTuple):
    """A report that is not acknowledged yet."""

    sequence: int
    id: str
    payload: bytes
    """As it is sent."""


class Spool:
    """The reports of one node. Used by one thread.

    Parameters
    ----------
    path
        The file; None: in memory only.
    keep_days, max_mb
        Beyond either the oldest are given up.

    Raises
    ------
    sqlite3.Error, OSError
        It cannot be had; another program having it is a BlockingIOError.
    """

    def __init__(self, path: Path | None, keep_days: float, max_mb: float) -> None:
        self.set_aside: Path | None = None
        """Where a file is now that could not be read."""
        self._keep_s, self._most_bytes = keep_days * _DAY_S, int(max_mb * MEGABYTE)
        self._lock = None if path is None else _locked(path)
        try:
            self._database = self._opened(path)
        except BaseException:
            self._unlock()
            raise
        self.identity, self.lost = self._whose()
        self._last = self._number("SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'waiting'")
        self._bytes = self._number("SELECT COALESCE(SUM(size), 0) FROM waiting")
        self._count = self._number("SELECT COUNT(*) FROM waiting")

    def __len__(self) -> int:
        return self._count

    @property
    def last(self) -> int:
        """The number of the newest that was ever written down."""
        return self._last

    def add(self, reports: Sequence[Report]) -> None:
        """Write `reports` down; one whose id waits already is passed over. They are on the disk then.

        Raises
        ------
        sqlite3.Error, OSError
            None of them is.
        """
        before = self._last, self._bytes, self._count, self.lost
        try:
            self._database.execute("BEGIN IMMEDIATE")
            for report in reports:
                self._insert(report)
            self._give_up()
            self._database.execute("COMMIT")
        except BaseException:
            self._last, self._bytes, self._count, self.lost = before
            with suppress(sqlite3.Error):
                self._database.execute("ROLLBACK")
            raise

    def after(self, sequence: int, most: int) -> list[Waiting]:
        """Return what waits behind `sequence`, oldest first."""
        rows = self._database.execute(
            "SELECT sequence, id, payload FROM waiting WHERE sequence > ? ORDER BY sequence LIMIT ?",
            (sequence, most),
        )
        return [Waiting(*row) for row in rows]

    def remove(self, sequences: Sequence[int]) -> None:
        """Forget what the broker has."""
        self._database.execute("BEGIN IMMEDIATE")
        for sequence in sequences:
            self._delete("sequence = ?", sequence)
        self._database.execute("COMMIT")

    def behind(self, sequence: int) -> tuple[int, datetime | None]:
        """Return how many wait behind `sequence`, and when the oldest of them was written down."""
        query = "SELECT COUNT(*), MIN(sequence) FROM waiting WHERE sequence > ?"
        count, first = self._database.execute(query, (sequence,)).fetchone()
        if first is None:
            return 0, None
        noted = self._database.execute("SELECT noted FROM waiting WHERE sequence = ?", (first,)).fetchone()[0]
        return int(count), datetime.fromtimestamp(noted, UTC)

    def close(self) -> None:
        """Let another program have the file; may be called twice."""
        self._database.close()
        self._unlock()

    def _opened(self, path: Path | None) -> sqlite3.Connection:
        if path is None:
            database = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
            for statement in _SCHEMA.migrations[0].split(";"):
                database.execute(statement)
            return database
        database, self.set_aside = open_or_set_aside(path, _SCHEMA)
        database.execute("PRAGMA synchronous = FULL")  # a power cut loses nothing that was written either
        return database

    def _whose(self) -> tuple[str, int]:
        row = self._database.execute("SELECT identity, lost FROM spool").fetchone()
        if row is None:
            row = (uuid.uuid4().hex[:12], 0)
            self._database.execute("INSERT INTO spool VALUES (?, ?)", row)
        return str(row[0]), int(row[1])

    def _number(self, query: str) -> int:
        return int(self._database.execute(query).fetchone()[0])

    def _insert(self, report: Report) -> None:
        if self._database.execute("SELECT 1 FROM waiting WHERE id = ?", (report.id,)).fetchone():
            return
        self._last += 1
        numbered = _numbered(report, self.identity, self._last)
        size = len(numbered) + _OVERHEAD
        row = (self._last, report.id, report.noted.timestamp(), size, numbered)
        self._database.execute("INSERT INTO waiting VALUES (?, ?, ?, ?, ?)", row)
        self._bytes += size
        self._count += 1

    def _give_up(self) -> None:
        """Drop the oldest that are too old or too many, and keep how many they were."""
        before = self._count
        oldest = datetime.now(UTC).timestamp() - self._keep_s
        self._delete("noted BETWEEN ? AND ?", _CLOCK_WAS_SET, oldest)
        while self._bytes > self._most_bytes and self._count > 1:
            self._delete("sequence = (SELECT MIN(sequence) FROM waiting)")
        if before > self._count:
            self.lost += before - self._count
            self._database.execute("UPDATE spool SET lost = ?", (self.lost,))

    def _delete(self, condition: str, *values: float) -> None:
        rows = self._database.execute(f"DELETE FROM waiting WHERE {condition} RETURNING size", values)  # noqa: S608
        for (size,) in rows.fetchall():
            self._bytes -= size
            self._count -= 1

    def _unlock(self) -> None:
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)


def _numbered(report: Report, spool: str, sequence: int) -> bytes:
    """Return a report as it is sent, with its place in the order."""
    return encode_json(replace(report, spool=spool, sequence=sequence))


def _locked(path: Path) -> int:
    """Return a lock on the file at `path`."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path.with_suffix(".lock"), flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
