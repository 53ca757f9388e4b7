"""All parts of a scan as one table each; of what was heard again, or has changed, the newest counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from monitor.archive.arrow import load_arrow
from monitor.archive.folder import ScanFolder
from monitor.archive.tables import schema_of
from monitor.errors import ArchiveError

_ORDER = {
    "files": [("path", "ascending")],
    "errors": [("path", "ascending")],
    "events": [("path", "ascending"), ("onset_sample", "ascending"), ("class", "ascending")],
}


class Current:
    """Which recordings of which part count."""

    def __init__(self, folder: ScanFolder) -> None:
        """Read the tables of files of all parts.

        Raises
        ------
        ArchiveError
            One cannot be read.
        """
        self.status: dict[str, str] = {}
        """File id -> what became of it."""
        self._newest: dict[str, tuple[Path, str]] = {}
        self._parts = folder.parts
        for part in self._parts:
            table = read_part(part, "files", ["path", "file_id", "status"])
            for path, file_id, status in zip(*(column.to_pylist() for column in table.columns), strict=True):
                self._newest[path] = (part, file_id)
                self.status[file_id] = status
        self._ids: dict[Path, set[str]] = {}
        for part, file_id in self._newest.values():
            self._ids.setdefault(part, set()).add(file_id)
        self._ids_by_name = {part.name: ids for part, ids in self._ids.items()}

    @property
    def current_status(self) -> list[str]:
        """What became of each recording that counts."""
        return [self.status[file_id] for _, file_id in self._newest.values()]

    @property
    def paths(self) -> dict[str, str]:
        """File id -> path."""
        return {file_id: path for path, (_, file_id) in self._newest.items()}

    def counts(self, part: str, file_id: str) -> bool:
        """Tell whether what a part, by its name, says of a recording still counts."""
        return file_id in self._ids_by_name.get(part, ())

    def tables(self, name: str, columns: list[str] | None = None) -> Iterator[Any]:
        """Yield what counts of a table, part by part."""
        pa, compute = load_arrow(), load_arrow("compute")
        for part in self._parts:
            ids = self._ids.get(part)
            if ids and (part / f"{name}.parquet").exists():
                table = read_part(part, name, columns)
                keep = compute.is_in(table["file_id"], value_set=pa.array(sorted(ids), pa.string()))
                yield table.filter(keep)


def read_part(part: Path, name: str, columns: list[str] | None = None) -> Any:
    """Return a table of a part.

    Raises
    ------
    ArchiveError
        It cannot be read.
    """
    try:
        return load_arrow("parquet").read_table(part / f"{name}.parquet", columns=columns)
    except (OSError, load_arrow("lib").ArrowException) as error:
        raise ArchiveError(
            f"{part / name}.parquet cannot be read ({str(error).splitlines()[0]}); remove the folder {part} "
            "and scan again: what was in it is heard again."
        ) from None


def merge(folder: ScanFolder) -> None:
    """Write `files`, `events` and `errors` of all parts as one file each, in the order of the recordings.

    Raises
    ------
    ArchiveError
        They cannot be read or written.
    """
    pa, parquet = load_arrow(), load_arrow("parquet")
    current = Current(folder)
    for name, order in _ORDER.items():
        schema = schema_of(name)
        whole = pa.concat_tables([schema.empty_table(), *current.tables(name)]).sort_by(order)
        target = folder.root / f"{name}.parquet"
        beside = target.with_suffix(".parquet.partial")
        try:
            parquet.write_table(whole, beside, compression="zstd")
            beside.replace(target)
        except OSError as error:
            raise ArchiveError(f"{target} cannot be written: {error.strerror or error}.") from None
