"""Whether the pipeline still goes on, as the thread that publishes sees it.

Law: a pipeline that stands still for `STALLED_AFTER_S` is told of as hearing nothing, and believed again
only after it has turned for `STEADY_S` without such a pause: one that is too slow does not come and go.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from monitor.bus.messages import Health

STALLED_AFTER_S = 3.0
STEADY_S = 10.0
_OWN_PAUSE_S = 1.5
"""A look that comes this much later than the last one: the whole program was stopped, not its pipeline."""


class Liveness:
    """Judges from what `look` is told, about four times a second; pure."""

    def __init__(self) -> None:
        self._steps = 0
        self._moved_s: float | None = None
        self._looked_s = 0.0
        self._stalled_s: float | None = None

    def look(self, steps: int, now_s: float) -> None:
        """Take down that the pipeline had turned `steps` times at `now_s` (monotonic clock, seconds)."""
        stopped_too = now_s - self._looked_s > _OWN_PAUSE_S
        if steps and (steps != self._steps or self._moved_s is None or stopped_too):
            self._moved_s = now_s
        self._steps, self._looked_s = steps, now_s
        if self.still_s >= STALLED_AFTER_S:
            self._stalled_s = now_s

    @property
    def begun(self) -> bool:
        """True once the pipeline has turned."""
        return self._moved_s is not None

    @property
    def still_s(self) -> float:
        """Seconds that the pipeline has stood still at the last look."""
        return 0.0 if self._moved_s is None else self._looked_s - self._moved_s

    @property
    def stands(self) -> bool:
        """True while the pipeline stands still for too long."""
        return self.still_s >= STALLED_AFTER_S

    @property
    def reason(self) -> str | None:
        """Why nothing is heard, in words for the user; None while the pipeline goes on steadily."""
        if self.stands:
            return f"the program stands still: nothing has been analysed for {self.still_s:.0f} s"
        if self._stalled_s is not None and self._looked_s - self._stalled_s < STEADY_S:
            return "the program keeps standing still: what sounds meanwhile is not heard"
        return None


def truthful(health: Health, reason: str | None, time: datetime | None = None) -> Health:
    """Return `health` as it is where nothing is heard for `reason`: lost, unless it has ended."""
    if reason is None or health.state in {"ended", "lost", "starting", "failing"}:
        return health
    return msgspec.structs.replace(health, state="lost", reason=reason, time=time or health.time)
