"""What is in a mixture, and how well scores find it."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from monitor.evaluation.metrics.ground_truth import (
    OF,
    headline,
    mean,
    measure,
    measure_classes,
    minus,
    truths,
)
from monitor.evaluation.synthesis.mixtures import CLEAN_DB, Mixture

NAMES = ("dog", "rain", "wind")


def mixture(*labels: str, around: str = "street") -> Mixture:
    return Mixture(labels[0], f"{labels}.wav", f"{labels}", "b.wav", around, "b", 0.5, labels)


def scores(*rows: tuple[float, float, float]) -> np.ndarray:
    return np.array(rows, np.float32)


def test_the_class_that_scores_highest_is_the_answer() -> None:
    (truth,) = truths([mixture("dog"), mixture("rain")], NAMES[:2], [0.0], multi_label=False)
    found = measure(truth, scores((0.9, 0.1, 0.0), (0.5, 0.4, 0.0))[:, :2])

    assert list(found) == ["top1", "top1_macro", "average_precision_macro"]
    assert [values[0] for values in found.values()] == [0.5, 0.5, 1.0]
    assert all(values.shape == (1001,) for values in found.values())


def test_of_several_classes_each_is_ranked() -> None:
    mixtures = [mixture("dog", "rain"), mixture("rain"), mixture("wind")]
    (truth,) = truths(mixtures, NAMES, [0.0], multi_label=True)
    right = scores((0.9, 0.8, 0.1), (0.1, 0.7, 0.2), (0.1, 0.1, 0.9))
    wrong_over_classes = right + np.array([0.0, 0.0, 5.0], np.float32)

    assert {metric: values[0] for metric, values in measure(truth, right).items()} == {
        "average_precision_macro": 1.0,
        "average_precision_micro": 1.0,
    }
    found = measure(truth, wrong_over_classes)
    assert found["average_precision_macro"][0] == 1.0  # each class for itself
    assert found["average_precision_micro"][0] < 1.0


def test_a_background_of_a_class_counts_neither_for_nor_against_it_but_where_it_is_not_heard() -> None:
    mixtures = [mixture("dog", around="rain"), mixture("rain"), mixture("wind")]
    clean, noisy = truths(mixtures, NAMES, [CLEAN_DB, 0.0], multi_label=False)
    heard = scores((0.1, 0.9, 0.0), (0.0, 0.8, 0.0), (0.0, 0.0, 0.9))

    assert measure(noisy, heard)["average_precision_macro"][0] == 1.0
    assert measure(clean, heard)["average_precision_macro"][0] == pytest.approx((1.0 + 0.5 + 1.0) / 3)


def test_each_class_is_measured_beside_all_of_them() -> None:
    (truth,) = truths([mixture("dog"), mixture("rain")], NAMES[:2], [0.0], multi_label=False)
    heard = scores((0.9, 0.1, 0.0), (0.5, 0.4, 0.0))[:, :2]

    found = measure_classes(NAMES[:2], 0.0)(truth, heard)

    overall = measure(truth, heard)
    assert all((found[metric] == values).all() for metric, values in overall.items())
    assert [found[f"top1{OF}{name}"][0] for name in NAMES[:2]] == [1.0, 0.0]
    assert [found[f"recall{OF}{name}"][0] for name in NAMES[:2]] == [1.0, 1.0]
    assert [metric for metric in found if OF not in metric] == [*overall, "recall_macro"]


def test_the_headline_is_the_first_of_all_metrics() -> None:
    for multi_label in (False, True):
        (truth,) = truths([mixture("dog"), mixture("rain")], NAMES[:2], [0.0], multi_label=multi_label)
        heard = scores((0.9, 0.1, 0.0), (0.5, 0.4, 0.0))[:, :2]
        ((metric, values),) = headline(truth, heard).items()

        assert metric == next(iter(measure(truth, heard)))
        assert (values == measure(truth, heard)[metric]).all()


def test_only_where_every_mixture_has_a_background_are_these_drawn_again() -> None:
    events = [mixture("dog"), mixture("rain"), mixture("wind")]
    some = [replace(events[0], background="", background_group=""), *events[1:]]
    none = [replace(one, background="", background_group="") for one in events]
    all_of, some_of, none_of = (
        truths(replace_groups(one), NAMES, [CLEAN_DB], multi_label=False)[0].weights
        for one in (events, some, none)
    )

    assert np.array_equal(some_of, none_of)
    assert (none_of.sum(axis=1) == 3.0).all()  # as many recordings of events as there are
    assert not (all_of.sum(axis=1) == 3.0).all()


def replace_groups(mixtures: list[Mixture]) -> list[Mixture]:
    """Return mixtures each of whose backgrounds is a recording of its own."""
    return [replace(one, background_group=one.background and f"b{at}") for at, one in enumerate(mixtures)]


def test_differences_and_means_are_taken_draw_by_draw() -> None:
    a, b = {"top1": np.array([1.0, 0.5])}, {"top1": np.array([0.5, 0.5])}

    assert minus(a, b)["top1"].tolist() == [0.5, 0.0]
    assert mean([a, b])["top1"].tolist() == [0.75, 0.5]
