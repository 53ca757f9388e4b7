"""The range of every number a user may set, each once: settings, control requests and keys share them. Pure.

Within these ranges no setting makes the detector deaf or an event endless: every sure sound of ten seconds
begins an event, and a minute of silence ends it (property test).
"""

from __future__ import annotations

from typing import NamedTuple


class Range(NamedTuple):
    """A closed interval."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}"

    def holds(self, value: float) -> bool:
        """Return whether `value` lies within; NaN never does."""
        return self.low <= value <= self.high

    def clamp(self, value: float) -> float:
        """Return the nearest value within."""
        return min(max(value, self.low), self.high)


THRESHOLD = Range(0.01, 0.999)
"""A threshold of a score. A score never is 0 or 1: at 0 an event would not end, at 1 it would not begin."""
CONFIRM_S = Range(0.0, 5.0)
"""A sound that lasts longer than this is confirmed whatever is set."""
MIN_ON_S = Range(0.0, 10.0)
MIN_OFF_S = Range(0.0, 30.0)
"""After so many seconds of silence every event is over."""
COOL_DOWN_S = Range(0.0, 60.0)
"""For so long a class may be deaf after its last event."""
LOUD_SOUND_DB = Range(6.0, 60.0)
"""Less, and everything is loud; nothing exceeds a noise floor by more."""
LOUD_SOUND_EVERY_S = Range(0.0, 3600.0)
MAX_EVENT_S = Range(5.0, 86_400.0)
"""Shorter, and every sound would be closed before it ends."""
UPDATE_EVERY_S = Range(0.1, 60.0)
NEAR_MISS_RATIO = Range(0.1, 1.0)
"""At 0 every window would be a near miss, and none would ever be over."""
HOP_S = Range(0.01, 10.0)
"""Seconds from window to window; at most the window, for what lies between two windows is not heard."""
MAX_LAG_S = Range(0.1, 30.0)
RING_S = Range(2.0, 600.0)
"""Seconds the ring may hold; also at least one window, and what may be late."""
LOST_AFTER_S = Range(0.1, 10.0)
REOPEN_EVERY_S = Range(0.1, 5.0)
TICK_S = Range(0.02, 1.0)
FLOOR_WINDOW_S = Range(1.0, 600.0)
FLOOR_PERCENTILE = Range(0.0, 50.0)
"""Above the median the floor would be the sounds."""
ACTIVITY_DB = Range(0.0, 60.0)
SILENT_DBFS = Range(-120.0, -60.0)
NOISY_DBFS = Range(-80.0, 0.0)
SILENT_AFTER_S = Range(0.1, 60.0)
TAU = Range(0.0, 2.0)
"""Share of the background taken off; twice as much as there is leaves nothing of most sounds."""
MEMORY_S = Range(5.0, 3600.0)
READY_S = Range(1.0, 600.0)
GUARD_SCORE = Range(0.05, 1.0)
"""At 0 nothing would ever teach the background."""
CHANGE_RATIO = Range(0.0, 0.95)
"""0: a change of place is not looked for. At 1 every moment would be one."""
BETA = Range(0.0, 2.0)
TEMPERATURE = Range(0.005, 0.2)
"""Above, the hundred other sounds together outweigh the surest class."""
COHORT_SOUNDS = Range(200, 20_000)
"""Fewer, and the tail of a word would rest on a handful of sounds."""
FALSE_ALARMS_PER_HOUR = Range(0.001, 60.0)
URGENT_SHARE = Range(1.0, 10.0)
BLOCK_S = Range(1.0, 60.0)
CALIBRATION_MEMORY_H = Range(0.1, 1000.0)
KEEP_DAYS = Range(0.01, 36_500.0)
"""A quarter of an hour to a century."""
MAX_MB = Range(1.0, 100_000.0)
NOTIFY_COOLDOWN_S = Range(0.0, 86_400.0)
"""0: each sound is a message of its own."""
AGAIN_AFTER_S = Range(1.0, 86_400.0)
ONLY_AFTER = Range(0, 20)
UNWELL_AFTER_S = Range(1.0, 86_400.0)
NOTIFY_TIMEOUT_S = Range(0.5, 600.0)
KEEP_S = Range(1.0, 2_592_000.0)
"""Up to a month: older news is none."""
CLIP_AROUND_S = Range(0.0, 30.0)
CLIP_S = Range(1.0, 600.0)
"""Seconds of a clip: they are kept in memory until it is complete."""
SELF_TEST_LATE_S = Range(0.5, 30.0)
"""Less than a window and a hop no model manages."""
SELF_TEST_WITHIN_H = Range(0.05, 20.0)
"""Less than a day: the next one is another."""
SNOOZE_S = Range(1.0, 86_400.0)
"""Seconds for which something may be muted or paused with an end; a day at most."""
HEARTBEAT_S = Range(1.0, 3600.0)
HEALTHY_S = Range(5.0, 3600.0)
"""Less, and no source could have been judged."""
REPORTS_PER_SECOND = Range(0.1, 1000.0)
SPEECH_ODDS = Range(-2.0, 2.0)
"""Differences of two cosines."""
SCAN_WORKERS = Range(0, 1024)
SCAN_PART_MB = Range(1.0, 100_000.0)
"""Smaller, and an archive would become a file for each recording."""
