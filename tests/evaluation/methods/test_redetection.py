"""Scores given to the detector again find what they would have found at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from monitor.config.settings import CalibrationConfig, Config, DetectorConfig
from monitor.config.tuning import UNTUNED
from monitor.detection.detector import Detector
from monitor.errors import ConfigError
from monitor.evaluation.methods.redetection import Redetection, learn_thresholds
from monitor.evaluation.methods.stream_runner import Reported, StreamResult, outcome_of
from monitor.evaluation.metrics.event_metrics import Outcome
from monitor.evaluation.synthesis.plans import Piece, StreamPlan
from monitor.records import Transition, WindowScores
from tests.fakes import RATE, FakeEncoder

HOP = RATE // 4
NAMES = ("siren", "dog")
CONFIG = Config(detector=DetectorConfig(confirm_s=0.5, min_off_s=0.5))
EVENT = Piece("event", "siren", "siren.wav", 0, 2 * RATE, 5 * RATE, 1.0, 0, 0)


def heard(values: list[tuple[float, float]]) -> StreamResult:
    """Return what a stream with a siren from 5 s to 7 s was scored, a pair of scores per window."""
    scores = tuple(
        WindowScores(at * HOP, RATE + at * HOP, dict(zip(NAMES, pair, strict=True)), "", 0.0)
        for at, pair in enumerate(values)
    )
    plan = StreamPlan("stream", RATE, RATE + len(values) * HOP, 0.0, (EVENT,))
    return StreamResult("monitor", plan, scores, Outcome(1.0, (), (), (), ()))


def at_once(one: StreamResult, thresholds: dict[str, float]) -> Outcome:
    """Return the outcome of one detector that hears all classes together."""
    detector = Detector(NAMES, CONFIG.detector, RATE, RATE, HOP)
    for name, value in thresholds.items():
        detector.set_threshold(name, value)
    found = [
        item for at, score in enumerate(one.scores) for item in detector.update(score, HOP if at else RATE)
    ]
    found += detector.end("ended", one.scores[-1].stop)
    told = [item for item in found if isinstance(item, Transition)]
    return outcome_of(
        one.plan, [Reported(t.type, t.class_, t.onset_sample, t.offset_sample, t.stop) for t in told]
    )


units = st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
thresholds = st.sampled_from([0.05, 0.2, 0.25, 0.5, 0.55, 0.8, 0.95])


@given(
    st.lists(st.tuples(units, units), min_size=1, max_size=60),
    st.lists(st.tuples(thresholds, thresholds), min_size=1, max_size=6),
)
def test_classes_heard_apart_and_once_find_what_all_together_do(
    values: list[tuple[float, float]], asked: list[tuple[float, float]]
) -> None:
    one = heard(values)
    again = Redetection(one, CONFIG, FakeEncoder())
    for pair in asked:
        at = dict(zip(NAMES, pair, strict=True))
        found, expected = again.at(at), at_once(one, at)
        for kind in ("hits", "missed", "fragments", "false_alarms"):
            assert sorted(map(repr, getattr(found, kind))) == sorted(map(repr, getattr(expected, kind)))


def quiet(seed: int, level: float) -> StreamResult:
    odds = np.random.default_rng(seed).normal(level, 1.0, (240, 2))
    return heard([(float(a), float(b)) for a, b in 1.0 / (1.0 + np.exp(-odds))])


def learnt(level: float, rate: float, streams: int = 10) -> dict[str, float]:
    config = replace(CONFIG, calibration=CalibrationConfig(false_alarms_per_hour=rate))
    return learn_thresholds([quiet(seed, level) for seed in range(streams)], config, FakeEncoder())


def test_a_background_that_resembles_the_classes_more_sets_higher_thresholds() -> None:
    assert learnt(-3.0, 1.0)["siren"] > learnt(-6.0, 1.0)["siren"]
    assert learnt(-3.0, 0.1)["dog"] > learnt(-3.0, 10.0)["dog"]


def test_before_a_block_is_over_thresholds_are_those_of_the_configuration() -> None:
    config = replace(CONFIG, calibration=CalibrationConfig(false_alarms_per_hour=1.0))
    assert learn_thresholds([heard([(0.1, 0.1)] * 30)], config, FakeEncoder()) == dict.fromkeys(
        NAMES, UNTUNED.onset_threshold
    )


def test_without_a_rate_there_is_nothing_to_learn() -> None:
    fixed = replace(CONFIG, calibration=CalibrationConfig(false_alarms_per_hour=0.0))
    with pytest.raises(ConfigError, match="false_alarms_per_hour is 0"):
        learn_thresholds([quiet(0, -3.0)], fixed, FakeEncoder())
