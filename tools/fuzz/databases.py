"""The history and the memory, as files of anybody's making: bytes, and rows that another program wrote."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from monitor.bus.codec import decode_json
from monitor.bus.messages import Change, Event, Health, NearMissMessage, Request
from monitor.cli import history_view
from monitor.encoders.embedding_cache import TextCache
from monitor.errors import HistoryError, MomentsError
from monitor.storage import history
from monitor.storage.database import open_database
from monitor.storage.history.database import HistoryWriter
from monitor.storage.moments import opening, queries
from tools.fuzz.choices import Choices, as_json, plain
from tools.fuzz.target import Target, as_file, only, workplace
from tools.fuzz.wire import NOON, rows

_DIM = 4
_HISTORY = ("events", "near_misses", "health", "changes")
_MEMORY = ("moments", "corrections", "about")
_TYPES = {"time": float, "onset": float, "heard": float, "offset": float, "minute": int, "count": int}
_RECORDS: dict[str, type[msgspec.Struct]] = {
    "events": Event,
    "near_misses": NearMissMessage,
    "health": Health,
    "changes": Change,
}


def history_file(data: bytes) -> None:
    """Read a history from bytes."""
    _read_history(_database(data, "history.db"))


def history_rows(data: bytes) -> None:
    """Read a history whose rows another program wrote."""
    path = _fresh("history.db")
    history.open_database(path, make=True).close()
    _fill(path, Choices(data), _HISTORY)
    _read_history(path)


def _read_history(path: Path) -> None:
    asked = history.Asked(limit=50)
    with only(HistoryError):
        found = history.find(path, asked)
        for everything in (False, True):
            history_view.table(found, everything=everything)
            history_view.ids(found, everything=everything)
        history_view.summary(found.events)
    with only(HistoryError):
        there = history.holdings(path)
        history_view.nothing(history.Asked(class_="siren"), there)
    with only(HistoryError):
        history.missed(path, 10, ("mic0",))
    with only(HistoryError):
        history.answer(path, Request("history", class_="siren", since=NOON))
    with only(HistoryError):
        history.acknowledge(path, asked, None, "somebody")


def memory_file(data: bytes) -> None:
    """Read a memory from bytes."""
    _read_memory(_database(data, "memory.db"))


def memory_rows(data: bytes) -> None:
    """Read a memory whose rows another program wrote."""
    path = _fresh("memory.db")
    open_database(path, opening.SCHEMA, make=True).close()
    _fill(path, Choices(data), _MEMORY)
    _read_memory(path)


def _read_memory(path: Path) -> None:
    reads: Sequence[Callable[[Any], Any]] = (
        lambda store: store.overview(), lambda store: store.corrections(),
        lambda store: [list(store.batches(model)) for model in store.models()],
        lambda store: [store.classes(model) for model in store.models()], lambda store: store.newest_event(),
        lambda store: store.of_event("a"), lambda store: store.forget(queries.Asked(event_id="a")),
    )  # fmt: skip
    for read in reads:
        with only(MomentsError), opening.open_moments(path) as store:
            if store is not None:
                read(store)


def cache(data: bytes) -> None:
    """Look for the embedding of a word in somebody else's cache, and keep another."""
    path = _database(data, "texts.sqlite3")
    found = TextCache(path, "model", _DIM)
    found.write(found.read(["siren"]))


def _fresh(name: str) -> Path:
    for suffix in ("", "-wal", "-shm", "-journal"):
        (workplace() / f"{name}{suffix}").unlink(missing_ok=True)
    return workplace() / name


def _database(data: bytes, name: str) -> Path:
    _fresh(name)
    return as_file(data, name)


def _fill(path: Path, choices: Choices, tables: Sequence[str]) -> None:
    """Write rows, of their columns' types more often than not; and a view, which is a program."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA synchronous = OFF")
        for _ in range(1 + choices.byte() % 6):
            table = choices.one_of(tables)
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            values = [_cell(choices, table, column) for column in columns]
            marks = ", ".join("?" * len(columns))
            try:
                database.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", values)  # noqa: S608
            except (sqlite3.Error, OverflowError, UnicodeEncodeError):
                continue
        if choices.byte() > 240:
            table = choices.one_of(tables)
            endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            named = ", ".join(f"x AS {column}" for column in columns)
            database.execute(f"DROP TABLE {table}")
            database.execute(f"CREATE VIEW {table} AS SELECT {named} FROM ({endless})")  # noqa: S608


def _cell(choices: Choices, table: str, column: str) -> Any:
    kind = choices.byte()
    if kind < 24:
        return choices.one_of((None, "text", b"bytes", 1e300, -1, float("nan"), 2**62, "\x1b[31m", b"\xff"))
    if column == "record":
        return as_json(choices.record(_RECORDS[table]))
    if column == "content":
        return choices.rest()[:64] if kind < 100 else b"\x94\xc4\x08" + bytes(8) + b"\x01\x02\x80"
    if column in _TYPES:
        return choices.number() if kind < 64 else 1.8e9
    return choices.text() if kind < 200 else "a"


def _histories() -> list[bytes]:
    path = _fresh("seed.db")
    writer = HistoryWriter(path, 30.0, 100.0)
    writer.add(decode_json(as_json(plain(Event)), Event))
    writer.add(decode_json(as_json(plain(NearMissMessage)), NearMissMessage))
    writer.add(decode_json(as_json(plain(Health)), Health))
    writer.close()
    return [*_small(path), b"", b"SQLite format 3\0", b"no database"]


def _memories() -> list[bytes]:
    path = _fresh("seed.db")
    open_database(path, opening.SCHEMA, make=True).close()
    return _small(path)


def _caches() -> list[bytes]:
    import numpy as np

    path = _fresh("seed.db")
    TextCache(path, "model", _DIM).write({"siren": np.eye(_DIM, dtype=np.float32)[0]})
    return _small(path)


def _small(path: Path) -> list[bytes]:
    """Return a database without its log, in small pages."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
        database.execute("PRAGMA page_size = 512")
        database.execute("VACUUM")
    return [path.read_bytes()]


TARGETS = (
    Target(name="history-file", check=history_file, seeds=_histories),
    Target(name="history-rows", check=history_rows, seeds=rows()),
    Target(name="memory-file", check=memory_file, seeds=_memories),
    Target(name="memory-rows", check=memory_rows, seeds=rows()),
    Target(name="text-cache", check=cache, seeds=_caches),
)
