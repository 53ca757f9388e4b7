"""The ring between the capture thread and the pipeline: one writer, one reader, absolute sample indices.

When full it overwrites the oldest samples and counts them (`overwritten`), unless the writer asks to wait
(a file played as fast as possible). Lost input is written as a gap, so that indices keep step with time.
The reader may say how much it waits for, and is not woken for less.
Law: every index is delivered once, in order, or counted once as overwritten or gap.
"""

from __future__ import annotations

import threading
from collections import deque

import numpy as np
from numpy.typing import NDArray

from monitor.records import RingCounters, Span


class Ring:
    """A bounded buffer of float32 samples, addressed by stream index."""

    def __init__(self, capacity_len: int, arrived: threading.Event | None = None) -> None:
        """Make a ring that holds `capacity_len` samples.

        `arrived` is set when what the reader wants is there and at the end, so that one reader can wait for
        several rings.
        """
        self._buffer = np.zeros(capacity_len, np.float32)
        self._changed = threading.Condition()
        self._arrived = arrived or threading.Event()
        self._written = 0
        self._read = 0
        self._wanted_len = 1
        self._crowded = False  # the writer waits for room
        self._gaps: deque[tuple[int, int]] = deque()
        self._marks: deque[tuple[int, float]] = deque(maxlen=4096)
        self._clipped: deque[tuple[int, int]] = deque(maxlen=4096)
        self._discontinuous = False
        self._ended = False
        self._overwritten = 0
        self._gap = 0

    def counters(self) -> RingCounters:
        """Return all counters at one moment; ``captured = read + pending + overwritten + gap``."""
        with self._changed:
            waiting_gap = sum(stop - start for start, stop in self._gaps)
            pending = self._written - self._read - waiting_gap
            return RingCounters(self._written, pending, self._overwritten, self._gap)

    @property
    def ended(self) -> bool:
        """True once the writer has closed the ring and everything has been read."""
        with self._changed:
            return self._ended and self._read == self._written

    @property
    def ready(self) -> bool:
        """True when as much can be read as the reader wants, the writer waits, or it is the end."""
        with self._changed:
            return self._worth_waking()

    @property
    def missing_len(self) -> int:
        """Samples that the reader wants and that are not there yet."""
        with self._changed:
            return 0 if self._worth_waking() else self._wanted_len - (self._written - self._read)

    def want(self, length: int) -> None:
        """Wake the reader for no less than `length` samples, at least one; `read` gives what there is."""
        with self._changed:
            self._wanted_len = max(1, min(length, len(self._buffer)))

    def write(self, samples: NDArray[np.float32], captured_s: float, wait: bool = False) -> None:
        """Append `samples`, float32 (n,), whose last one had been captured at `captured_s` (monotonic).

        With `wait`, block until there is room; else overwrite the oldest. Returns at once on a closed ring.
        """
        capacity = len(self._buffer)
        for offset in range(0, len(samples), capacity):
            part = samples[offset : offset + capacity]
            with self._changed:
                while wait and not self._ended and self._written - self._read + len(part) > capacity:
                    self._crowded = True
                    self._arrived.set()
                    self._changed.wait()
                self._crowded = False
                if self._ended:
                    return
                self._store(part)
                self._marks.append((self._written, captured_s))
                self._tell()

    def write_gap(self, length: int) -> None:
        """Advance the stream by `length` samples that were never delivered."""
        if length <= 0:
            return
        with self._changed:
            self._gaps.append((self._written, self._written + length))
            self._written += length
            self._gap += length
            self._drop_oldest()
            self._tell()

    def mark_clipped(self, start: int, stop: int) -> None:
        """Note that what is at [start, stop) of the stream, written already or about to be, was clipped."""
        with self._changed:
            self._clipped.append((start, stop))

    def wake(self) -> None:
        """Let the reader look round, though nothing was written: what it is told elsewhere may not last."""
        self._arrived.set()

    def close(self) -> None:
        """End the stream; what was written can still be read, a waiting writer gives up."""
        with self._changed:
            self._ended = True
            self._tell()

    def read(self, max_len: int, timeout_s: float) -> Span | None:
        """Return up to `max_len` consecutive samples, or None if none came within `timeout_s`."""
        with self._changed:
            self._changed.wait_for(lambda: self._available() > 0 or self._ended, timeout_s)
            length = min(max_len, self._available())
            if length == 0:
                return None
            start = self._read
            samples = self._copy(start, length)
            stop = start + length
            span = Span(
                start, samples, self._discontinuous, self._captured_s(stop), self._clipped_in(start, stop)
            )
            self._read += length
            self._discontinuous = False
            self._changed.notify_all()
            return span

    def _tell(self) -> None:
        self._changed.notify_all()
        if (
            not self._arrived.is_set() and self._worth_waking()
        ):  # many rings set it, before the reader comes round
            self._arrived.set()

    def _worth_waking(self) -> bool:
        return self._ended or self._crowded or self._written - self._read >= self._wanted_len

    def _store(self, part: NDArray[np.float32]) -> None:
        at = self._written % len(self._buffer)
        fits = len(self._buffer) - at
        self._buffer[at : at + len(part)] = part[:fits]
        self._buffer[: max(0, len(part) - fits)] = part[fits:]
        self._written += len(part)
        self._drop_oldest()

    def _copy(self, start: int, length: int) -> NDArray[np.float32]:
        at = start % len(self._buffer)
        beyond = max(0, at + length - len(self._buffer))
        samples = np.concatenate((self._buffer[at : at + length], self._buffer[:beyond]))
        samples.flags.writeable = False
        return samples

    def _drop_oldest(self) -> None:
        """Move the reader out of what has just been overwritten."""
        oldest = self._written - len(self._buffer)
        while self._read < oldest:
            self._step_over_gap()
            stop = min([oldest, *(start for start, _ in self._gaps)])
            if stop > self._read:
                self._overwritten += stop - self._read
                self._read = stop
                self._discontinuous = True

    def _available(self) -> int:
        """Return how many samples can be read without crossing a gap; step over a gap that comes next."""
        self._step_over_gap()
        return (self._gaps[0][0] if self._gaps else self._written) - self._read

    def _step_over_gap(self) -> None:
        while self._gaps and self._gaps[0][0] <= self._read:
            self._read = max(self._read, self._gaps.popleft()[1])
            self._discontinuous = True

    def _clipped_in(self, start: int, stop: int) -> tuple[tuple[int, int], ...]:
        """Return what is marked within [start, stop), and forget what lies before `stop`."""
        found = tuple((max(start, a), min(stop, b)) for a, b in self._clipped if a < stop and b > start)
        while self._clipped and self._clipped[0][1] <= stop:
            self._clipped.popleft()
        return found

    def _captured_s(self, stop: int) -> float:
        """When the sample before `stop` had been captured, to the accuracy of one write."""
        while len(self._marks) > 1 and self._marks[0][0] < stop:
            self._marks.popleft()
        return self._marks[0][1]
