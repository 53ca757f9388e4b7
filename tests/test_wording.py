from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.records import NearMissReason, SourceState
from monitor.wording import (
    ENDED_BY,
    NEAR_MISS,
    SOURCE_STATE,
    ended_by,
    hedged,
    over_background,
    rarity,
    roughly,
    snr,
    spoken,
    together,
)


def test_there_are_words_for_every_reason_and_state() -> None:
    assert set(NEAR_MISS) == set(get_args(NearMissReason))
    assert set(SOURCE_STATE) == set(get_args(SourceState))
    assert {"quiet", "lost", "paused", "muted", "ended", "stopped", "failed"} < set(ENDED_BY)


def test_labels_fit_the_columns_they_are_made_for() -> None:
    assert all(len(wording.label) <= 13 for wording in (*ENDED_BY.values(), *NEAR_MISS.values()))
    assert all(0 < len(wording.short) <= 6 for wording in ENDED_BY.values())


def test_a_reason_of_a_later_version_is_said_as_it_is() -> None:
    assert ended_by("eclipse").phrase == "eclipse"


def test_class_names_become_words() -> None:
    assert spoken("dog_bark") == "dog bark"
    assert spoken("_") == "(no name)"


@given(st.floats(0.001, 0.999), st.floats(0.001, 0.999))
def test_what_ordinary_sound_does_more_seldom_is_further_along(one: float, other: float) -> None:
    assert (rarity(one) - rarity(other)) * (one - other) >= 0.0
    assert 0.0 <= rarity(one) <= 1.0


def test_once_a_minute_begins_the_scale_and_once_a_month_ends_it() -> None:
    assert rarity(1 / 61) == pytest.approx(0.0, abs=1e-6)
    assert rarity(1 / (1 + 1 / 720)) == pytest.approx(1.0)
    middle = rarity(1 / (1 + (60 / 720) ** 0.5))
    assert middle == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("class_", "words"),
    [
        ("siren", "a siren"), ("dog_bark", "a dog bark"), ("alarm", "an alarm"), ("umbrella", "an umbrella"),
        ("ukulele", "a ukulele"), ("knocking", "knocking"), ("glass_breaking", "glass breaking"),
        ("footsteps", "footsteps"), ("speech", "speech"), ("running_water", "running water"),
        ("bus", "a bus"), ("breaking_glass", "a breaking glass"), ("washing_machine", "a washing machine"),
    ],
)  # fmt: skip
def test_a_sound_is_reported_in_hedged_words(class_: str, words: str) -> None:
    assert hedged(class_) == f"may be {words}"


def test_of_many_names_the_first_are_said_and_how_many_more_there_are() -> None:
    names = [f"Bed {number}" for number in range(1, 101)]
    assert together(names[:4]) == "Bed 1, Bed 2, Bed 3, Bed 4"
    assert together(names) == "Bed 1, Bed 2, Bed 3 and 97 more"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0 s"), (119.0, "119 s"), (120.0, "2 min"), (7190.0, "120 min"), (7200.0, "2 h"),
        (172_800.0, "2 d"),
    ],
)  # fmt: skip
def test_a_length_of_time_is_told_in_the_largest_unit_that_there_are_two_of(
    seconds: float, words: str
) -> None:
    assert roughly(seconds) == words


def test_a_sound_below_the_background_is_not_given_a_number() -> None:
    assert over_background(12.4) == "12 dB over the background"
    assert over_background(-20.0) == "no louder than the background"
    assert (snr(12.4), snr(-3.0)) == ("+12", "")
