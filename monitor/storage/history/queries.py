"""What is asked of the history."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from monitor.bus.codec import DECODERS, decode_with
from monitor.bus.messages import Change, Event, Health, NearMissMessage
from monitor.bus.open_events import acknowledged, ended
from monitor.errors import HistoryError, WireError
from monitor.storage.database import FAILURES, utc
from monitor.storage.history.database import add_event, open_database
from monitor.text import sanitise

GONE_AFTER = timedelta(seconds=90)
"""An open event of which nothing was written for so long has gone with its monitor, which tells it at least
once a minute."""
_LOOKED_AT = 1000
"""Of the records of health, where only what was listened for is wanted."""
_CHANGE = msgspec.json.Decoder(Change)
_COUNT, _HEARD = "CAST(count AS INTEGER)", "CAST(heard AS REAL)"
_SOURCE, _CLASS = "CAST(source_id AS TEXT)", "CAST(class AS TEXT)"
"""A column of SQLite holds whatever another program put into it."""
Record = TypeVar("Record")


class Asked(msgspec.Struct, frozen=True):
    """Which part of the history is meant; what is None limits nothing."""

    since: datetime | None = None
    until: datetime | None = None
    class_: str | None = None
    source_id: str | None = None
    missed: bool = False
    """Only urgent events that nobody has acknowledged."""
    limit: int | None = None
    """At most so many of each kind, the newest."""


class Repeated(msgspec.Struct, frozen=True):
    """The best near miss of a minute, and how many of its class and reason there were in it."""

    miss: NearMissMessage
    count: int


class Holdings(msgspec.Struct, frozen=True):
    """What there is at all."""

    anything: bool
    """Whether any monitor has written anything."""
    classes: list[str]
    """Those of which there are events or near misses."""
    listened: list[str] = []
    """Those that were listened for, as far as the newest records of health say."""
    sources: list[str] = []
    """The sources that were heard, by their ids."""


class SettingChange(msgspec.Struct, frozen=True):
    """What somebody changed of one source."""

    source_id: str
    change: Change


class Found(msgspec.Struct, frozen=True):
    """A part of the history, oldest first."""

    events: list[Event]
    near_misses: list[Repeated]
    health: list[Health]
    changes: list[SettingChange]


def find(path: Path, asked: Asked) -> Found:
    """Return what the history at `path` has of what is asked; nothing where there is none.

    Raises
    ------
    HistoryError
        It cannot be read.
    """
    with _reading(path) as database:
        if database is None:
            return Found([], [], [], [])
        events = _events(database, asked)
        if asked.missed:
            return Found(events, [], [], [])
        near = [
            Repeated(miss, count)
            for record, count in _rows(database, "near_misses", f"record, {_COUNT}", "time", asked)
            if (miss := _decoded(record, NearMissMessage)) is not None
        ]
        unclassed = msgspec.structs.replace(asked, class_=None)
        health = _records(database, "health", Health, unclassed)
        changes = [
            SettingChange(source_id, change)
            for source_id, record in _rows(database, "changes", f"{_SOURCE}, record", "time", unclassed)
            if (change := _decoded_with(record, _CHANGE)) is not None
        ]
        return Found(events, near, health, changes)


def find_events(path: Path, asked: Asked) -> list[Event]:
    """Return the events of the history at `path` that are asked for, oldest first; raises as `find` does."""
    with _reading(path) as database:
        return [] if database is None else _events(database, asked)


def holdings(path: Path) -> Holdings:
    """Return what the history at `path` has at all; raises as `find` does."""
    with _reading(path) as database:
        if database is None:
            return Holdings(anything=False, classes=[])
        health = _records(database, "health", Health, Asked(limit=_LOOKED_AT))
        ids = f"SELECT {_SOURCE} FROM events UNION SELECT {_SOURCE} FROM health"  # noqa: S608
        both = f"SELECT {_CLASS} FROM events UNION SELECT {_CLASS} FROM near_misses"  # noqa: S608
        classes = database.execute(both).fetchall()
        others = "SELECT 1 FROM health UNION SELECT 1 FROM changes"
        return Holdings(
            anything=bool(classes) or database.execute(others).fetchone() is not None,
            classes=sorted(name for (name,) in classes if name is not None),
            listened=sorted({state.class_ for one in health for state in one.classes}),
            sources=sorted(name for (name,) in database.execute(ids) if name is not None),
        )


def missed(path: Path, most: int, source_ids: Collection[str] = ()) -> list[Event]:
    """Return the newest urgent events that are over and that nobody has acknowledged, oldest first.

    Parameters
    ----------
    most
        Events at most.
    source_ids
        Sources to which a run is about to listen: what an earlier one left open there is over.
    """
    with _reading(path) as database:
        if database is None:
            return []
        events = _events(database, Asked(missed=True, limit=most), source_ids)
        return [one for one in events if one.offset_time]


def acknowledge(path: Path, asked: Asked, event_id: str | None, by: str) -> list[Event]:
    """Acknowledge what is meant while no monitor runs, and return it.

    Raises
    ------
    HistoryError
        It cannot be read or written.
    """
    with _reading(path) as database:
        if database is None:
            return []
        waiting = _events(database, msgspec.structs.replace(asked, missed=True))
        now = datetime.now(UTC)
        seen = [acknowledged(one, by, now) for one in waiting if event_id in {None, one.id}]
        for one in seen:
            add_event(database, one)
        return seen


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection | None]:
    with _told(path):
        try:
            database = open_database(path)
        except FileNotFoundError:
            yield None
            return
        with closing(database):
            yield database


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except FAILURES as error:
        why = sanitise(str(getattr(error, "strerror", None) or error or "no reason was given"))
        raise HistoryError(
            f"The history {path} cannot be used: {why}; the next `monitor run` sets a damaged one aside and "
            "begins another, and `monitor doctor` says what else may be wrong."
        ) from None


def _events(database: sqlite3.Connection, asked: Asked, over: Collection[str] = ()) -> list[Event]:
    """Return the events that are meant; those of sources in `over` have ended, whatever was written."""
    now = datetime.now(UTC)
    found = []
    for record, heard in _rows(database, "events", f"record, {_HEARD}", "onset", asked):
        event = _decoded(record, Event)
        if event is not None:
            last = utc(heard)
            gone = event.source_id in over or now - last > GONE_AFTER
            found.append(ended(event, "gone", last) if gone and event.offset_time is None else event)
    return found


def _records(database: sqlite3.Connection, table: str, kind: type[Record], asked: Asked) -> list[Record]:
    rows = _rows(database, table, "record", "time", asked)
    return [one for (record,) in rows if (one := _decoded(record, kind)) is not None]


def _rows(
    database: sqlite3.Connection, table: str, columns: str, time: str, asked: Asked
) -> Sequence[tuple[Any, ...]]:
    """Return the newest rows that are meant, oldest first."""
    limits: list[tuple[str, Any]] = []
    if asked.since is not None:
        limits.append((f"{time} >= ?", asked.since.timestamp()))
    if asked.until is not None:
        limits.append((f"{time} < ?", asked.until.timestamp()))
    if asked.class_ is not None:
        limits.append(("class = ?", asked.class_))
    if asked.source_id is not None:
        limits.append(("source_id = ?", asked.source_id))
    where = " AND ".join([text for text, _ in limits] + ["urgent AND acknowledged IS NULL"] * asked.missed)
    sentence = f"SELECT {columns} FROM {table}{f' WHERE {where}' if where else ''} ORDER BY {time} DESC"  # noqa: S608
    newest = sentence if asked.limit is None else f"{sentence} LIMIT {asked.limit}"
    return database.execute(newest, [value for _, value in limits]).fetchall()[::-1]


def _decoded(record: object, kind: type[Record]) -> Record | None:
    """Return a record; None where another version, or program, wrote what this one does not understand."""
    return _decoded_with(record, DECODERS[kind])


def _decoded_with(record: object, decoder: msgspec.json.Decoder[Record]) -> Record | None:
    try:
        return decode_with(decoder, record) if isinstance(record, bytes) else None
    except WireError:
        return None
