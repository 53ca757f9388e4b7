from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.config.settings import DriftConfig, ScorerConfig, Tau
from monitor.records import Cohort, OwnSound, Prototypes
from monitor.scoring.scorer import NOTHING_TAUGHT, Scorer
from monitor.units import unit_norm

DIM = 12
WORDS = np.eye(DIM, dtype=np.float32)
KETTLE = unit_norm(np.array([0.3, 0, 0, 0, 1, 0.4, 0, 0, 0, 0, 0, 0], np.float32))
"""What the user's kettle sounds like: hardly like its word, the first axis."""
PLACE = np.zeros(DIM, np.float32)


def near(direction: NDArray[np.float32], count: int, seed: int, spread: float = 0.1) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    return unit_norm(direction + spread * rng.standard_normal((count, DIM)).astype(np.float32))


def cohort(count: int = 2000) -> Cohort:
    """Ordinary sound lies anywhere, most of all along two axes that say nothing."""
    spread = np.array([1, 1, 1, 1, 0.5, 0.5, 1, 1, 1, 1, 4, 4], np.float32)
    vectors = np.random.default_rng(4).standard_normal((count, DIM)).astype(np.float32) * spread
    return Cohort(unit_norm(vectors), (), np.full(count, -1), 2500.0)


def examples(count: int, seed: int = 1, windows: int = 3) -> OwnSound:
    return OwnSound(
        name="kettle",
        words="kettle",
        vectors=near(KETTLE, count * windows, seed),
        example_of=np.repeat(np.arange(count), windows),
    )


def scorer(
    own: Mapping[str, OwnSound] = NOTHING_TAUGHT,
    bank: Cohort | None = None,
    tau: Tau = "auto",
    beta: float = 0.0,
) -> Scorer:
    prototypes = Prototypes(
        classes=("kettle", "siren"),
        prompts=("kettle", "siren"),
        distractors=("speech", "wind"),
        vectors=WORDS[:4],
        drift=WORDS[4:8] if beta else np.zeros((4, DIM), np.float32),
        competitors=np.ones((2, 2), np.bool_),
    )
    return Scorer(prototypes, ScorerConfig(), DriftConfig(beta=beta), tau, bank, None, own)


def score(of: Scorer, vector: NDArray[np.float32], place: NDArray[np.float32] = PLACE) -> dict[str, float]:
    return of.score(vector, place, 0, 1).values


@pytest.mark.parametrize("bank", [cohort(), None])
def test_where_nothing_is_taught_every_score_is_the_same_to_the_last_bit(bank: Cohort | None) -> None:
    plain = scorer(bank=bank, beta=0.1)
    other = scorer({"door": examples(3)}, bank, beta=0.1)  # not a listed class
    place = near(WORDS[10], 1, 3)[0] * np.float32(0.8)
    for vector in near(KETTLE, 20, 2, spread=0.5):
        assert score(other, vector, place) == score(plain, vector, place)


@pytest.mark.parametrize("bank", [cohort(), None])
def test_a_class_that_is_taught_leaves_the_scores_of_all_others_alone(bank: Cohort | None) -> None:
    plain, taught = scorer(bank=bank), scorer({"kettle": examples(3)}, bank)
    for vector in near(KETTLE, 20, 2, spread=0.5):
        assert score(taught, vector)["siren"] == score(plain, vector)["siren"]


@pytest.mark.parametrize("bank", [cohort(), None])
@pytest.mark.parametrize("count", [1, 3, 10])
def test_a_sound_that_its_words_do_not_know_is_heard_by_its_examples(count: int, bank: Cohort | None) -> None:
    plain, taught = scorer(bank=bank), scorer({"kettle": examples(count)}, bank)
    before = [score(plain, one)["kettle"] for one in near(KETTLE, 20, 2)]
    after = [score(taught, one)["kettle"] for one in near(KETTLE, 20, 2)]
    assert np.median(after) > max(0.5, float(np.median(before)))


def test_ordinary_sound_gets_as_far_towards_a_taught_class_as_towards_any_word() -> None:
    bank, hour = cohort(), cohort(4000).vectors[2000:]
    taught = scorer({"kettle": examples(5)}, bank)
    over = np.mean([list(score(taught, one).values()) for one in hour] > np.float64(0.5), axis=0)
    assert over == pytest.approx([1 / 2500.0, 1 / 2500.0], abs=4 / 2500.0)


def test_more_examples_count_for_more() -> None:
    unlike_its_words = near(KETTLE - np.float32(KETTLE[0]) * WORDS[0], 20, 2)
    medians = [
        np.median(
            [score(scorer({"kettle": examples(n)}, cohort()), one)["kettle"] for one in unlike_its_words]
        )
        for n in (1, 3, 10)
    ]
    assert medians == sorted(medians)


def test_a_long_example_counts_no_more_than_a_short_one() -> None:
    long, short = examples(2), examples(2)
    again = np.concatenate([short.vectors, short.vectors[:3], short.vectors[:3]])
    of = np.concatenate([short.example_of, np.zeros(6, np.intp)])
    long = OwnSound("kettle", "kettle", again, of)
    one, other = (scorer({"kettle": own}, cohort()) for own in (long, short))
    for vector in near(KETTLE, 5, 2):
        assert score(one, vector)["kettle"] == pytest.approx(score(other, vector)["kettle"], rel=1e-4)


@pytest.mark.parametrize("bank", [cohort(), None])
def test_what_the_place_always_sounds_like_is_taken_off_a_taught_class_too(bank: Cohort | None) -> None:
    taught = scorer({"kettle": examples(5)}, bank, tau=0.7)
    window = near(KETTLE, 1, 2)[0]
    assert score(taught, window, KETTLE)["kettle"] < score(taught, window)["kettle"]


@given(st.floats(0.0, 1.0), st.integers(0, 10_000))
def test_taking_off_the_background_is_taking_it_off_the_embedding(tau: float, seed: int) -> None:
    window, place = near(KETTLE, 2, seed)
    place[2:4] = 0.0  # distractors lose nothing
    taught = scorer({"kettle": examples(2)}, cohort(), tau)
    bare = scorer({"kettle": examples(2)}, cohort(), 0.0)
    left = (window - np.float32(tau) * place).astype(np.float32)
    assert score(taught, window, place)["kettle"] == pytest.approx(score(bare, left)["kettle"], rel=1e-3)


def named(kinds: Mapping[str, NDArray[np.float32]]) -> Cohort:
    """Ordinary sound, and some of other kinds, each with a name."""
    ordinary = cohort()
    vectors = np.concatenate([ordinary.vectors, *kinds.values()])
    sizes = [len(ordinary.vectors), *map(len, kinds.values())]
    return Cohort(vectors, ("ordinary", *kinds), np.repeat(np.arange(len(sizes)), sizes), 2500.0)


def taught_by_another_name(bank: Cohort) -> Scorer:
    prototypes = Prototypes(
        classes=("kettle",),
        prompts=("kettle",),
        distractors=("speech", "wind"),
        vectors=WORDS[:3],
        drift=np.zeros((3, DIM), np.float32),
        competitors=np.ones((1, 2), np.bool_),
    )
    names = np.zeros((len(bank.kinds), DIM), np.float32)
    names[:, 11] = 1.0  # none is called what the class is
    return Scorer(prototypes, ScorerConfig(), DriftConfig(), "auto", bank, names, {"kettle": examples(3)})


def test_sounds_of_the_cohort_that_are_the_very_thing_do_not_count_against_it_whatever_they_are_called() -> (
    None
):
    window = near(KETTLE, 1, 2)[0]
    without = score(taught_by_another_name(named({})), window)["kettle"]
    taught = taught_by_another_name(named({"boiling": near(KETTLE, 20, 8)}))
    assert taught.kind_cosines is not None
    assert taught.kind_cosines[:, 0].tolist() == [0.0, 1.0]
    with_it = score(taught, window)["kettle"]
    assert with_it == pytest.approx(without, abs=0.05)


def test_a_kind_that_only_holds_a_few_such_sounds_counts() -> None:
    mixed = np.concatenate([near(KETTLE, 9, 8), near(WORDS[6], 20, 9)])
    window = near(KETTLE, 1, 2)[0]
    without = score(taught_by_another_name(named({})), window)["kettle"]
    assert score(taught_by_another_name(named({"kitchen": mixed})), window)["kettle"] < without - 0.05


def test_a_name_that_says_nothing_of_the_sound_counts_for_nothing() -> None:
    """Kettles lie off the word here, so that only the examples find them."""
    deaf = unit_norm(KETTLE - np.float32(3.0 * KETTLE[0]) * WORDS[0])
    own = OwnSound("kettle", "it", near(deaf, 9, 1), np.repeat(np.arange(3), 3))
    by_examples = scorer({"kettle": own}, cohort())
    assert np.median([score(by_examples, one)["kettle"] for one in near(deaf, 20, 2)]) > 0.9
