from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.names import LONGEST, class_id, folded_words

OTHERS = st.sampled_from(["дверь", "звонок", "ребёнок", "собака", "犬", "猫", "警報", "ベル"])
LABELS = st.text(st.characters(categories=["L", "M", "Nd", "Zs"], include_characters="_-"), min_size=1)


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("siren", "siren"),
        ("Dog Bark", "dog_bark"),
        ("dog-bark", "dog-bark"),
        ("Türklingel", "turklingel"),
        ("Tu\u0308rklingel", "turklingel"),
        ("été", "ete"),
        ("Straße", "strasse"),
        ("\uff21\uff2c\uff21\uff32\uff2d", "alarm"),
        ("сирена", "8f3d1d0d"),
        ("СИРЕНА", "8f3d1d0d"),
        ("ドアベル 2", "2-"),
    ],
)
def test_a_class_has_a_name_that_fits_a_topic(label: str, expected: str) -> None:
    assert class_id(label).startswith(expected)


@given(LABELS)
def test_whatever_it_is_called_its_name_fits_a_topic_and_stays_the_same(label: str) -> None:
    name = class_id(label)
    assert re.fullmatch(f"[a-z0-9_-]{{1,{LONGEST}}}", name)
    assert class_id(name) == name
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert class_id(unicodedata.normalize(form, label)) == name


@given(st.lists(OTHERS, min_size=1, max_size=3))
def test_names_in_other_scripts_stay_apart(words: list[str]) -> None:
    other = [*words[:-1], "стекло"]
    assert class_id(" ".join(words)) != class_id(" ".join(other))
    assert class_id(" ".join(words)) == class_id(" ".join(words).upper())


@pytest.mark.parametrize(
    "text",
    [
        "dog bark",
        "Dog-Bark",
        "dog_bark",
        " DOG  bark ",
        "dog bark.",
        "\uff44\uff4f\uff47 bark",
        "dog\u00a0bark",
    ],
)
def test_wordings_that_read_alike_are_alike(text: str) -> None:
    assert folded_words(text) == "dog bark"


def test_wordings_that_read_otherwise_are_not() -> None:
    assert len({folded_words(text) for text in ("dog bark", "dogbark", "a dog bark", "犬", "dög bark")}) == 5
