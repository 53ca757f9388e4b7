"""The operating point keeps to its bound, and thresholds travel as configuration."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.settings import ClassConfig, Config, DetectorConfig, load_config
from monitor.config.tuning import UNTUNED
from monitor.detection.rules import odds_ratio, rule_for
from monitor.errors import ConfigError
from monitor.evaluation.metrics.event_metrics import Detection, Hit, Outcome, Reference, summarise
from monitor.evaluation.metrics.operating_points import (
    Setting,
    at_thresholds,
    best_per_class,
    best_within,
    with_thresholds,
    write_thresholds,
)

CLASSES = ("siren", "dog_bark", "bell")
HOUR = 3600.0


def outcome(found: dict[str, int], false_alarms: dict[str, int]) -> Outcome:
    def heard(name: str) -> Detection:
        return Detection(name, 0.0, 1.0, 1.0)

    return Outcome(
        duration_s=HOUR,
        hits=tuple(
            Hit(Reference(name, 0.0, 1.0), heard(name)) for name, n in found.items() for _ in range(n)
        ),
        missed=(),
        fragments=(),
        false_alarms=tuple(heard(name) for name, n in false_alarms.items() for _ in range(n)),
    )


def setting(threshold: float, found: dict[str, int], false_alarms: dict[str, int]) -> Setting:
    return Setting(threshold, (outcome(found, false_alarms),))


counts = st.fixed_dictionaries({name: st.integers(0, 6) for name in CLASSES})
sweeps = st.lists(st.tuples(counts, counts), min_size=1, max_size=8).map(
    lambda items: [setting((at + 1) / 10, *item) for at, item in enumerate(items)]
)


@given(sweeps, st.floats(0.0, 12.0))
def test_the_operating_point_obeys_the_bound_and_nothing_within_it_finds_more(
    settings: list[Setting], allowed: float
) -> None:
    within = [one for one in settings if len(one.outcomes[0].false_alarms) <= allowed]

    best = best_within(settings, allowed)

    assert (best is None) == (not within)
    if best is not None:
        assert summarise(best.outcomes).false_alarms_per_hour.value <= allowed
        assert len(best.outcomes[0].hits) == max(len(one.outcomes[0].hits) for one in within)


@given(sweeps, st.floats(0.0, 12.0))
def test_thresholds_per_class_obey_the_bound_together_if_the_strictest_do(
    settings: list[Setting], allowed: float
) -> None:
    chosen = best_per_class(settings, CLASSES, allowed)

    by_threshold = {one.threshold: one.outcomes[0] for one in settings}
    spent = sum(
        alarm.class_name == name for name, at in chosen.items() for alarm in by_threshold[at].false_alarms
    )
    assert spent <= max(allowed, len(settings[-1].outcomes[0].false_alarms))


@given(sweeps)
def test_thresholds_per_class_that_are_all_alike_are_one_threshold(settings: list[Setting]) -> None:
    for one in settings:
        (together,) = at_thresholds(settings, dict.fromkeys(CLASSES, one.threshold))

        assert Counter(together.false_alarms) == Counter(one.outcomes[0].false_alarms)
        assert Counter(together.hits) == Counter(one.outcomes[0].hits)


@given(sweeps, st.floats(0.0, 12.0))
def test_thresholds_per_class_find_what_their_counts_promise(settings: list[Setting], allowed: float) -> None:
    chosen = best_per_class(settings, CLASSES, allowed)
    by_threshold = {one.threshold: one.outcomes[0] for one in settings}

    (together,) = at_thresholds(settings, chosen)

    assert len(together.hits) == sum(
        hit.reference.class_name == name for name, at in chosen.items() for hit in by_threshold[at].hits
    )


def test_false_alarms_are_spent_where_they_find_most() -> None:
    settings = [
        setting(0.1, {"siren": 9, "dog_bark": 4}, {"siren": 5, "dog_bark": 1}),
        setting(0.5, {"siren": 5, "dog_bark": 3}, {"siren": 1, "dog_bark": 0}),
        setting(0.9, {"siren": 1, "dog_bark": 1}, {}),
    ]

    assert best_per_class(settings, ("siren", "dog_bark"), 0.0) == {"siren": 0.9, "dog_bark": 0.5}
    assert best_per_class(settings, ("siren", "dog_bark"), 1.0) == {"siren": 0.5, "dog_bark": 0.5}
    assert best_per_class(settings, ("siren", "dog_bark"), 6.0) == {"siren": 0.1, "dog_bark": 0.1}


def test_of_equal_settings_the_strictest_is_taken() -> None:
    same = [setting(at, {"siren": 3}, {}) for at in (0.2, 0.4, 0.6)]

    best = best_within(same, 1.0)

    assert best is not None
    assert best.threshold == 0.6
    assert best_per_class(same, ("siren",), 1.0) == {"siren": 0.6}


def test_written_thresholds_are_configuration_and_are_read_again(tmp_path: Path) -> None:
    path = tmp_path / "thresholds.toml"
    usual = DetectorConfig()
    write_thresholds(path, 0.8, {"siren": 0.9, "dog_bark": 0.2}, usual)
    ratio = odds_ratio(UNTUNED.onset_threshold, UNTUNED.offset_threshold)

    for config in (load_config(path), with_thresholds(Config(), path)):
        rules = {name: rule_for(name, config.detector, 16_000) for name in ("siren", "dog_bark", "other")}
        assert {name: rule.onset_threshold for name, rule in rules.items()} == {
            "siren": 0.9, "dog_bark": 0.2, "other": 0.8,
        }  # fmt: skip
        assert all(
            odds_ratio(rule.onset_threshold, rule.offset_threshold) == pytest.approx(ratio, rel=1e-3)
            for rule in rules.values()
        )


def test_thresholds_leave_everything_else_as_configured(tmp_path: Path) -> None:
    path = tmp_path / "thresholds.toml"
    write_thresholds(path, 0.8, {"siren": 0.9}, DetectorConfig())
    config = Config(detector=DetectorConfig(confirm_s=0.5, classes={"siren": ClassConfig(confirm_s=2.0)}))

    changed = with_thresholds(config, path)

    assert changed.detector.confirm_s == 0.5
    assert changed.detector.classes["siren"].confirm_s == 2.0
    assert changed.detector.classes["siren"].onset_threshold == 0.9


def test_a_file_of_thresholds_that_is_missing_or_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Cannot read the configuration"):
        with_thresholds(Config(), tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="Cannot write thresholds"):
        write_thresholds(tmp_path / "no" / "such.toml", 0.8, {}, DetectorConfig())
