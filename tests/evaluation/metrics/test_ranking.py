"""Ranking metrics against what they mean, counted by hand."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.evaluation.metrics.ranking import (
    accuracy,
    average_precision,
    average_precision_by_class,
    average_precision_overall,
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


@given(st.integers(0, 1000), st.integers(2, 30), st.integers(1, 5))
def test_average_precision_of_many_labels_is_that_of_scikit_learn(
    seed: int, items: int, classes: int
) -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed; it is in 'eval'")
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 12, (items, classes)).astype(np.float32)  # with ties
    truth = rng.random((items, classes)) < 0.4
    truth[0] = True
    weights = np.ones((1, items), np.float32)

    macro = mean_over_classes(average_precision_by_class(scores, truth, weights))
    micro = average_precision_overall(scores, truth, weights)

    assert macro[0] == pytest.approx(metrics.average_precision_score(truth, scores, average="macro"))
    assert micro[0] == pytest.approx(metrics.average_precision_score(truth, scores, average="micro"))


def test_an_item_that_does_not_count_for_a_class_is_not_in_its_ranking() -> None:
    scores = np.array([[0.9, 0.1], [0.5, 0.8], [0.1, 0.2]], np.float32)
    truth = np.array([[False, True], [True, False], [False, True]])
    weights = np.ones((1, 3), np.float32)
    counts = np.array([[False, True], [True, True], [True, True]])

    assert average_precision_by_class(scores, truth, weights)[0, 0] == 0.5
    assert average_precision_by_class(scores, truth, weights, counts)[0].tolist() == pytest.approx(
        [1.0, average_precision(scores[:, 1], truth[:, 1], weights)[0]]
    )


def test_the_overall_ranking_is_the_same_for_all_resamples_at_once_or_few_at_a_time() -> None:
    rng = np.random.default_rng(1)
    scores, truth = rng.random((5, 3), np.float32), rng.random((5, 3)) < 0.5
    weights = rng.integers(0, 3, (7, 5)).astype(np.float32)

    found = average_precision_overall(scores, truth, weights)
    one_by_one = [average_precision_overall(scores, truth, row[np.newaxis])[0] for row in weights]

    assert found == pytest.approx(np.array(one_by_one), nan_ok=True)
