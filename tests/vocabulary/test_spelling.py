from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.vocabulary.spelling import faults, is_form_of, meant_by, plain
from monitor.vocabulary.word_lists import read_names

WORDS = st.text("abcde", max_size=7)


@pytest.mark.parametrize(
    ("word", "other", "count"),
    [
        ("siren", "siren", 0),
        ("sirne", "siren", 1),
        ("vaccuum", "vacuum", 1),
        ("bark", "dark", 1),
        ("ca", "abc", 3),
    ],
)
def test_faults_are_counted_as_people_make_them(word: str, other: str, count: int) -> None:
    assert faults(word, other) == count


@given(WORDS, WORDS)
def test_faults_are_alike_both_ways_and_none_only_for_the_word_itself(word: str, other: str) -> None:
    assert faults(word, other) == faults(other, word)
    assert (faults(word, other) == 0) == (word == other)
    assert faults(word, other) <= max(len(word), len(other))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("sirne", "siren"),
        ("alram", "alarm"),
        ("dorbell", "doorbell"),
        ("nocking", "knocking"),
        ("dgo", "dog"),
        ("footstpes", "footsteps"),
        ("helicoptre", "helicopter"),
    ],
)
def test_a_misspelt_word_is_put_right(typed: str, meant: str) -> None:
    found = meant_by(typed, read_names().lexicon)
    assert found is not None
    assert found.word == meant


@pytest.mark.parametrize("typed", ["qwerty", "justice", "xx", "cot", "carrot", "quonk"])
def test_a_word_that_is_near_none_is_left_alone(typed: str) -> None:
    assert meant_by(typed, ("siren", "alarm", "parrot", "doorbell", "cat")) is None


def test_of_words_as_near_the_one_of_the_same_length_and_then_the_first_is_meant() -> None:
    assert meant_by("sirne", ("sine", "siren")) == meant_by("sirne", ("siren", "sine"))
    found = meant_by("bork", ("bark", "fork", "bork2"))
    assert found is not None
    assert found.word == "bark"


@pytest.mark.parametrize("word", ["bells", "belled", "knocking", "humming", "barks", "drilled", "closing"])
def test_a_regular_form_of_a_known_word_is_known(word: str) -> None:
    assert is_form_of(word, {"bell", "knock", "hum", "barking", "drill", "close"})


def test_a_form_of_no_known_word_is_not() -> None:
    assert not is_form_of("sirne", {"siren", "sine"})


def test_marks_and_capitals_make_no_other_word() -> None:
    assert plain("Sirène") == "sirene"
