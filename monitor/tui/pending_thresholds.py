"""Thresholds that the user has asked for and the monitor has not reported yet: quick presses add up. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.bus.messages import ClassState
from monitor.config.limits import THRESHOLD

STEP = 1.3
"""A press makes the odds of a threshold so many times as large: false alarms about as much rarer."""


class PendingThresholds:
    """What is asked for, by source and class.

    Law: a press upwards never lowers a threshold, and one downwards never raises it.
    """

    def __init__(self) -> None:
        self._wanted: dict[tuple[str, str], float] = {}

    def press(self, source_id: str, entry: ClassState, steps: int) -> float | None:
        """Return what to ask for after a press; None where the threshold is at that end already."""
        key = source_id, entry.class_
        now = self._wanted.get(key, entry.onset_threshold)
        odds = now / max(1.0 - now, 1e-9) * STEP**steps
        wanted = THRESHOLD.clamp(round(odds / (1.0 + odds), 4))
        wanted = max(now, wanted) if steps > 0 else min(now, wanted)
        if wanted == now:
            return None
        self._wanted[key] = wanted
        return wanted

    def reported(self, source_id: str, classes: Iterable[ClassState]) -> None:
        """Forget what a source has reached."""
        reached = {(source_id, entry.class_): entry.onset_threshold for entry in classes}
        self._wanted = {key: wanted for key, wanted in self._wanted.items() if reached.get(key) != wanted}

    def refused(self) -> None:
        """Forget everything: what is reported counts."""
        self._wanted.clear()
