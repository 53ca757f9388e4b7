"""Tables that people open in a spreadsheet."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.files.csv_table import csv_text, text_of

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
STARTS = st.sampled_from(["", "=", "+", "-", "@", "\t", "\r", "\n", " =", "\uff1d", "'", "''"])


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@given(st.lists(st.builds(str.__add__, STARTS, TEXTS), min_size=2, max_size=2))
def test_every_text_comes_back_and_none_but_a_number_begins_a_formula(row: list[str]) -> None:
    heading, found = read(csv_text(("one", "two"), [row]))
    assert heading == ["one", "two"]
    assert list(map(text_of, found)) == row
    for cell in found:
        assert not cell.startswith(("=", "@", "\t", "\r", "\n"))
        if cell.startswith(("+", "-")):
            float(cell)


@pytest.mark.parametrize("number", [-3.5, "-3.5", "+2", None, True, 7])
def test_a_number_stays_a_number(number: object) -> None:
    assert read(csv_text(("one", "two"), [(number, "")]))[1][0] == ("" if number is None else str(number))
