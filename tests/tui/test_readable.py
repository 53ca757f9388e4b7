from __future__ import annotations

from datetime import UTC, date, datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.bus.messages import CorrectionState
from monitor.records import Activity, NearMissReason
from monitor.tui.readable import ACTIVITY, corrected, dated, duration, short_duration
from monitor.wording import NEAR_MISS, NOT_TOLD, seldom


def test_there_are_words_for_every_activity() -> None:
    assert set(ACTIVITY) == set(get_args(Activity))


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "0 s"), (5.9, "5 s"), (80, "1 min 20 s"), (7500, "2 h 05 min")]
)
def test_durations_read_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize("seconds", [0, 9.94, 9.96, 59.9, 60, 599, 3599, 3600, 86399])
def test_short_durations_take_at_most_five_cells(seconds: float) -> None:
    assert len(short_duration(seconds)) <= 5


def test_there_are_words_for_every_near_miss() -> None:
    assert set(NOT_TOLD) == set(NEAR_MISS) == set(get_args(NearMissReason))


@pytest.mark.parametrize(
    ("score", "words"),
    [
        (0.5, "once an hour"),
        (0.04, "many an hour"),
        (0.96, "once a day"),
        (0.9999, "hardly ever"),
        (0.0, "every minute"),
    ],
)
def test_a_threshold_is_told_as_how_often_ordinary_sound_reaches_it(score: float, words: str) -> None:
    assert seldom(score) == words
    assert len(words) <= 12


@given(st.floats(0.0, 1.0))
def test_how_often_fits_its_column(score: float) -> None:
    assert 0 < len(seldom(score)) <= 12


def test_what_is_not_of_today_has_its_day() -> None:
    time = datetime(2026, 3, 14, 8, 28, 3, tzinfo=UTC)
    assert dated(time, None, date(2026, 3, 14)) == "08:28:03"
    assert dated(time, None, date(2026, 3, 20)) == "14 Mar 08:28"
    assert dated(time, None, date(2027, 3, 14)) == "14 Mar 2026"
    assert dated(time, 75.0, date(2026, 3, 14)) == "00:01:15"


@pytest.mark.parametrize(
    ("right", "effect", "undone", "told"),
    [
        (False, -1.0, False, "Dog bark was wrong: the same sound now counts 2.7 times less."),
        (True, 1.0, False, "Dog bark was right: the same sound now counts 2.7 times more."),
        (False, 0.0, False, "Dog bark was wrong: the same sound is told as before."),
        (False, 0.0, True, "Taken back: what was said of dog bark."),
    ],
)
def test_what_follows_of_a_correction_is_told(right: bool, effect: float, undone: bool, told: str) -> None:
    state = CorrectionState("id", "dog_bark", right, datetime.now(UTC), "you", "mic", effect)
    assert corrected(state, undone=undone) == told
