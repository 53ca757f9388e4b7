"""Thresholds and what they cost: every one on the same streams, and the best within allowed false alarms.

A threshold chosen on the streams it is reported on is a point of their operating curve and flatters; for an
honest number, choose on other recordings (`write_thresholds`) and report what it does here
(`with_thresholds`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path

import msgspec
import numpy as np
from msgspec.structs import replace

from monitor.config.limits import THRESHOLD
from monitor.config.settings import ClassConfig, Config, DetectorConfig, load_config
from monitor.config.tuning import UNTUNED, fixed
from monitor.detection.rules import odds_ratio, offset_below
from monitor.errors import ConfigError
from monitor.evaluation.methods.redetection import Redetection
from monitor.evaluation.metrics.event_metrics import Outcome, summarise
from monitor.files.toml import toml_document

THRESHOLDS = tuple(
    threshold
    for value in 1.0 / (1.0 + np.exp(-np.linspace(-4.0, 12.0, 65)))
    if THRESHOLD.holds(threshold := round(float(value), 6))
)
"""Onset thresholds of a curve, evenly spaced in log-odds, of those that can be configured."""


class Setting(msgspec.Struct, frozen=True):
    """One threshold for all classes, and what became of each stream at it."""

    threshold: float
    outcomes: tuple[Outcome, ...]


def sweep(streams: Sequence[Redetection]) -> list[Setting]:
    """Return the outcomes at each of `THRESHOLDS`, lowest first."""
    return [Setting(at, tuple(one.at_all(at) for one in streams)) for at in THRESHOLDS]


def best_within(settings: Sequence[Setting], allowed_per_hour: float) -> Setting | None:
    """Return the setting of highest recall with at most so many false alarms; of equal ones the strictest."""
    within = [
        (summary.found, one.threshold, one)
        for one in settings
        if (summary := summarise(one.outcomes)).false_alarms_per_hour.value <= allowed_per_hour
    ]
    return max(within, key=lambda entry: entry[:2])[2] if within else None


def best_per_class(
    settings: Sequence[Setting], classes: Sequence[str], allowed_per_hour: float
) -> dict[str, float]:
    """Return a threshold per class that together find most events within the allowed false alarms, greedily.

    All begin at the strictest; then the step of any class to a lower threshold that finds most more events
    per further false alarm is taken, as long as one is within the allowance. A class that would find nothing
    more stays strict. Where one threshold for all finds more, that is returned.
    """
    counts = {name: [_count(one, name) for one in settings] for name in classes}
    at = dict.fromkeys(classes, len(settings) - 1)
    hours = summarise(settings[0].outcomes).hours
    allowed = allowed_per_hour * hours
    spent = sum(counts[name][-1].false_alarms for name in classes)
    while True:
        steps = [
            _Step(name, k, counts[name][k].found - now.found, counts[name][k].false_alarms - now.false_alarms)
            for name in classes
            for now in [counts[name][at[name]]]
            for k in range(at[name])
        ]
        steps = [step for step in steps if step.found > 0 and spent + step.false_alarms <= allowed]
        if not steps:
            break
        best = max(steps, key=lambda step: (step.found / max(step.false_alarms, 1e-3), step.found, step.to))
        at[best.class_name] = best.to
        spent += best.false_alarms
    common = best_within(settings, allowed_per_hour)
    if common is not None and summarise(common.outcomes).found > sum(
        counts[name][k].found for name, k in at.items()
    ):
        return dict.fromkeys(classes, common.threshold)
    return {name: settings[k].threshold for name, k in at.items()}


def at_thresholds(settings: Sequence[Setting], chosen: Mapping[str, float]) -> list[Outcome]:
    """Return the outcomes with a threshold per class: classes are detected and matched apart."""
    by_threshold = {one.threshold: one.outcomes for one in settings}
    return [
        reduce(_joined, (_of_class(by_threshold[at][number], name) for name, at in chosen.items()))
        for number in range(len(settings[0].outcomes))
    ]


def write_thresholds(path: Path, general: float, own: Mapping[str, float], detector: DetectorConfig) -> None:
    """Write thresholds as configuration, which `monitor run --config` takes too.

    Parameters
    ----------
    general
        The onset threshold of any other class.
    own
        Class name -> onset threshold.
    detector
        Its offset thresholds keep the ratio of their odds to those of the onset thresholds.
    """
    onset, offset = (
        fixed(detector.onset_threshold, UNTUNED.onset_threshold),
        fixed(detector.offset_threshold, UNTUNED.offset_threshold),
    )
    ratio = odds_ratio(onset, offset)
    sections = {"detector": general} | {f"detector.classes.{name}": value for name, value in own.items()}
    tables = {
        section: {"onset_threshold": round(at, 6), "offset_threshold": round(offset_below(at, ratio), 6)}
        for section, at in sections.items()
    }
    try:
        path.write_text(toml_document(tables), "utf-8")
    except OSError as error:
        raise ConfigError(f"Cannot write thresholds to {path}: {error.strerror}.") from None


def with_thresholds(config: Config, path: Path) -> Config:
    """Return the configuration with the thresholds of a file that `write_thresholds` made.

    Raises
    ------
    ConfigError
        The file is missing or no configuration.
    """
    chosen = load_config(path).detector
    classes = dict(config.detector.classes)
    for name, own in chosen.classes.items():
        classes[name] = replace(
            classes.get(name, ClassConfig()),
            onset_threshold=own.onset_threshold,
            offset_threshold=own.offset_threshold,
        )
    detector = replace(
        config.detector,
        onset_threshold=chosen.onset_threshold,
        offset_threshold=chosen.offset_threshold,
        classes=classes,
    )
    return replace(config, detector=detector)


def _of_class(outcome: Outcome, name: str) -> Outcome:
    return replace(
        outcome,
        hits=tuple(hit for hit in outcome.hits if hit.reference.class_name == name),
        missed=tuple(event for event in outcome.missed if event.class_name == name),
        fragments=tuple(one for one in outcome.fragments if one.class_name == name),
        false_alarms=tuple(one for one in outcome.false_alarms if one.class_name == name),
        excused=tuple(one for one in outcome.excused if one.class_name == name),
    )


def _joined(a: Outcome, b: Outcome) -> Outcome:
    return replace(
        a,
        hits=a.hits + b.hits,
        missed=a.missed + b.missed,
        fragments=a.fragments + b.fragments,
        false_alarms=a.false_alarms + b.false_alarms,
        excused=a.excused + b.excused,
    )


class _Count(msgspec.Struct, frozen=True):
    found: int
    false_alarms: int


class _Step(msgspec.Struct, frozen=True):
    class_name: str
    to: int
    """Index of the threshold it goes to."""
    found: int
    """Events more than now."""
    false_alarms: int


def _count(setting: Setting, class_name: str) -> _Count:
    outcomes = setting.outcomes
    return _Count(
        sum(hit.reference.class_name == class_name for one in outcomes for hit in one.hits),
        sum(alarm.class_name == class_name for one in outcomes for alarm in one.false_alarms),
    )
