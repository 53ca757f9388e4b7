"""What is remembered, as a table: moments, and what somebody said of the events they belong to.

A moment of an event that was corrected stays for as long as the correction does. An event's id, class, time
and source are readable without the key, as they are in the history; embedding, level and scores are not.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from monitor.errors import MomentsError
from monitor.records import Correction, Moment
from monitor.storage.database import give_back, utc
from monitor.storage.moments.rows import MomentBatch, about, batch_of, damaged, moment_of, row_of
from monitor.storage.moments.sealing import Seal

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE moments (
        id INTEGER PRIMARY KEY, model TEXT NOT NULL, source_id TEXT NOT NULL, time REAL NOT NULL,
        event_id TEXT NOT NULL, class TEXT NOT NULL, content BLOB NOT NULL
    );
    CREATE INDEX moments_by_time ON moments (time);
    CREATE INDEX moments_of_events ON moments (event_id) WHERE event_id != '';
    CREATE TABLE corrections (
        event_id TEXT PRIMARY KEY, class TEXT NOT NULL, is_right INTEGER NOT NULL, really TEXT NOT NULL,
        source_id TEXT NOT NULL, model TEXT NOT NULL, time REAL NOT NULL, by TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE about (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    """,
)
_COLUMNS = "model, source_id, time, event_id, class, content"
_TYPED = (
    "CAST(model AS TEXT), CAST(source_id AS TEXT), CAST(time AS REAL), CAST(event_id AS TEXT), "
    "CAST(class AS TEXT), CAST(content AS BLOB)"
)
"""The same; a column of SQLite holds whatever another program put into it."""
_OF_EVENT = "event_id = ? AND event_id != ''"
"""The second half lets SQLite use `moments_of_events`; without it each event costs a look at every moment."""
_KEY_CHECK = "key_check"


class Asked(msgspec.Struct, frozen=True):
    """Which moments are meant; what is None limits nothing."""

    since: datetime | None = None
    until: datetime | None = None
    event_id: str | None = None
    model: str | None = None
    source_id: str | None = None


class Overview(msgspec.Struct, frozen=True):
    """How much is remembered of one source by one model."""

    source_id: str
    model: str
    moments: int
    events: int
    first: datetime
    last: datetime


class MomentStore:
    """Reads and writes the memory through an open database.

    Raises
    ------
    MomentsError
        It is encrypted, and `seal` is not what it was encrypted with.
    """

    def __init__(self, database: sqlite3.Connection, path: Path, seal: Seal | None) -> None:
        self.path = path
        self._database = database
        self._seal = seal
        database.execute("PRAGMA secure_delete = ON")  # what is forgotten is overwritten
        self._check_key()

    @property
    def encrypted(self) -> bool:
        """Whether it is."""
        return self._seal is not None

    def add(self, moments: Iterable[Moment]) -> None:
        """Remember moments that belong to no event."""
        sentence = f"INSERT INTO moments ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608
        self._database.executemany(sentence, [row_of(one, self._seal) for one in moments])

    def put_event(self, event_id: str, moments: Sequence[Moment]) -> None:
        """Remember the moments of an event, in place of those that were known."""
        with _Transaction(self._database):
            self._database.execute(f"DELETE FROM moments WHERE {_OF_EVENT}", (event_id,))  # noqa: S608
            self.add(moments)

    def of_event(self, event_id: str) -> list[Moment]:
        """Return the moments of an event, oldest first; none: they were forgotten, or never kept."""
        return list(self.find(Asked(event_id=event_id)))

    def find(self, asked: Asked) -> Iterator[Moment]:
        """Yield the moments that are meant, oldest first."""
        where, values = _where(asked)
        sentence = f"SELECT {_TYPED} FROM moments{where} ORDER BY time, id"  # noqa: S608
        for row in self._database.execute(sentence, values):
            yield moment_of(row, self._seal, self.path)

    def batches(self, model: str, most: int = 4096, asked: Asked | None = None) -> Iterator[MomentBatch]:
        """Yield the moments of one model, `most` at once, oldest first."""
        which = msgspec.structs.replace(asked or Asked(), model=model)
        waiting: list[Moment] = []
        for moment in self.find(which):
            if waiting and moment.vector.shape != waiting[0].vector.shape:
                raise damaged(self.path)
            waiting.append(moment)
            if len(waiting) == most:
                yield batch_of(waiting)
                waiting = []
        if waiting:
            yield batch_of(waiting)

    def models(self) -> list[str]:
        """Return the identities of the models of which there is anything."""
        rows = self._database.execute("SELECT DISTINCT model FROM moments ORDER BY model").fetchall()
        return [str(row[0]) for row in rows]

    def classes(self, model: str) -> list[str]:
        """Return what events of a model's moments were told as."""
        sentence = "SELECT DISTINCT class FROM moments WHERE model = ? AND class != '' ORDER BY class"
        return [str(row[0]) for row in self._database.execute(sentence, (model,))]

    def newest_event(self) -> str | None:
        """Return the id of the event that began last; None: none is remembered."""
        row = self._database.execute(
            "SELECT event_id FROM moments WHERE event_id != '' ORDER BY time DESC LIMIT 1"
        ).fetchone()
        return None if row is None else str(row[0])

    def overview(self) -> list[Overview]:
        """Return how much there is, per source and model."""
        rows = self._database.execute(
            """
            SELECT CAST(source_id AS TEXT), CAST(model AS TEXT), count(*),
                count(DISTINCT nullif(event_id, '')), CAST(min(time) AS REAL), CAST(max(time) AS REAL)
            FROM moments GROUP BY source_id, model ORDER BY min(time)
            """
        ).fetchall()
        return [
            Overview(source_id, model, moments, events, utc(first), utc(last))
            for source_id, model, moments, events, first, last in rows
        ]

    def forget(self, asked: Asked) -> tuple[int, list[str]]:
        """Forget the moments that are meant, and corrections that lose all of theirs.

        Return how many moments, and the events of these corrections.
        """
        where, values = _where(asked)
        with _Transaction(self._database):
            count = self._database.execute(f"DELETE FROM moments{where}", values).rowcount  # noqa: S608
            known = "SELECT event_id FROM moments WHERE event_id != ''"
            lost = f"FROM corrections WHERE event_id NOT IN ({known})"
            ids = [str(one) for (one,) in self._database.execute(f"SELECT event_id {lost}")]
            self._database.execute(f"DELETE {lost}")
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # nothing is left of it in the log
        give_back(self._database)
        return count, ids

    def corrections(self, model: str | None = None) -> list[Correction]:
        """Return what somebody said of events, oldest first; of one model, or of all."""
        rows = self._database.execute(
            """
            SELECT CAST(event_id AS TEXT), CAST(class AS TEXT), CAST(is_right AS INTEGER),
                CAST(really AS TEXT), CAST(source_id AS TEXT), CAST(model AS TEXT), CAST(time AS REAL),
                CAST(by AS TEXT)
            FROM corrections WHERE ? IN ('', model) ORDER BY time
            """,
            (model or "",),
        ).fetchall()
        return [
            Correction(event_id, class_, bool(right), really, source_id, of, utc(time), by)
            for event_id, class_, right, really, source_id, of, time, by in rows
        ]

    def correct(self, correction: Correction) -> None:
        """Keep what somebody said of an event, in place of what was said of it before."""
        one = correction
        self._database.execute(
            "INSERT OR REPLACE INTO corrections VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                one.event_id, one.class_, one.right, one.really, one.source_id, one.model,
                one.time.timestamp(), one.by,
            ),
        )  # fmt: skip

    def uncorrect(self, event_id: str) -> bool:
        """Take back what was said of an event; False: nothing was."""
        return self._database.execute("DELETE FROM corrections WHERE event_id = ?", (event_id,)).rowcount > 0

    def _check_key(self) -> None:
        """Refuse a key that is not its own; encrypt what there is with the first that is given."""
        checks = "SELECT CAST(value AS BLOB) FROM about WHERE name = ?"
        row = self._database.execute(checks, (_KEY_CHECK,)).fetchone()
        if row is None:
            if self._seal is not None:
                self._encrypt(self._seal)
            return
        if self._seal is None:
            raise MomentsError(
                f"The memory {self.path} is encrypted; say where its key is: [memory] key_file or key_env."
            )
        if self._seal.open(row[0], _KEY_CHECK.encode()) is None:
            raise MomentsError(
                f"The memory {self.path} is encrypted with another key than the one that [memory] names; "
                "give that one, or move the file away."
            )

    def _encrypt(self, seal: Seal) -> None:
        with _Transaction(self._database):
            rows = self._database.execute(f"SELECT id, {_TYPED} FROM moments").fetchall()  # noqa: S608
            for number, *plain, content in rows:
                sealed = seal.close(content, about(plain))
                self._database.execute("UPDATE moments SET content = ? WHERE id = ?", (sealed, number))
            check = seal.close(b"", _KEY_CHECK.encode())
            self._database.execute("INSERT INTO about VALUES (?, ?)", (_KEY_CHECK, check))
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # nothing plain is left in the log


class _Transaction:
    """All or nothing of what is written inside."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __enter__(self) -> None:
        self._database.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *_: object) -> None:
        self._database.execute("COMMIT" if kind is None else "ROLLBACK")


def _where(asked: Asked) -> tuple[str, list[Any]]:
    limits: list[tuple[str, Any]] = []
    if asked.since is not None:
        limits.append(("time >= ?", asked.since.timestamp()))
    if asked.until is not None:
        limits.append(("time < ?", asked.until.timestamp()))
    if asked.event_id is not None:
        limits.append((_OF_EVENT, asked.event_id))
    names = ("model", "source_id")
    limits += [(f"{name} = ?", value) for name in names if (value := getattr(asked, name)) is not None]
    return f" WHERE {' AND '.join(text for text, _ in limits)}" if limits else "", [one for _, one in limits]
