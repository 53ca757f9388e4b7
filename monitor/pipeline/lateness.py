"""When a live source has got so far ahead of its analysis that windows are passed over."""

from __future__ import annotations

from monitor.pipeline.shedding import Allotment, Shedding
from monitor.pipeline.stages import Line
from monitor.records import Window


class Lateness:
    """Decides for each window whether it is passed over. What is not live can wait, and never is."""

    def __init__(self, line: Line, max_lag_s: float, shedding: Shedding | None) -> None:
        """Let the ring hold `max_lag_s` seconds; with `shedding`, pass over as much as other sources do."""
        self._line = line
        self._max_lag_s = max_lag_s
        self._shedding = shedding
        hop_s = line.stages.windower.hop_len / line.stream.sample_rate
        self._allotment = None if shedding is None else Allotment(shedding, hop_s)
        self._behind = False

    @property
    def lag_s(self) -> float | None:
        """Seconds of sound that wait longer than they should; None: it is not live, or does not run."""
        if not self._line.stream.live or self._line.capture.status.state != "running":
            return None
        return self._late_len() / self._line.stream.sample_rate

    def holds(self, window: Window) -> bool:
        """Tell whether a window is passed over.

        While all sources are late, so are as many as of the others; one that is late alone goes on to its
        newest.
        """
        if not self._line.stream.live:
            return False
        if self._shedding is not None and self._allotment is not None and self._shedding.share < 1.0:
            self._behind = False
            return self._allotment.passes_over()
        max_lag_s = self._max_lag_s if self._shedding is None else self._shedding.limit_s
        allowed_len = window.hop_len if self._behind else round(max_lag_s * self._line.stream.sample_rate)
        self._behind = self._late_len() > allowed_len
        return self._behind

    def _late_len(self) -> int:
        """Return how many samples wait that have had their time: a burst is late when the next one is due."""
        due_s = self._line.capture.status.next_due_s
        ahead_s = 0.0 if due_s is None else max(0.0, due_s - self._line.clock.monotonic())
        return self._line.ring.counters().pending - round(ahead_s * self._line.stream.sample_rate)
