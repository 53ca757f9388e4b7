from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.tui.layout import rows_for


@given(height=st.integers(1, 300))
def test_the_rows_fill_the_terminal_exactly_and_the_banner_always_shows(height: int) -> None:
    rows = rows_for(height)
    assert rows.total == height
    assert rows.banner >= 1
    assert min(rows.meter, rows.picture, rows.tables, rows.status, rows.footer) >= 0


def test_the_common_sizes_show_every_part() -> None:
    for height in (24, 36):
        rows = rows_for(height)
        assert rows.tables >= 8
        assert rows.picture >= 5
        assert rows.status == 2
