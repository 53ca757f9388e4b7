"""What changes in a line that goes on: other classes, thresholds, urgencies. No sample waits for it.

Laws: a class that stays keeps its open event, its pauses and what was set by hand; one that goes ends its
event first; background, levels and where the stream is stay what they are.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from monitor.detection.calibration import Calibration
from monitor.detection.detector import Detector
from monitor.pipeline.reporter import Stream
from monitor.pipeline.rhythm_watch import RhythmWatch
from monitor.pipeline.stages import Stages
from monitor.scoring.scorer import Scorer


class Tuning(msgspec.Struct, frozen=True):
    """What one line goes on with."""

    scorer: Scorer
    detector: Detector
    calibration: Calibration | None
    rhythms: RhythmWatch | None
    labels: Mapping[str, str]
    unknown: frozenset[str]
    muted: Mapping[str, bool] = {}
    """Classes whose muting the configuration has changed, and how it is now; others stay as they are."""
    rethought: frozenset[str] = frozenset()
    """Classes whose threshold the configuration has changed: what was set by hand holds no longer."""


def taken_over(tuning: Tuning, before: Stages, by_hand: frozenset[str]) -> Stages:
    """Return the stages to go on with: those `before`, with what `tuning` brings.

    Parameters
    ----------
    by_hand
        Classes whose threshold somebody has set in this run.
    """
    detector = tuning.detector
    detector.inherit(before.detector)
    if tuning.calibration is not None:
        if before.calibration is not None:
            tuning.calibration.remember(before.calibration.evidence())
        for name, value in tuning.calibration.thresholds().items():
            detector.set_threshold(name, value)
    for name in (by_hand & detector.rules.keys()) - tuning.rethought:
        detector.set_threshold(name, before.detector.rules[name].onset_threshold)
        if tuning.calibration is not None:
            tuning.calibration.release(name)
    return msgspec.structs.replace(
        before, scorer=tuning.scorer, detector=detector, calibration=tuning.calibration
    )


def moved(stream: Stream, tuning: Tuning) -> Stream:
    """Return who listens to what, with the names that classes have now."""
    return msgspec.structs.replace(stream, labels=tuning.labels, unknown=tuning.unknown)
