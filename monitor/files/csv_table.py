"""Tables as comma-separated text, which people open in a spreadsheet. Pure.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line end for a formula and
runs it, whoever wrote it. Such a text gets an apostrophe before it, and so does one that begins with an
apostrophe, so that a program gets every text back: it drops one leading apostrophe. Numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

_MARK = "'"
_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", _MARK)
"""What a formula begins with, in both widths, blanks before it or not; and what is set before it."""
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?(e[+-]?[0-9]+)?", re.ASCII)


def csv_text(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a table with a heading, one line a row; no text in it is a formula."""
    return "".join(map(_line, (columns, *rows)))


def cell(content: object) -> object:
    """Return what stands in a table for `content`: a text that a spreadsheet would run is marked."""
    if not isinstance(content, str) or _NUMBER.fullmatch(content):
        return content
    begins = content.startswith(_BEGINS) or content.lstrip(" ").startswith(_BEGINS)
    return _MARK + content if begins else content


def text_of(read: str) -> str:
    """Return the text that `cell` marked, or that was not in need of it."""
    return read.removeprefix(_MARK)


def _line(row: Iterable[object]) -> str:
    """Return one line; the writer's own line end makes it quote a text that holds either half of that."""
    text = io.StringIO()
    csv.writer(text).writerow(map(cell, row))
    return text.getvalue().removesuffix("\r\n") + "\n"
