"""What a threshold means: so many false alarms an hour, shared among the listed classes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.limits import THRESHOLD
from monitor.config.settings import CalibrationConfig, ClassConfig, Config, DetectorConfig
from monitor.config.tuning import UNTUNED
from monitor.detection.allowance import allowed_per_hour, set_by_hand, threshold_of, with_allowance
from monitor.detection.rules import rule_for

NAMES = ("siren", "dog_bark", "rain")


def config(rate: float = 1.0, **detector: object) -> Config:
    return Config(
        detector=DetectorConfig(**detector),  # type: ignore[arg-type]
        calibration=CalibrationConfig(false_alarms_per_hour=rate),
    )


@given(rate=st.floats(0.01, 60.0), urgent=st.lists(st.sampled_from(NAMES), unique=True))
def test_what_the_classes_are_allowed_adds_up_to_what_is_asked_for(rate: float, urgent: list[str]) -> None:
    given = config(rate, urgent=tuple(urgent))
    allowed = allowed_per_hour(NAMES, given)
    assert sum(allowed.values()) == pytest.approx(rate)
    for name in urgent:
        others = [allowed[other] for other in NAMES if other not in urgent]
        assert all(allowed[name] == pytest.approx(given.calibration.urgent_share * other) for other in others)


def test_a_threshold_is_the_score_that_ordinary_sound_reaches_so_often() -> None:
    assert threshold_of(1.0) == 0.5
    assert threshold_of(1 / 24) == pytest.approx(0.96)
    assert threshold_of(0.0) == THRESHOLD.high
    assert threshold_of(1e9) == THRESHOLD.low


def test_more_classes_share_the_same_allowance() -> None:
    one = with_allowance(NAMES[:1], config(), calibrated=True)
    all_ = with_allowance(NAMES, config(), calibrated=True)
    assert rule_for("siren", one, 16_000).onset_threshold == pytest.approx(0.5)
    assert rule_for("siren", all_, 16_000).onset_threshold == pytest.approx(0.75)


def test_a_threshold_set_by_hand_stays_what_it_is() -> None:
    own = config(classes={"siren": ClassConfig(onset_threshold=0.3), "rain": ClassConfig(confirm_s=2.0)})
    settings = with_allowance(NAMES, own, calibrated=True)
    assert rule_for("siren", settings, 16_000).onset_threshold == 0.3
    assert rule_for("rain", settings, 16_000).onset_threshold == pytest.approx(0.75)
    assert rule_for("rain", settings, 16_000).confirm_len == 32_000
    assert set_by_hand(NAMES, own) == {"siren"}


@pytest.mark.parametrize(("rate", "calibrated"), [(0.0, True), (1.0, False)])
def test_without_a_rate_or_a_cohort_the_threshold_is_a_score(rate: float, calibrated: bool) -> None:
    given = config(rate)
    settings = with_allowance(NAMES, given, calibrated)
    assert rule_for("rain", settings, 16_000).onset_threshold == UNTUNED.onset_threshold
