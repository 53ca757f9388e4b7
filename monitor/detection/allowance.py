"""What a threshold means: so many false alarms an hour, shared among the listed classes. Pure.

Where scores say how often ordinary sound gets there (`scoring/cohort.py`), a class that is allowed r false
alarms an hour has the threshold 1 / (1 + r), before the first sound is heard. All classes together may give
as many as the user says; an urgent class may give `urgent_share` times as many as another. A threshold that
is set for a class stays what it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from monitor.config.limits import THRESHOLD
from monitor.config.settings import ClassConfig, Config, DetectorConfig
from monitor.detection.rules import is_urgent


def allowed_per_hour(classes: Sequence[str], config: Config) -> dict[str, float]:
    """Return how many false alarms an hour each of `classes` may give; they add up to what is allowed."""
    urgent_share = config.calibration.urgent_share
    weights = {name: urgent_share if is_urgent(name, config.detector) else 1.0 for name in classes}
    whole = sum(weights.values())
    allowed = config.calibration.false_alarms_per_hour
    return {name: allowed * weight / whole for name, weight in weights.items()}


def with_allowance(classes: Sequence[str], config: Config, calibrated: bool) -> DetectorConfig:
    """Return the detector's settings with the threshold of each of `classes` that is not set by hand.

    Where scores are not calibrated, or no rate is asked for, they stay as they are.
    """
    detector = config.detector
    if not calibrated or not config.calibration.false_alarms_per_hour:
        return detector
    own = dict(detector.classes)
    for name, rate in allowed_per_hour(classes, config).items():
        known = own.get(name, ClassConfig())
        if known.onset_threshold is None:
            own[name] = replace(known, onset_threshold=threshold_of(rate))
    return replace(detector, classes=own)


def threshold_of(per_hour: float) -> float:
    """Return the score that ordinary sound reaches so many times an hour, within what may be set."""
    return THRESHOLD.clamp(1.0 / (1.0 + per_hour))


def set_by_hand(classes: Sequence[str], config: Config) -> frozenset[str]:
    """Return those of `classes` whose threshold the configuration gives."""
    own = config.detector.classes
    return frozenset(name for name in classes if name in own and own[name].onset_threshold is not None)
