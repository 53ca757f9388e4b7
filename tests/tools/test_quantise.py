"""When int8 is worth shipping."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.tools.load import load_tool

quantise = load_tool("quantise")
benchmark = load_tool("benchmark")

SAFE = next(scheme.name for scheme in quantise.SCHEMES if scheme.portable and not scheme.dynamic)
UNSAFE = next(scheme.name for scheme in quantise.SCHEMES if not scheme.portable)


def result(name: str, ratio: float, lost: float) -> Any:
    timing = benchmark.Timing(ratio, ratio, ratio, ratio, ratio - 0.05, ratio + 0.05)
    return quantise.Result(name, 1.0, timing, [1.0, 1.0], [50.0, 40.0, 30.0], [lost, lost - 1, lost + 1])


@pytest.mark.parametrize(
    ("name", "ratio", "lost", "taken"),
    [
        (SAFE, 0.5, 0.4, SAFE),
        (SAFE, 0.5, 0.6, quantise.HALF),
        (SAFE, 0.95, 0.0, quantise.HALF),
        (UNSAFE, 0.5, 0.0, quantise.HALF),
    ],
)
def test_int8_is_taken_when_it_is_faster_everywhere_and_loses_little(
    name: str, ratio: float, lost: float, taken: str
) -> None:
    results = [result("float32", 1.0, 0.0), result(quantise.HALF, 1.0, 0.0), result(name, ratio, lost)]
    assert quantise.choose(results).name == taken


def test_of_variants_as_fast_the_one_that_loses_less_is_taken() -> None:
    first, second = [scheme.name for scheme in quantise.SCHEMES if scheme.portable][:2]
    results = [
        result("float32", 1.0, 0.0),
        result(quantise.HALF, 1.0, 0.0),
        result(first, 0.5, 0.4),
        result(second, 0.52, 0.1),
    ]
    assert quantise.choose(results).name == second


def test_an_interval_is_wider_where_events_share_few_recordings() -> None:
    values = np.random.default_rng(0).normal(0, 1, 200)
    clustered = np.repeat(np.random.default_rng(1).normal(0, 1, 10), 20)
    alone, shared = (
        quantise.interval(values + clustered, groups) for groups in (np.arange(200), np.arange(200) // 20)
    )
    assert alone[0] == shared[0]
    assert shared[2] - shared[1] > 2 * (alone[2] - alone[1])
