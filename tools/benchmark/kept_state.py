"""Is what a monitor keeps whole, after whatever ended it? Its databases and what it has learnt are read."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

from tools.benchmark.process_figures import bytes_below

_DATABASES = (".db", ".sqlite3")
_PASSING = ("-wal", "-shm", "-journal")


def integrity(path: Path) -> str:
    """Return what SQLite says of a database; ``ok``."""
    try:
        with closing(sqlite3.connect(path)) as database:
            return "; ".join(str(row[0]) for row in database.execute("PRAGMA integrity_check"))
    except sqlite3.Error as error:
        return str(error)


def damaged(folder: Path) -> list[str]:
    """Return what is damaged below a folder, one sentence each; databases and learnt files are read."""
    wrong = []
    for name in bytes_below(folder):
        path = folder / name
        if ".damaged-" in name and not name.endswith(_PASSING):
            wrong.append(f"{name} was set aside as damaged")
        elif path.suffix in _DATABASES and (said := integrity(path)) != "ok":
            wrong.append(f"{name}: {said}")
        elif path.suffix == ".json":
            wrong += _unreadable(path, path.read_bytes())
        elif path.suffix == ".jsonl":
            wrong += [one for line in path.read_bytes().splitlines() for one in _unreadable(path, line)]
    return wrong


def _unreadable(path: Path, content: bytes) -> list[str]:
    try:
        json.loads(content)
    except ValueError as error:
        return [f"{path.name}: {error} ({content[:80]!r})"]
    return []


def kinds_of_files(folder: Path) -> Counter[str]:
    """Return how many files of each kind there are below a folder, by what their names end with."""
    return Counter(Path(name).suffix or Path(name).name for name in bytes_below(folder))
