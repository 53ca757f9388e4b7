"""When a live source has got so far ahead of its analysis that windows are passed over."""

from __future__ import annotations

from monitor.pipeline.stages import Line
from monitor.records import Window


class Lateness:
    """Decides for each window whether it is late. What is not live can wait, and never is."""

    def __init__(self, line: Line, max_lag_s: float) -> None:
        """Let the ring hold `max_lag_s` seconds."""
        self._line = line
        self._max_lag_len = round(max_lag_s * line.stream.sample_rate) if line.stream.live else None
        self._behind = False

    def holds(self, window: Window) -> bool:
        """Tell whether the ring holds more than the lag allowed; then catch up to the newest window."""
        if self._max_lag_len is not None:
            allowed_len = window.hop_len if self._behind else self._max_lag_len
            self._behind = self._line.ring.counters().pending > allowed_len + self._ahead_len()
        return self._behind

    def _ahead_len(self) -> int:
        """Return how many samples came before their time: a burst is late only when the next one is due."""
        due_s = self._line.capture.status.next_due_s
        ahead_s = 0.0 if due_s is None else max(0.0, due_s - self._line.clock.monotonic())
        return round(ahead_s * self._line.stream.sample_rate)
