from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.units import (
    SILENCE_DBFS,
    dbfs_to_power,
    mean_power,
    power_to_dbfs,
    quantile,
    seconds_to_len,
    snr_db,
    unit_norm,
)


@given(st.floats(-119.0, 20.0))
def test_decibels_and_power_are_inverse(level_dbfs: float) -> None:
    assert power_to_dbfs(dbfs_to_power(level_dbfs)) == pytest.approx(level_dbfs)


def test_silence_has_a_floor_and_not_minus_infinity() -> None:
    assert power_to_dbfs(0.0) == SILENCE_DBFS
    assert power_to_dbfs(mean_power(np.zeros(0, np.float32))) == SILENCE_DBFS


def test_snr_takes_the_floors_own_power_out() -> None:
    assert snr_db(power_to_dbfs(2e-4), power_to_dbfs(1e-4)) == pytest.approx(0.0)


@given(st.floats(-120.0, 0.0), st.floats(-120.0, 0.0))
def test_snr_is_always_within_its_range(level: float, floor: float) -> None:
    assert -20.0 <= snr_db(level, floor) <= 80.0


def test_unit_norm_leaves_zero_vectors_zero() -> None:
    assert unit_norm(np.array([[3.0, 4.0], [0.0, 0.0]], np.float32)).tolist() == [
        [0.6000000238418579, 0.800000011920929],
        [0, 0],
    ]


def test_a_length_is_at_least_one_sample() -> None:
    assert seconds_to_len(1e-9, 8000) == 1


@given(st.lists(st.floats(0.0, 9.0), min_size=1), st.floats(0.0, 1.0))
def test_a_quantile_lies_among_the_values(values: list[float], share: float) -> None:
    assert min(values) <= quantile(sorted(values), share) <= max(values)
    assert quantile(sorted(values), 0.0) == min(values)
    assert quantile(sorted(values), 1.0) == max(values)
