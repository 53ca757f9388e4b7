"""The alarms made by code are what they are called, and the same each time."""

from __future__ import annotations

import numpy as np

from monitor.learning.made_alarms import CARBON_MONOXIDE, SIREN, SMOKE, made_alarms
from tests.fakes import FakeEncoder


def test_each_alarm_is_heard_at_each_level_in_windows_of_unit_norm() -> None:
    encoder = FakeEncoder()
    alarms = made_alarms(encoder)
    assert {alarm.wording for alarm in alarms} == {SMOKE, CARBON_MONOXIDE, SIREN}
    for alarm in alarms:
        assert alarm.vectors.shape[1] == encoder.dim
        assert len(alarm.vectors) > 5
        np.testing.assert_allclose(np.linalg.norm(alarm.vectors, axis=1), 1.0, atol=1e-5)


def test_the_same_alarms_are_made_each_time() -> None:
    first, second = (made_alarms(FakeEncoder({"high": 3120.0, "low": 520.0})) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.vectors, other.vectors)


def test_low_and_high_beeps_are_of_their_pitch() -> None:
    by_name = {alarm.name: alarm for alarm in made_alarms(FakeEncoder({"high": 3120.0, "low": 520.0}))}
    low, high = (
        by_name[f"a smoke alarm of three {pitch} beeps at 20 dB"].vectors for pitch in ("low", "high")
    )
    assert low[:, 1].max() > 2.0 * low[:, 0].max()
    assert high[:, 0].max() > 2.0 * high[:, 1].max()
