"""Not more than so many a second: what waited for long does not come all at once."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pace:
    """Allows `per_second` things a second, and as many at once after a pause, one at least."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._most = max(1.0, per_second)
        self._clock = clock
        self._left = self._most
        self._at_s = clock()

    def may(self) -> bool:
        """Return whether one more is allowed now; it is counted then."""
        self._refill()
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True

    @property
    def wait_s(self) -> float:
        """Seconds until one more is allowed."""
        self._refill()
        return max(0.0, (1.0 - self._left) / self._per_second)

    def _refill(self) -> None:
        now_s = self._clock()
        self._left = min(self._most, self._left + (now_s - self._at_s) * self._per_second)
        self._at_s = now_s
