from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.tui.big_letters import large

WORDS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -", min_size=1, max_size=20)


@given(word=WORDS, width=st.integers(1, 250), height=st.integers(1, 30))
def test_large_letters_fit_and_all_rows_are_equally_long(word: str, width: int, height: int) -> None:
    rows = large(word, width, height)
    if rows is not None:
        assert len(rows) <= height
        assert {len(row) for row in rows} == {len(rows[0])}
        assert len(rows[0]) <= width


def test_letters_grow_with_the_room() -> None:
    sizes = [len(large("siren", width, height) or []) for width, height in [(30, 3), (60, 5), (100, 8)]]
    assert sizes == [3, 5, 8]


def test_a_long_word_in_a_high_banner_gets_taller_letters() -> None:
    assert len(large("glass breaking", 80, 6) or []) == 5


def test_a_letter_is_drawn_as_it_looks() -> None:
    assert large("l", 4, 3) == ["█   ", "█   ", "▀▀▀▀"]


def test_accents_are_left_out_and_other_scripts_are_refused() -> None:
    assert large("é", 20, 3) == large("E", 20, 3)
    assert large("鐘", 20, 3) is None
    assert large("", 20, 3) is None


def test_a_word_that_fits_at_no_scale_is_refused() -> None:
    assert large("siren", 10, 5) is None
