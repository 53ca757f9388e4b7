from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.config.settings import load_config
from monitor.records import Prototypes
from monitor.scoring.prompts import build_prompts, parse_classes
from monitor.scoring.prototypes import build_prototypes, embed_phrases
from monitor.units import unit_norm


class Reader:
    """Embeds any text, the same text always alike, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Sequence[str]] = []

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked.append(texts)
        rows = [np.random.default_rng(list(text.encode())).standard_normal(16) for text in texts]
        return unit_norm(np.array(rows, np.float32).reshape(len(texts), 16))


def built(reader: Reader, max_cosine: float = 0.9, **flags: object) -> Prototypes:
    prompts = {"distractors": ["rain", "wind", "siren"], **flags}
    config = load_config(flags={"prompts": prompts, "drift": {"beta": 0.1, "phrases": ["crowd", "music"]}})
    return build_prototypes(reader, build_prompts(parse_classes("siren,dog"), config, "a {}"), max_cosine)


def test_every_text_of_a_run_is_embedded_in_one_call() -> None:
    reader = Reader()
    built(reader)
    assert len(reader.asked) == 1


def test_classes_come_first_and_what_means_the_same_is_no_competitor_of_that_class_alone() -> None:
    prototypes = built(Reader())
    assert prototypes.classes == ("siren", "dog")
    assert prototypes.prompts == ("a siren", "a dog")
    assert prototypes.distractors == ("rain", "wind", "siren")
    assert prototypes.competitors.tolist() == [[True, True, False], [True, True, True]]
    texts = ["a siren", "a dog", "a rain", "a wind", "a siren"]
    assert prototypes.vectors == pytest.approx(Reader()(texts), abs=1e-6)


def test_a_distractor_that_is_no_competitor_of_any_class_is_left_out() -> None:
    assert built(Reader(), distractors=["rain", "dog", "siren"], max_cosine=-1.0).distractors == ()


def test_two_classes_that_mean_the_same_both_stay() -> None:
    prototypes = built(Reader(), max_cosine=0.0)
    assert prototypes.classes == ("siren", "dog")
    assert len(prototypes.vectors) == 2 + len(prototypes.distractors)


def test_drift_is_that_of_the_phrases_that_are_kept() -> None:
    reader = Reader()
    prototypes = built(reader)
    for phrase, vector, drift in zip(
        ("siren", "dog", "rain", "wind", "siren"), prototypes.vectors, prototypes.drift, strict=True
    ):
        noisy = reader([f"a {phrase} with crowd", f"a {phrase} with music"]).mean(axis=0)
        assert drift == pytest.approx(unit_norm(noisy - vector), abs=1e-5)


def test_without_distractors_there_are_only_the_classes() -> None:
    config = load_config(flags={"prompts": {"distractors": []}})
    prototypes = build_prototypes(Reader(), build_prompts(parse_classes("siren,dog"), config, "a {}"), 0.9)
    assert prototypes.vectors.shape == (2, 16)
    assert (prototypes.drift == 0.0).all()


@given(st.lists(st.sampled_from(["{}", "a {}", "the sound of {}"]), min_size=1, max_size=3, unique=True))
def test_a_phrase_is_the_unit_mean_of_what_the_templates_make_of_it(templates: list[str]) -> None:
    reader = Reader()
    vectors = embed_phrases(reader, templates, ["siren", "dog"])
    for phrase, vector in zip(["siren", "dog"], vectors, strict=True):
        mean = reader([template.replace("{}", phrase) for template in templates]).mean(axis=0)
        assert vector == pytest.approx(unit_norm(mean), abs=1e-6)
