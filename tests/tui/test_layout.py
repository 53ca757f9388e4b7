from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.tui.layout import rows_for


@given(height=st.integers(1, 300), sources=st.integers(0, 40))
def test_the_rows_fill_the_terminal_exactly_and_the_banner_always_shows(height: int, sources: int) -> None:
    rows = rows_for(height, sources)
    assert rows.total == height
    assert rows.banner >= 1
    assert min(rows.sources, rows.meter, rows.spectrogram, rows.tables, rows.status, rows.footer) >= 0
    assert rows.sources >= (height >= 8 and sources > 1)


def test_one_source_has_no_row_of_its_own_and_few_have_one_each_on_a_common_terminal() -> None:
    assert rows_for(24, 1).sources == 0
    assert [rows_for(24, sources).sources for sources in (2, 3, 4)] == [2, 3, 4]


def test_the_common_sizes_show_every_part() -> None:
    for height in (24, 36):
        rows = rows_for(height)
        assert rows.tables >= 8
        assert rows.spectrogram >= 5
        assert rows.status == 2
