"""Tables as text: CSV for programs, Markdown for people."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import msgspec


def write_csv(path: Path, records: Sequence[msgspec.Struct]) -> None:
    """Write records of one kind, a column per field."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(records[0].__struct_fields__)
        writer.writerows(msgspec.structs.astuple(record) for record in records)


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of texts."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
