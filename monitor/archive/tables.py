"""The tables of a scan, as Parquet. The only file that imports pyarrow to write; `folder.py` knows where.

Version 1. A column may be added; one that is renamed or removed, or means something else, is a new version.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.archive.arrow import load_arrow
from monitor.archive.quantised import Quantised

VERSION = 1
_FLUSH_ROWS = 4096
_TEXT, _WHOLE, _REAL, _SINGLE, _FLAG = "string", "int64", "float64", "float32", "bool_"
_FILE = {"file_id": _TEXT, "path": _TEXT}
_KINDS: dict[str, dict[str, str]] = {
    "files": {
        **_FILE,
        "size": _WHOLE,
        "modified": "modified",
        "status": _TEXT,
        "sentence": _TEXT,
        "duration_s": _REAL,
        "sample_rate": _WHOLE,
        "windows": _WHOLE,
        "events": _WHOLE,
        **{f"{name}_s": _REAL for name in ("good", "too_quiet", "noisy", "overloaded", "deaf")},
        "gap_s": _REAL,
        "skipped_s": _REAL,
        "invalid": _WHOLE,
        "channels": _TEXT,
    },
    "events": {
        **_FILE,
        "class": _TEXT,
        "label": _TEXT,
        "onset_s": _REAL,
        "offset_s": _REAL,
        "score": _REAL,
        "threshold": _REAL,
        "ended_by": _TEXT,
        "onset_sample": _WHOLE,
        "offset_sample": _WHOLE,
        "sample_rate": _WHOLE,
        "level_dbfs": _REAL,
        "floor_dbfs": _REAL,
        "snr_db": _REAL,
        "urgent": _FLAG,
        "hearing": _TEXT,
        "rhythm": _TEXT,
        "rejected_because": _TEXT,
    },
    "errors": {**_FILE, "status": _TEXT, "sentence": _TEXT},
}
"""Table -> column -> kind."""


class Table:
    """One table that grows on the disk, row by row."""

    def __init__(self, path: Path, schema: Any) -> None:
        self._parquet = load_arrow("parquet")
        self._schema = schema
        self._writer = self._parquet.ParquetWriter(path, schema, compression="zstd")
        self._rows: list[dict[str, Any]] = []

    def add(self, row: dict[str, Any]) -> None:
        """Add a row; columns that it does not hold are empty."""
        self._rows.append(row)
        if len(self._rows) >= _FLUSH_ROWS:
            self._flush()

    def close(self) -> None:
        """Write what is left, and end the file."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._rows:
            pa = load_arrow()
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
            self._rows = []


class EmbeddingTable:
    """The embeddings of a part, some thousands of windows at once."""

    def __init__(self, path: Path, quantised: Quantised) -> None:
        self._quantised = quantised
        self._schema = embedding_schema(quantised)
        parquet = load_arrow("parquet")
        self._writer = parquet.ParquetWriter(  # they are noise to any compressor
            path, self._schema, compression="zstd", use_dictionary=["file_id"]
        )
        self._empty()

    def add(self, file_id: str, start: int, vector: NDArray[np.float32]) -> None:
        """Add the embedding, float32 (dim,), of the window that begins at `start`."""
        self._ids.append(file_id)
        self._starts.append(start)
        self._vectors.append(vector)
        if len(self._ids) >= _FLUSH_ROWS:
            self._flush()

    def close(self) -> None:
        """Write what is left, and end the file."""
        self._flush()
        self._writer.close()

    def _empty(self) -> None:
        self._ids: list[str] = []
        self._starts: list[int] = []
        self._vectors: list[NDArray[np.float32]] = []

    def _flush(self) -> None:
        if not self._ids:
            return
        pa = load_arrow()
        packed, scales = self._quantised.pack(np.stack(self._vectors))
        width = packed.dtype.itemsize * packed.shape[1]
        columns = [
            pa.array(self._ids, pa.string()),
            pa.array(self._starts, pa.int64()),
            pa.FixedSizeBinaryArray.from_buffers(
                pa.binary(width), len(packed), [None, pa.py_buffer(packed.tobytes())]
            ),
            pa.array(scales, pa.float32()),
        ]
        self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))
        self._empty()


def schema_of(name: str, classes: Sequence[str] = ()) -> Any:
    """Return the schema of a table of rows; that of `scores` has a column for each of `classes`."""
    pa = load_arrow()
    if name == "scores":
        singles = [(one, pa.float32()) for one in classes]
        head = [("file_id", pa.string()), ("start", pa.int64()), ("stop", pa.int64())]
        return _versioned(pa.schema([*head, *singles, ("other", pa.string()), ("other_score", pa.float32())]))
    kinds = {"modified": pa.timestamp("us", tz="UTC")}
    fields = [
        (column, kinds[kind] if kind in kinds else getattr(pa, kind)())
        for column, kind in _KINDS[name].items()
    ]
    return _versioned(pa.schema(fields))


def embedding_schema(quantised: Quantised) -> Any:
    """Return the schema of the table of embeddings."""
    pa = load_arrow()
    width = quantised.dim * quantised.dtype.itemsize
    fields = [
        ("file_id", pa.string()),
        ("start", pa.int64()),
        ("embedding", pa.binary(width)),
        ("scale", pa.float32()),
    ]
    return _versioned(pa.schema(fields), dtype=quantised.dtype.name, dim=str(quantised.dim))


def _versioned(schema: Any, **facts: str) -> Any:
    return schema.with_metadata({"monitor.scan.version": str(VERSION), **facts})
