"""Cuts the stream into overlapping windows on a fixed grid. Pure.

Window k of an uninterrupted stretch ends at ``origin + (k + 1) * hop_len``; zeros stand for what was
before the stretch. A stretch that ends gets one last window that ends with it, so every sample delivered is
analysed. Where nothing follows, more windows go on beyond its end, with zeros for what never came, as long as
there is a hop of it in them: a sound at the begin or the end of a stretch, and one that is shorter than a
window, is in as many windows as any other, and so can be confirmed like any other. Before a gap there are
none of these: a device that stumbles over and over must not cost a multiple.

Laws: the windows do not depend on how the samples were cut into spans; the `hop_len` of all windows plus
`pending` is the number of samples pushed; every sample is in as many windows as every other, where no gap is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.records import Span, Stretch, Window

_SPARE_HOPS = 4
"""Hops that fit behind a window before what is kept of the sound is moved to the front again."""


class Windower:
    """Collects spans, gives windows of `window_len` samples every `hop_len` samples."""

    def __init__(self, window_len: int, hop_len: int, sample_rate: int) -> None:
        if not 0 < hop_len <= window_len:
            raise ValueError(f"hop_len {hop_len} must be in [1, window_len = {window_len}]")
        self._window_len = window_len
        self._hop_len = hop_len
        self._sample_rate = sample_rate
        self._buffer: NDArray[np.float32] = np.zeros(window_len + _SPARE_HOPS * hop_len, np.float32)
        self._filled = 0  # of the buffer; what was heard last stands at its end
        self._stretch = Stretch()
        self._stop = 0
        self._due = hop_len
        self._first = True
        self._captured_s = 0.0

    @property
    def hop_len(self) -> int:
        """Samples from one window to the next."""
        return self._hop_len

    @property
    def due_len(self) -> int:
        """Samples that the next window lacks."""
        return self._due

    @property
    def pending(self) -> int:
        """Samples pushed that no window has covered yet."""
        return self._hop_len - self._due

    def split(self, span: Span) -> list[Span]:
        """Return `span` in pieces, each of which completes at most one window, with its last sample."""
        sample_s = 1.0 / self._sample_rate
        due = self._hop_len if span.discontinuous or not self._filled else self._due
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
            windows = self._rest()
        if span.discontinuous or not self._filled:
            self._restart(span.start)
        self._captured_s = span.captured_s
        samples = span.samples
        while len(samples) >= self._due:
            due = self._due
            self._append(samples[:due])
            samples = samples[due:]
            windows.append(self._window(self._hop_len))
        self._append(samples)
        self._due -= len(samples)
        return windows

    def finish(self) -> list[Window]:
        """Return the windows over what is not covered yet, and beyond its end; nothing where nothing came."""
        windows = self._rest()
        beyond = range(self._hop_len, self._window_len, self._hop_len) if self._filled else ()
        windows += [self._window(0, behind) for behind in beyond]
        self._filled = 0
        return windows

    def _rest(self) -> list[Window]:
        """Return a last window over what is not covered yet."""
        return [self._window(self.pending)] if self.pending else []

    def _restart(self, start: int) -> None:
        self._filled = 0
        self._stretch = Stretch()
        self._stop = start
        self._due = self._hop_len
        self._first = True

    def _append(self, samples: NDArray[np.float32]) -> None:
        """Keep `samples`, a hop of them at most."""
        if self._filled + len(samples) > len(self._buffer):
            kept = self._latest(self._window_len).copy()
            self._buffer[: len(kept)] = kept
            self._filled = len(kept)
        self._buffer[self._filled : self._filled + len(samples)] = samples
        self._filled += len(samples)
        self._stop += len(samples)

    def _latest(self, length: int) -> NDArray[np.float32]:
        """Return the last `length` samples of the stretch, fewer where it is shorter."""
        return self._buffer[max(0, self._filled - length) : self._filled]

    def _window(self, hop_len: int, behind: int = 0) -> Window:
        """Return the window that ends `behind` samples beyond the newest, the first to analyse `hop_len`."""
        heard = self._latest(self._window_len - behind)
        before = self._window_len - behind - len(heard)
        samples = np.concatenate([np.zeros(before, np.float32), heard, np.zeros(behind, np.float32)])
        samples.flags.writeable = False
        start = self._stop + behind - self._window_len
        window = Window(start, samples, self._first, hop_len, self._captured_s, before, behind, self._stretch)
        self._first = False
        self._due = self._hop_len
        return window
