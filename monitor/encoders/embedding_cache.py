"""Text embeddings kept on disk, so that words are embedded once per model and not at every start.

One SQLite file, ``$XDG_CACHE_HOME/monitor/texts.sqlite3``; it holds hashes of words, not the words, and the
latest `MOST_ROWS` embeddings. Several programs may use it at once. It is a convenience: where it cannot be
read or written, is damaged or locked, the words are embedded again, and nobody is told. A damaged file is
thrown away. ``MONITOR_NO_CACHE=1`` does without.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.files.paths import own_folder

MOST_ROWS = 20_000
"""Some 40 MB at 512 dimensions."""
_LOCKED_S = 2.0
_TABLE = "CREATE TABLE IF NOT EXISTS texts (key BLOB PRIMARY KEY, vector BLOB NOT NULL)"
_TRIM = "DELETE FROM texts WHERE rowid <= (SELECT MAX(rowid) FROM texts) - ?"


def cache_file(name: str = "texts.sqlite3") -> Path | None:
    """Return where embeddings are kept, a path below `monitor`, or None where the user wants none kept."""
    if os.environ.get("MONITOR_NO_CACHE", "0") not in {"", "0"}:
        return None
    folder = own_folder("cache")
    return None if folder is None else folder / name


class TextCache:
    """Embeddings of one model's text tower.

    Parameters
    ----------
    path
        The file, or None: nothing is kept.
    model
        What the embeddings depend on beside the text.
    dim
        Numbers per embedding.
    most_rows
        Embeddings the file holds; None: `MOST_ROWS`.
    """

    def __init__(self, path: Path | None, model: str, dim: int, most_rows: int | None = None) -> None:
        self._path = path
        self._model = model
        self._dim = dim
        self._most_rows = most_rows or MOST_ROWS

    def read(self, texts: Iterable[str]) -> dict[str, NDArray[np.float32]]:
        """Return the embeddings that are known, float32 (dim,), unit norm."""
        found: dict[str, NDArray[np.float32]] = {}
        if self._path is not None:
            with _best_effort(self._path):
                if self._path.exists():
                    found = self._look_up(self._path, texts)
        return found

    def write(self, embeddings: Mapping[str, NDArray[np.float32]]) -> None:
        """Keep `embeddings`, and drop the oldest there are beyond the most there may be."""
        if self._path is None or not embeddings:
            return
        rows = [(self._key(text), vector.tobytes()) for text, vector in embeddings.items()]
        with _best_effort(self._path):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _opened(self._path) as database, database:
                database.execute(_TABLE)
                database.executemany("INSERT OR REPLACE INTO texts VALUES (?, ?)", rows)
                database.execute(_TRIM, (self._most_rows,))

    def _look_up(self, path: Path, texts: Iterable[str]) -> dict[str, NDArray[np.float32]]:
        with _opened(path) as database:
            rows = {
                text: database.execute(
                    "SELECT vector FROM texts WHERE key = ?", (self._key(text),)
                ).fetchone()
                for text in texts
            }
        vectors = {text: self._vector(row[0]) for text, row in rows.items() if row is not None}
        return {text: vector for text, vector in vectors.items() if vector is not None}

    def _key(self, text: str) -> bytes:
        words = text.encode(errors="surrogatepass")
        return hashlib.sha256(self._model.encode() + b"\0" + words).digest()

    def _vector(self, content: object) -> NDArray[np.float32] | None:
        """Return an embedding as it was kept, or None where it cannot be one."""
        if not isinstance(content, bytes) or len(content) != 4 * self._dim:
            return None
        vector = np.frombuffer(content, np.float32)
        return vector if abs(float(np.linalg.norm(vector)) - 1.0) < 1e-3 else None


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    for file in (path, path.with_name(f"{path.name}-journal"), path.with_name(f"{path.name}-wal")):
        if file.exists() and not file.is_file():  # a pipe would be waited for
            raise OSError(f"{file} is not a regular file")
    with contextlib.closing(sqlite3.connect(path, timeout=_LOCKED_S)) as database:
        yield database


@contextlib.contextmanager
def _best_effort(path: Path) -> Iterator[None]:
    """Go on where the cache fails; one that is damaged is deleted, one that is busy is not."""
    try:
        yield
    except (OSError, sqlite3.OperationalError):
        return
    except (sqlite3.DatabaseError, UnicodeDecodeError, MemoryError):  # its own words, or sizes, are damaged
        with contextlib.suppress(OSError):
            path.unlink()
