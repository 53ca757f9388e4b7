from __future__ import annotations

from typing import get_args

import pytest

from monitor.records import Activity
from monitor.tui.readable import ACTIVITY, duration, over_background, short_duration


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


def test_a_sound_below_the_background_is_not_given_a_number() -> None:
    assert over_background(12.4) == "12 dB over the background"
    assert over_background(-20.0) == "no louder than the background"
