"""The SQLite file of one writer: opened at first use, and again where somebody has removed or replaced it.

Whoever deletes the file forgets all that was in it, also while a monitor runs; what comes after that is kept
in a new one, and not in a file that has no name any more.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from monitor.storage.database import Schema, bound_log, open_or_set_aside


class KeptDatabase:
    """The file at `path`, which may take `max_bytes` with its write-ahead log. Used by one thread."""

    def __init__(self, path: Path, schema: Schema, max_bytes: float) -> None:
        self.set_aside: Path | None = None
        """Where a file is now that could not be read."""
        self.table_bytes = max_bytes
        """What is left for the tables beside the log."""
        self._path = path
        self._schema = schema
        self._max_bytes = max_bytes
        self._database: sqlite3.Connection | None = None
        self._status: os.stat_result | None = None

    def opened(self) -> sqlite3.Connection:
        """Return the database; another one than before where the file was not the same any more.

        Raises
        ------
        sqlite3.Error, OSError, MonitorError
            As `open_or_set_aside`.
        """
        if self._database is not None and not self._is_there():
            self.close()
        if self._database is None:
            self._database, aside = open_or_set_aside(self._path, self._schema)
            self.set_aside = aside or self.set_aside
            self.table_bytes = bound_log(self._database, self._max_bytes)
            self._status = self._path.stat()
        return self._database

    def close(self) -> None:
        """Close the file; may be called twice."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def _is_there(self) -> bool:
        """Tell whether the name is still that of the open file."""
        with suppress(OSError):
            return self._status is not None and os.path.samestat(self._path.stat(), self._status)
        return False
