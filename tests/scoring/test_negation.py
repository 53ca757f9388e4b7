from __future__ import annotations

import pytest

from monitor.config.settings import Config
from monitor.errors import ConfigError
from monitor.scoring.negation import negation_in
from monitor.scoring.prompts import parse_classes


@pytest.mark.parametrize(
    ("wording", "says"),
    [
        ("no siren", "no"),
        ("not a dog", "not"),
        ("NOT a dog barking", "NOT"),
        ("a street without cars", "without"),
        ("never any music", "never"),
        ("absence of speech", "absence of"),
        ("nobody talking", "nobody"),
        ("nothing", "nothing"),
        ("the baby isn't crying", "isn't"),
        ("non-speech", "non-"),
        ("silence", "silence"),
        ("total silence in the background", "total silence"),
        ("no no dogs", "no"),
    ],
)
def test_a_wording_that_asks_for_an_absence_is_found(wording: str, says: str) -> None:
    assert negation_in(wording) == says


@pytest.mark.parametrize(
    "wording",
    [
        "siren",
        "knock knock",
        "someone saying no",
        "a child shouting no loudly",
        "no",
        "no no no",
        "non-stop beeping",
        "notification sound",
        "noise",
        "nose blowing",
        "silent alarm",
        "a loud bang followed by silence",
        "end of cycle beep",
        "bus stops",
        "piano note",
        "canteen",
    ],
)
def test_a_sound_is_not_taken_for_an_absence(wording: str) -> None:
    assert not negation_in(wording)


@pytest.mark.parametrize("text", ["siren,no siren", 'quiet="no dogs barking"', "silence"])
def test_a_class_that_asks_for_an_absence_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(ConfigError, match="an absence has no sound") as refused:
        parse_classes(text)
    assert str(refused.value).count(". ") == 0


def test_nothing_that_ships_as_a_class_asks_for_an_absence() -> None:
    assert parse_classes(",".join(Config().prompts.classes))
