"""What was heard lately of one source, in memory, for what looks back: clips and rhythms. Never stored."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from monitor.records import Span


class RecentSound:
    """Remembers spans until it is told to forget them."""

    def __init__(self) -> None:
        self.stop = 0
        """Stream index after the last sample."""
        self._spans: deque[Span] = deque()

    @property
    def held_len(self) -> int:
        """Samples that are remembered."""
        return sum(len(span.samples) for span in self._spans)

    def hear(self, span: Span) -> None:
        """Remember a span; they come in order."""
        self._spans.append(span)
        self.stop = span.start + len(span.samples)

    def cut(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return [start, stop), float32 (n,), with zeros where nothing was heard or it is forgotten."""
        samples = np.zeros(max(0, stop - start), np.float32)
        for span in self._spans:
            first, last = max(start, span.start), min(stop, span.start + len(span.samples))
            if first < last:
                samples[first - start : last - start] = span.samples[first - span.start : last - span.start]
        return samples

    def forget(self, before: int) -> None:
        """Drop spans that end at or before stream index `before`."""
        while self._spans and self._spans[0].start + len(self._spans[0].samples) <= before:
            self._spans.popleft()
