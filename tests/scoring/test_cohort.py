"""Scores that mean the same for every word: how often ordinary sound gets there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.config.settings import DriftConfig, ScorerConfig, load_config
from monitor.records import Cohort
from monitor.scoring.cohort import (
    EXCESS,
    FAR_TAIL,
    MOST_EXCESS,
    PRIOR_COUNT,
    SAME_WORDS,
    TAIL,
    USUAL_EXCESS,
    fit_tails,
)
from monitor.scoring.prompts import build_prompts, parse_classes
from monitor.scoring.prototypes import build_prototypes, embed_phrases
from monitor.scoring.scorer import Scorer
from monitor.units import unit_norm
from tests.fakes import FakeEncoder

PER_HOUR = 500.0


def cohort(n: int = 4000, kinds: tuple[str, ...] = (), kind_of: NDArray[np.intp] | None = None) -> Cohort:
    vectors = np.random.default_rng(3).standard_normal((n, 4)).astype(np.float32)
    return Cohort(unit_norm(vectors), kinds, np.full(n, -1) if kind_of is None else kind_of, PER_HOUR)


def ordinary(n: int, start: float, excess: float = USUAL_EXCESS) -> NDArray[np.float64]:
    """Log-odds of ordinary sound: 5 % beyond `start`, then of mean excess `excess`, and `EXCESS` far out."""
    depth = np.log(TAIL * n / (np.arange(n) + 0.5))
    far = np.log(TAIL / FAR_TAIL)
    return np.asarray(start + excess * np.minimum(depth, far) + EXCESS * np.maximum(depth - far, 0.0))


def score_of(odds: float, bank: NDArray[np.float64]) -> float:
    tails = fit_tails(bank[:, np.newaxis], None, cohort(len(bank)))
    return float(1.0 / (1.0 + np.exp(-tails.score_odds(np.array([odds]))[0])))


@given(start=st.floats(-12, 6), excess=st.floats(0.85, 1.15), rate=st.floats(0.2, 1.0))
def test_a_score_says_how_often_an_hour_the_cohort_gets_there(
    start: float, excess: float, rate: float
) -> None:
    bank = ordinary(20_000, start, excess)
    there = np.quantile(bank, 1.0 - rate / PER_HOUR)
    assert 1.0 / score_of(there, bank) - 1.0 == pytest.approx(rate, rel=0.3)


@given(own=st.floats(0.5, 4.0))
def test_words_differ_by_where_their_tail_begins_and_not_by_how_it_falls_off(own: float) -> None:
    bank = ordinary(4000, -3.0, own)
    low, high = score_of(0.0, bank), score_of(EXCESS * np.log(1000.0), bank)
    assert (1.0 / low - 1.0) / (1.0 / high - 1.0) == pytest.approx(1000.0, rel=1e-6)


def test_the_fewer_sounds_a_cohort_has_the_more_a_word_is_taken_for_a_usual_one() -> None:
    usual, few, many = (
        fit_tails(ordinary(n, -3.0, excess)[:, np.newaxis], None, cohort(n)).start[0]
        for n, excess in ((3000, USUAL_EXCESS), (300, 1.5), (3000, 1.5))
    )
    assert usual < few < many
    halfway = usual + 0.5 * (1.5 - USUAL_EXCESS) * np.log(TAIL / FAR_TAIL)
    assert PRIOR_COUNT == 3000 * FAR_TAIL
    assert many == pytest.approx(halfway, abs=0.1)


def test_sounds_that_are_called_what_the_word_says_do_not_count() -> None:
    kind_of = np.where(np.arange(4000) < 400, 0, 1)
    odds = ordinary(4000, -3.0)[::-1].copy()
    odds[:400] = 8.0  # four hundred true sirens
    named = cohort(4000, ("siren", "rain"), kind_of)
    alike = np.array([[SAME_WORDS], [0.1]], np.float32)
    without = fit_tails(odds[400:, np.newaxis], None, cohort(3600))
    assert fit_tails(odds[:, np.newaxis], alike, named).start == pytest.approx(without.start)
    assert fit_tails(odds[:, np.newaxis], None, named).start[0] > 5.0


def test_a_few_true_sounds_that_nobody_named_change_little() -> None:
    odds = ordinary(4000, -3.0)
    plain = fit_tails(odds[:, np.newaxis], None, cohort()).score_odds(np.array([3.0]))
    odds[:5] = 15.0
    assert fit_tails(odds[:, np.newaxis], None, cohort()).score_odds(np.array([3.0])) == pytest.approx(
        plain, abs=0.5
    )


def test_names_that_leave_next_to_nothing_are_not_believed() -> None:
    odds = ordinary(4000, -3.0)[:, np.newaxis]
    all_named = cohort(4000, ("siren",), np.zeros(4000, np.intp))
    assert fit_tails(odds, np.ones((1, 1), np.float32), all_named) == fit_tails(odds, None, all_named)


def scorer(classes: str, bank: Cohort | None = None) -> Scorer:
    config = load_config(flags={"prompts": {"distractors": ["high", "else", "low"]}})
    prompts = build_prompts(parse_classes(classes), config, "{}")
    encoder = FakeEncoder()
    prototypes = build_prototypes(encoder.embed_text, prompts, 0.6)
    kinds = embed_phrases(encoder.embed_text, ("{}",), bank.kinds) if bank and bank.kinds else None
    return Scorer(prototypes, ScorerConfig(), DriftConfig(), "auto", bank, kinds)


@given(st.permutations(["low", "middle", "high"]), st.integers(1, 3), st.booleans())
def test_no_word_moves_the_score_of_another(words: list[str], count: int, calibrated: bool) -> None:
    bank = cohort() if calibrated else None
    window = unit_norm(np.array([1.0, 0.6, 0.3, 0.2], np.float32))
    background = np.array([0.2, 0.1, 0.3, 0.1], np.float32)
    alone = scorer(words[0], bank).score(window, background, 0, 1).values[words[0]]
    listed = scorer(",".join(words[:count]), bank).score(window, background, 0, 1).values[words[0]]
    assert listed == pytest.approx(alone, rel=1e-6)


def test_of_two_words_the_one_that_ordinary_sound_seldom_resembles_gets_the_higher_score() -> None:
    vectors = np.random.default_rng(1).standard_normal((2000, 4)).astype(np.float32)
    vectors[:, 1] -= 1.5  # next to nothing sounds like "middle"
    bank = Cohort(unit_norm(vectors), (), np.full(2000, -1), PER_HOUR)
    window = unit_norm(np.array([1.0, 1.0, 0.0, 0.0], np.float32))
    values = scorer("low,middle", bank).score(window, np.zeros(4, np.float32), 0, 1).values
    assert values["middle"] > values["low"]


def test_only_a_scorer_with_a_cohort_is_calibrated() -> None:
    assert scorer("low", cohort()).calibrated
    assert not scorer("low").calibrated


def test_a_tail_that_hardly_falls_off_is_taken_for_the_word_itself() -> None:
    heavy, most = (ordinary(4000, -3.0, excess)[:, np.newaxis] for excess in (4.0, MOST_EXCESS + 0.1))
    found = [fit_tails(odds, None, cohort()).start[0] for odds in (heavy, most)]
    assert found[0] == pytest.approx(found[1], abs=0.05)
