from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.config.settings import Config, ModelConfig
from monitor.encoders import count_pieces, load
from monitor.names import folded_words
from monitor.scoring.prototypes import embed_phrases
from monitor.units import unit_norm
from monitor.vocabulary.judge import Judge
from monitor.vocabulary.word_lists import Names, read_names

NAMES = Names(
    sounds=("siren", "smoke alarm", "dog bark", *(f"sound {number}" for number in range(20))),
    imitative=("woosh",),
    soundless=tuple(f"idea {number}" for number in range(15)),
    foreign=("haus",),
    made_up=("qx",),
)
WHOLE = {"siren", "smoke", "alarm", "dog", "bark", "klaxon", "tuesday", "loud"}


class TwoWorlds:
    """Embeds what sounds beside one axis and all else beside another; counts what it is asked."""

    def __init__(self, sounding: Sequence[str] = ()) -> None:
        self.asked = 0
        self._sounding = {*NAMES.sounds, *sounding}

    def __call__(self, phrases: Sequence[str]) -> NDArray[np.float32]:
        self.asked += len(phrases)
        points = [self._point(phrase) for phrase in phrases]
        return unit_norm(np.array(points, np.float32))

    def _point(self, phrase: str) -> NDArray[np.float64]:
        point = np.random.default_rng(list(phrase.encode())).standard_normal(8) * 0.2
        point[0 if phrase in self._sounding else 1] += 1.0
        return point


def pieces(words: Sequence[str]) -> list[int]:
    return [1 if word in WHOLE else 2 for word in words]


def verdict_of(wording: str, *sounding: str) -> tuple[bool | None, str, str]:
    found = Judge(TwoWorlds(sounding), pieces, NAMES).judge([wording])[0]
    return found.known, found.why, found.meant


def test_a_listed_name_is_known_and_its_nearest_are_others() -> None:
    judge = Judge(TwoWorlds(), pieces, NAMES)
    found = judge.judge(["Smoke_Alarm"])[0]
    assert (found.known, found.why) == (True, "listed")
    assert "smoke alarm" not in [one.name for one in found.nearest]
    assert [one.cosine for one in found.nearest] == sorted(
        (one.cosine for one in found.nearest), reverse=True
    )


def test_whether_a_name_is_listed_is_known_without_the_model() -> None:
    embed = TwoWorlds()
    judge = Judge(embed, pieces, NAMES)
    assert judge.is_listed("dog_bark")
    assert not judge.is_listed("dog barks")
    assert embed.asked == 0


@pytest.mark.parametrize(
    ("wording", "sounding", "wanted"),
    [
        ("klaxon", ("klaxon",), (True, "near", "")),
        ("woosh", (), (True, "listed", "")),
        ("woohs", (), (False, "misspelt", "woosh")),
        ("tuesday", (), (False, "far", "")),
        ("sirne", (), (False, "misspelt", "siren")),
        ("smoke alram", ("smoke alram",), (False, "misspelt", "smoke alarm")),
        ("loud sirens", ("loud sirens",), (True, "near", "")),
        ("zzyx", (), (False, "far", "")),
    ],
)
def test_a_word_is_judged_by_its_spelling_and_its_place(
    wording: str, sounding: tuple[str, ...], wanted: tuple[bool | None, str, str]
) -> None:
    assert verdict_of(wording, *sounding) == wanted


def test_a_word_that_the_tokenizer_has_whole_is_not_misspelt() -> None:
    assert verdict_of("barg")[1] == "misspelt"
    WHOLE.add("barg")
    try:
        assert verdict_of("barg")[1] == "far"
    finally:
        WHOLE.remove("barg")


def test_of_a_model_that_puts_all_words_anywhere_nothing_is_said() -> None:
    def anywhere(phrases: Sequence[str]) -> NDArray[np.float32]:
        points = [np.random.default_rng(list(phrase.encode())).standard_normal(8) for phrase in phrases]
        return unit_norm(np.array(points, np.float32))

    found = Judge(anywhere, pieces, NAMES).judge(["klaxon", "siren", "sirne"])
    assert [(one.known, one.why) for one in found] == [
        (None, "untold"),
        (None, "untold"),
        (False, "misspelt"),
    ]


def test_the_lists_do_not_contradict_themselves() -> None:
    names = read_names()
    folded = [folded_words(name) for name in (*names.sounds, *names.imitative, *names.others)]
    assert len(set(folded)) == len(folded)


def test_what_ships_as_classes_and_distractors_is_listed() -> None:
    judge = Judge(TwoWorlds(), pieces)
    prompts = Config().prompts
    wordings = [name.replace("_", " ") for name in (*prompts.classes, *prompts.distractors)]
    assert [one for one in wordings if not judge.is_listed(one)] == ["silence"]


def test_the_model_in_the_box_tells_sounds_from_other_words() -> None:
    """Figures: docs/words.md, of the same rule."""
    encoder = load(ModelConfig())

    def embed(phrases: Sequence[str]) -> NDArray[np.float32]:
        return embed_phrases(encoder.embed_text, encoder.info.templates, phrases)

    judge = Judge(embed, count_pieces(ModelConfig()))
    known = ("smoke detector beeping", "puppy yapping", "someone at the door", "infant wailing")
    unknown = ("tuesday", "justice", "qwerty", "sirne", "smoke alram", "hypothesis", "Türklingel")
    assert [one.known for one in judge.judge([*known, *unknown])] == [True] * 4 + [False] * 7
    assert judge.reach.error < 0.2
