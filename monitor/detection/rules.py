"""What applies to one class: its thresholds, how long a score must stay, whether it is urgent. Pure."""

from __future__ import annotations

import msgspec

from monitor.config.limits import THRESHOLD
from monitor.config.settings import DetectorConfig
from monitor.config.tuning import UNTUNED, fixed

SURE = 4.0
"""A score of so many times the odds of the onset threshold is over it by far: with a cohort, one that
ordinary sound reaches a quarter as often. On validation streams it found .05 more at equal false alarms than
half a second for all, up to .4 s sooner than a second for all (docs/eval/scale.md)."""


class ClassRule(msgspec.Struct, frozen=True):
    """What applies to one class, defaults filled in; lengths in samples."""

    onset_threshold: float
    offset_threshold: float
    confirm_len: int
    sure_len: int
    """Of a score that is over the onset threshold by far (`SURE`); at most `confirm_len`."""
    min_on_len: int
    min_off_len: int
    urgent: bool


def onset_threshold(name: str, config: DetectorConfig) -> float:
    """Return the score from which on class `name` is told: its own, or that of `[detector]`."""
    own = config.classes.get(name)
    general = fixed(config.onset_threshold, UNTUNED.onset_threshold)
    return general if own is None or own.onset_threshold is None else own.onset_threshold


def rule_for(name: str, config: DetectorConfig, sample_rate: int) -> ClassRule:
    """Return the rule for class `name`: its own settings over those of `[detector]`.

    An offset threshold that is not its own keeps the ratio of its odds to those of the onset threshold.
    """
    own = config.classes.get(name)

    def pick(key: str) -> float:
        value = getattr(own, key) if own else None
        return float(getattr(config, key) if value is None else value)

    general = fixed(config.onset_threshold, UNTUNED.onset_threshold)
    onset = onset_threshold(name, config)
    ratio = odds_ratio(general, fixed(config.offset_threshold, UNTUNED.offset_threshold))
    confirm_len = 0 if is_urgent(name, config) else round(pick("confirm_s") * sample_rate)
    return ClassRule(
        onset_threshold=onset,
        offset_threshold=offset_below(onset, ratio)
        if own is None or own.offset_threshold is None
        else own.offset_threshold,
        confirm_len=confirm_len,
        sure_len=min(confirm_len, round(config.sure_s * sample_rate)),
        min_on_len=round(pick("min_on_s") * sample_rate),
        min_off_len=round(pick("min_off_s") * sample_rate),
        urgent=is_urgent(name, config),
    )


def is_urgent(name: str, config: DetectorConfig) -> bool:
    """Return whether a class is reported without waiting: as it says itself, else as the list has it."""
    own = config.classes.get(name)
    return name in config.urgent if own is None or own.urgent is None else own.urgent


def odds_ratio(onset_threshold: float, offset_threshold: float) -> float:
    """Return the odds at which an event ends over those at which it begins, at most 1."""
    return offset_threshold * (1.0 - onset_threshold) / ((1.0 - offset_threshold) * onset_threshold)


def offset_below(onset_threshold: float, ratio: float) -> float:
    """Return the offset threshold at this ratio of odds to an onset threshold, within `THRESHOLD`."""
    odds = onset_threshold / (1.0 - onset_threshold) * ratio
    return min(THRESHOLD.clamp(odds / (1.0 + odds)), onset_threshold)


def sure_above(onset_threshold: float) -> float:
    """Return the score from which on an onset threshold is passed by far."""
    odds = SURE * onset_threshold / (1.0 - onset_threshold)
    return odds / (1.0 + odds)
