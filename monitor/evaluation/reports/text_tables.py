"""Tables as text: CSV for programs, Markdown for people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from monitor.files.csv_table import csv_text


def write_csv(path: Path, records: Sequence[msgspec.Struct]) -> None:
    """Write records of one kind, a column per field."""
    rows = map(msgspec.structs.astuple, records)
    path.write_text(csv_text(records[0].__struct_fields__, rows), encoding="utf-8")


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of texts."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
