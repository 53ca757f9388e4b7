from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from monitor.tui.strips import SEPARATOR, bar, fit, line, marked, wrapped
from monitor.tui.theme import TEXT

TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs", "Mn", "Me", "Zl", "Zp")), max_size=40)


@given(text=TEXTS, width=st.integers(0, 40))
def test_fitted_text_is_exactly_as_wide_as_asked(text: str, width: int) -> None:
    assert cell_len(fit(text, width)) == width


@given(text=TEXTS, width=st.integers(0, 40))
def test_a_line_is_exactly_as_wide_as_asked(text: str, width: int) -> None:
    assert line([(text, TEXT)], width).cell_length == width


@given(value=st.floats(-2, 3), width=st.integers(1, 100))
def test_a_bar_is_as_wide_as_asked_and_never_overfull(value: float, width: int) -> None:
    assert len(bar(value, width)) == width


def test_a_bar_grows_in_eighths() -> None:
    assert [bar(share, 2) for share in (0.0, 0.0625, 0.5, 0.75, 1.0)] == ["  ", "▏ ", "█ ", "█▌", "██"]


def test_text_that_does_not_fit_ends_in_an_ellipsis() -> None:
    assert fit("glass breaking", 8) == "glass b…"


def test_marks_replace_single_cells_and_those_outside_are_left_out() -> None:
    pieces = marked("....", {1: ("|", TEXT), 9: ("x", TEXT)}, TEXT)
    assert "".join(text for text, _ in pieces) == ".|.."


@given(
    parts=st.lists(st.lists(st.text("abc", min_size=1, max_size=9), min_size=1, max_size=20), max_size=5),
    width=st.integers(9, 80),
)
def test_no_sentence_is_cut_where_there_are_rows_for_it(parts: list[list[str]], width: int) -> None:
    text = SEPARATOR.join(" ".join(words) for words in parts)
    rows = wrapped(text, width, most=1000)
    assert "".join(rows).replace(" ", "").replace("·", "") == text.replace(" ", "").replace("·", "")
    assert all(cell_len(row) <= width for row in rows)


def test_what_to_do_without_a_microphone_is_read_to_its_end_on_a_small_terminal() -> None:
    why = "There is no microphone. Plug one in, or listen to a file: monitor run --source street.wav"
    rows = wrapped(f"{why} · since 5 s · nothing can be heard until it is back", 78, 3)
    assert rows[0].startswith("There is no")
    assert not any("…" in row for row in rows)


def test_markup_is_text() -> None:
    assert line([("[bold]x[/]", TEXT)], 10).text == "[bold]x[/]"
