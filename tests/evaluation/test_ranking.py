"""Ranking metrics against what they mean, counted by hand."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.evaluation.ranking import (
    accuracy,
    average_precision,
    mean_over_classes,
    recall_at,
    weighted_quantile,
)

items = st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=25)


def split(
    ranked: list[tuple[int, bool]],
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.float32]]:
    scores = np.array([score for score, _ in ranked], np.float32)
    positive = np.array([is_it for _, is_it in ranked])
    return scores, positive, np.ones((1, len(ranked)), np.float32)


@given(items)
def test_average_precision_is_the_mean_precision_at_the_positives(ranked: list[tuple[int, bool]]) -> None:
    assume(any(is_it for _, is_it in ranked))
    precisions = []
    for score, is_it in ranked:
        taken = [other for value, other in ranked if value >= score]
        if is_it:
            precisions.append(sum(taken) / len(taken))

    assert average_precision(*split(ranked))[0] == pytest.approx(np.mean(precisions))


@given(items, st.sampled_from([0.0, 0.1, 0.3, 0.5]))
def test_recall_is_that_of_the_best_threshold_within_the_rate(
    ranked: list[tuple[int, bool]], rate: float
) -> None:
    positives = [score for score, is_it in ranked if is_it]
    others = [score for score, is_it in ranked if not is_it]
    assume(positives and others)
    best = max(
        sum(score >= threshold for score in positives) / len(positives)
        for threshold in range(11)
        if sum(score >= threshold for score in others) <= rate * len(others) + 1e-9
    )

    assert recall_at(*split(ranked), rate)[0] == pytest.approx(best)


@given(items, st.integers(0, 99))
def test_neither_order_nor_scale_matters(ranked: list[tuple[int, bool]], seed: int) -> None:
    scores, positive, weights = split(ranked)
    order = np.random.default_rng(seed).permutation(len(ranked))

    for metric in (average_precision, partial(recall_at, rate=0.1)):
        expected = metric(scores, positive, weights)
        assert metric(scores[order], positive[order], weights) == pytest.approx(expected, nan_ok=True)
        assert metric(scores * 3 - 7, positive, weights) == pytest.approx(expected, nan_ok=True)


@given(items, st.integers(1, 4))
def test_weighting_all_alike_changes_nothing(ranked: list[tuple[int, bool]], times: int) -> None:
    scores, positive, weights = split(ranked)

    for metric in (average_precision, partial(recall_at, rate=0.2)):
        expected = metric(scores, positive, weights)
        assert metric(scores, positive, weights * times) == pytest.approx(expected, nan_ok=True)


def test_a_weighted_recall_is_that_of_repeated_items() -> None:
    scores = np.array([5, 4, 3, 2, 1], np.float32)
    positive = np.array([True, False, True, False, True])
    weights = np.array([[1, 1, 3, 2, 2]], np.float32)
    again = weights[0].astype(int)
    repeated = np.repeat(scores, again), np.repeat(positive, again), np.ones((1, again.sum()), np.float32)

    for rate in (0.0, 0.4, 0.9):
        assert recall_at(scores, positive, weights, rate) == pytest.approx(recall_at(*repeated, rate))


def test_nothing_to_rank_is_not_a_number() -> None:
    scores, positive, weights = split([(1, False), (2, False)])

    assert np.isnan(average_precision(scores, positive, weights)).all()
    assert np.isnan(recall_at(scores, positive, weights, 0.1)).all()
    assert np.isnan(accuracy(positive, weights * 0.0)).all()


def test_the_mean_over_classes_leaves_out_those_that_are_not_defined() -> None:
    values = np.array([[0.5, np.nan, 1.0], [np.nan, np.nan, np.nan]])

    found = mean_over_classes(values)

    assert found[0] == 0.75
    assert np.isnan(found[1])


@given(
    st.lists(st.tuples(st.floats(-5.0, 50.0), st.integers(0, 3)), min_size=1, max_size=12),
    st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]),
)
def test_a_weighted_quantile_is_that_of_repeated_values(
    weighted: list[tuple[float, int]], share: float
) -> None:
    values, counts = (np.array(column) for column in zip(*weighted, strict=True))
    repeated = np.repeat(values, counts)

    found = weighted_quantile(values, counts[np.newaxis].astype(np.float32), share)[0]

    if len(repeated):
        assert found == pytest.approx(np.quantile(repeated, share))
    else:
        assert np.isnan(found)
