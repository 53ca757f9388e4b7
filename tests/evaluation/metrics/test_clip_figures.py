"""From figures of methods and models to rows of a table."""

from __future__ import annotations

import numpy as np

from monitor.evaluation.metrics.clip_figures import (
    LESS,
    Measured,
    class_rows,
    clip_rows,
    difference,
    with_differences,
)
from monitor.evaluation.metrics.ground_truth import OF

HALF, ALL = np.array([0.5, 0.25]), np.array([1.0, 1.0])
BOTH: Measured = {"zero-shot": [{"top1": HALF, f"top1{OF}cup of tea": ALL}]}


def test_two_methods_are_compared_draw_by_draw() -> None:
    (found,) = difference([{"top1": ALL}], [{"top1": HALF}])
    assert found["top1"].tolist() == [0.5, 0.75]


def test_every_pair_of_models_is_compared_by_the_methods_themselves() -> None:
    measured = {"zero-shot": [{"top1": ALL}], f"auto{LESS}zero-shot": [{"top1": HALF}]}
    found = with_differences({"a": measured, "b": measured, "c": measured})

    assert list(found) == ["a", "b", "c", "a - b", "a - c", "b - c"]
    assert list(found["a - b"]) == ["zero-shot"]
    assert list(with_differences({"a": measured, "b": measured}, most=1)) == ["a", "b"]


def test_figures_over_all_classes_and_of_each_are_rows_of_their_own() -> None:
    (row,) = clip_rows("fake", BOTH, [10.0], 4)
    (of_class,) = class_rows("fake", BOTH, [10.0], {"cup of tea": 2})

    assert (row.metric, row.value, row.n) == ("top1", 0.5, 4)
    assert (of_class.class_name, of_class.metric, of_class.value, of_class.n) == (
        "cup of tea",
        "top1",
        1.0,
        2,
    )
