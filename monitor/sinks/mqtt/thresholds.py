"""Thresholds as a person sets them: false alarms an hour where scores count those, else a score. Pure."""

from __future__ import annotations

import math

import msgspec

from monitor.bus.messages import Health
from monitor.config.limits import FALSE_ALARMS_PER_HOUR, THRESHOLD, Range

_DIGITS = 3


class Scale(msgspec.Struct, frozen=True):
    """What the number of a threshold means."""

    per_hour: bool
    """False alarms an hour of one class: ordinary sound reaches a score s 1/s - 1 times an hour."""

    @property
    def range(self) -> Range:
        """What is valid."""
        return FALSE_ALARMS_PER_HOUR if self.per_hour else THRESHOLD

    def shown(self, threshold: float) -> float:
        """Return a threshold, a score, as the number that stands for it; rounded, so that it rests."""
        number = self.range.clamp(1.0 / threshold - 1.0 if self.per_hour else threshold)
        return round(number, _DIGITS - 1 - math.floor(math.log10(number)))

    def threshold(self, number: float) -> float:
        """Return the score that `number` stands for."""
        return THRESHOLD.clamp(1.0 / (1.0 + number) if self.per_hour else number)


def scale_of(health: Health) -> Scale:
    """Return what thresholds of a source are told in."""
    return Scale(health.calibrated)
