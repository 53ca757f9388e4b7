from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.tui.layout import Wanted, rows_for

wanted = st.builds(Wanted, st.integers(1, 40), st.integers(0, 3), st.booleans(), st.booleans())


@given(height=st.integers(1, 300), wanted=wanted)
def test_the_rows_fill_the_terminal_exactly_and_the_banner_always_shows(height: int, wanted: Wanted) -> None:
    rows = rows_for(height, wanted)
    assert rows.total == height
    assert rows.banner >= 1
    assert min(getattr(rows, name) for name in rows.__slots__) >= 0
    assert rows.hearing >= (height >= 4)
    assert rows.alerts == wanted.alerts or height < 9


@given(height=st.integers(4, 300), wanted=wanted)
def test_an_alarm_gets_the_whole_screen_but_for_keys_hearing_and_alerts(height: int, wanted: Wanted) -> None:
    rows = rows_for(height, wanted)
    if wanted.alarm:
        assert rows.banner == height - rows.footer - rows.hearing - rows.alerts
        assert rows.banner >= height // 3


def test_few_sources_have_a_row_each_on_a_common_terminal() -> None:
    assert [rows_for(24, Wanted(sources)).hearing for sources in (1, 2, 3, 4)] == [1, 2, 3, 4]


def test_plain_words_leave_more_for_the_banner_than_numbers_do() -> None:
    for height in (24, 36, 60):
        plain, maker = rows_for(height, Wanted()), rows_for(height, Wanted(maker=True))
        assert plain.banner > maker.banner
        assert not plain.spectrogram + plain.status + plain.meter
        assert plain.tables >= 10


def test_makers_see_every_part_on_common_sizes() -> None:
    for height in (24, 36):
        rows = rows_for(height, Wanted(maker=True))
        assert rows.tables >= 7
        assert rows.spectrogram >= 5
        assert rows.status == 2
