"""Cuts the stream into overlapping windows on a fixed grid. Pure.

Window k of an uninterrupted stretch ends at ``origin + window_len + k * hop_len``. A stretch that ends
(gap, or end of the stream) gets one last window that ends with it, so every sample delivered is analysed.
Laws: the windows do not depend on how the samples were cut into spans; the `hop_len` of all windows plus
`pending` is the number of samples pushed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.records import Span, Window


class Windower:
    """Collects spans, gives windows of `window_len` samples every `hop_len` samples."""

    def __init__(self, window_len: int, hop_len: int, sample_rate: int) -> None:
        if not 0 < hop_len <= window_len:
            raise ValueError(f"hop_len {hop_len} must be in [1, window_len = {window_len}]")
        self._window_len = window_len
        self._hop_len = hop_len
        self._sample_rate = sample_rate
        self._history: NDArray[np.float32] = np.zeros(0, np.float32)
        self._stop = 0
        self._due = window_len
        self._first = True
        self._captured_s = 0.0

    @property
    def pending(self) -> int:
        """Samples pushed that no window has covered yet."""
        return self._window_len - self._due if self._first else self._hop_len - self._due

    def split(self, span: Span) -> list[Span]:
        """Return `span` in pieces, each of which completes at most one window, with its last sample."""
        sample_s = 1.0 / self._sample_rate
        due = self._window_len if span.discontinuous or not len(self._history) else self._due
        pieces = []
        begin = 0
        while begin < len(span.samples):
            end = min(begin + due, len(span.samples))
            late_s = (len(span.samples) - end) * sample_s
            first = span.discontinuous and begin == 0
            captured_s = span.captured_s - late_s
            pieces.append(Span(span.start + begin, span.samples[begin:end], first, captured_s, span.clipped))
            begin, due = end, self._hop_len
        return pieces

    def push(self, span: Span) -> list[Window]:
        """Return the windows that `span` completes, oldest first."""
        windows = []
        if span.discontinuous:
            last = self.finish()
            windows = [last] if last else []
        if span.discontinuous or not len(self._history):
            self._restart(span.start)
        self._captured_s = span.captured_s
        samples = span.samples
        while len(samples) >= self._due:
            due = self._due
            self._append(samples[:due])
            samples = samples[due:]
            windows.append(self._window(self._window_len if self._first else self._hop_len))
        self._append(samples)
        self._due -= len(samples)
        return windows

    def finish(self) -> Window | None:
        """Return a last window over what is not covered yet, or None; zeros come first if too little."""
        pending = self.pending
        if not pending:
            return None
        missing = self._window_len - len(self._history)
        self._history = np.concatenate([np.zeros(max(0, missing), np.float32), self._history])
        return self._window(pending)

    def _restart(self, start: int) -> None:
        self._history = np.zeros(0, np.float32)
        self._stop = start
        self._due = self._window_len
        self._first = True

    def _append(self, samples: NDArray[np.float32]) -> None:
        self._history = np.concatenate([self._history, samples])[-self._window_len :]
        self._stop += len(samples)

    def _window(self, hop_len: int) -> Window:
        samples = self._history.copy()
        samples.flags.writeable = False
        start = self._stop - self._window_len
        window = Window(start, samples, self._first, hop_len, self._captured_s)
        self._first = False
        self._due = self._hop_len
        return window
