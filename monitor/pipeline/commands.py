"""What the user tells one source while it runs: mute, pause, set a threshold, forget. Changes are kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from monitor.bus.messages import Change, Reply, Request
from monitor.config.limits import THRESHOLD
from monitor.detection.calibration import Calibration
from monitor.detection.detector import Detector
from monitor.names import class_id
from monitor.pipeline.snoozes import Snoozes
from monitor.records import NearMiss, Transition
from monitor.scoring.background import Background

KEPT = 8
"""Changes reported with each health record; the oldest is forgotten first."""

Value = float | bool | str | None
Done = tuple[Reply, Sequence[Transition | NearMiss]]


class Commands:
    """Does what is asked, refuses what would make a class deaf or endless, and remembers who asked.

    Parameters
    ----------
    detector, background, calibration
        Those of one source; no calibration where thresholds stay as they are.
    utc
        The time.
    """

    def __init__(
        self,
        detector: Detector,
        background: Background,
        calibration: Calibration | None,
        utc: Callable[[], datetime],
    ) -> None:
        self._detector = detector
        self._background = background
        self._calibration = calibration
        self._utc = utc
        self._changes: deque[Change] = deque(maxlen=KEPT)
        self._number = 0
        self._by_hand: set[str] = set()
        self.snoozes = Snoozes(utc)
        """What ends by itself."""

    def retune(self, detector: Detector, calibration: Calibration | None, forgotten: frozenset[str]) -> None:
        """Go on with others; what was set by hand of classes that are `forgotten` or gone is not any more."""
        self._detector, self._calibration = detector, calibration
        self._by_hand = (self._by_hand & detector.rules.keys()) - forgotten

    @property
    def set_by_hand(self) -> frozenset[str]:
        """Classes whose threshold somebody set in this run."""
        return frozenset(self._by_hand)

    @property
    def changes(self) -> list[Change]:
        """The last changes, oldest first."""
        return list(self._changes)

    def handle(self, request: Request, stop: int) -> Done:
        """Do `request` at stream index `stop`; return the answer, and what ends by it."""
        asked, value, rules = request.class_ or "", request.value, self._detector.rules
        name = asked if asked in rules or not asked else class_id(asked)
        if request.request in {"mute", "threshold"} and name not in rules:
            return _refused(f"No class {asked!r} is listed; listed: {', '.join(rules)}.")
        match request.request, value:
            case "pause", bool():
                self._note("pause", request, self._detector.paused, value)
                self.snoozes.note(request, None)
                return Reply(ok=True), self._detector.pause(value, stop)
            case "mute", bool():
                self._note("mute", request, name in self._detector.muted, value)
                self.snoozes.note(request, name)
                return Reply(ok=True), self._detector.mute(name, value, stop)
            case "forget_background", _:
                return self._forget(request)
            case "threshold", float():
                return self._set_threshold(name, value, request)
        return _refused(f"{request.request} does not take the value {value!r}.")

    def keep(self, change: Change) -> None:
        """Keep a change that was made elsewhere, under a number of its own."""
        self._number += 1
        self._changes.append(msgspec.structs.replace(change, number=self._number))

    def _forget(self, request: Request) -> Done:
        self._background.forget()
        self._note("forget", request, None, None)
        return Reply(ok=True), []

    def _set_threshold(self, name: str, value: float, request: Request) -> Done:
        if not THRESHOLD.holds(value):
            return _refused(f"A threshold of {value!r} is not possible; valid: {THRESHOLD}.")
        self._note("threshold", request, round(self._detector.rules[name].onset_threshold, 4), value)
        self._detector.set_threshold(name, value)
        self._by_hand.add(name)
        if self._calibration is not None:
            self._calibration.release(name)
        return Reply(ok=True), []

    def _note(
        self,
        what: Literal["mute", "pause", "threshold", "forget"],
        request: Request,
        before: float | bool | None,
        after: float | bool | None,
    ) -> None:
        """Keep a change; what is as it was is none."""
        if what == "forget" or before != after:
            by, time = request.asker, self._utc()
            self.keep(Change(0, time, what, by, request.class_, before, after))


def _refused(sentence: str) -> Done:
    return Reply(ok=False, error=sentence), []
