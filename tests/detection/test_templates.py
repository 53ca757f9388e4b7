"""Correlation of an envelope with templates that repeat themselves, as it is defined."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.detection.templates import Envelope, Templates


@settings(deadline=None)
@given(
    seed=st.integers(0, 1000),
    length=st.integers(20, 200),
    periods=st.lists(st.integers(2, 60), min_size=1, max_size=5),
)
def test_the_fit_is_the_highest_correlation_over_all_phases(
    seed: int, length: int, periods: list[int]
) -> None:
    dice = np.random.default_rng(seed)
    soft = dice.uniform(0.0, 1.0, length)
    cycles = [np.arange(period) < dice.integers(1, period) for period in periods]
    fits, phases = Templates([one.astype(np.float64) for one in cycles], length).fits(Envelope(soft))
    for cycle, fit, phase in zip(cycles, fits, phases, strict=True):
        expected = [
            correlation(soft, np.resize(np.roll(cycle, -shift), length)) for shift in range(len(cycle))
        ]
        assert fit == pytest.approx(max(expected), abs=1e-6)
        assert expected[phase] == pytest.approx(fit, abs=1e-6)


def correlation(soft: np.ndarray, template: np.ndarray) -> float:
    """Of a template that does not vary within the envelope none is known: 0."""
    return float(np.corrcoef(soft, template)[0, 1]) if template.std() > 0.0 else 0.0


def test_nothing_is_compared_with_no_template() -> None:
    assert Templates([], 50).fits(Envelope(np.linspace(0.0, 1.0, 50))) == ([], [])
