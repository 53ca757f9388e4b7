"""A ring that remembers and a source that follows a script."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from monitor.config.settings import CaptureConfig
from monitor.errors import SourceError
from monitor.records import Block
from monitor.stream.channels import Downmix

Step = Block | BaseException | Callable[[], object] | None


class RecordingRing:
    """Satisfies `RingWriter`; gaps read as NaN in `samples`."""

    def __init__(self) -> None:
        self._parts: list[NDArray[np.float32]] = []
        self._changed = threading.Condition()
        self.gaps: list[tuple[int, int]] = []
        self.captured_s: list[float] = []
        self.clipped: list[tuple[int, int]] = []
        self.closed = False
        self.missing_len = 0

    @property
    def samples(self) -> NDArray[np.float32]:
        with self._changed:
            return np.concatenate(self._parts) if self._parts else np.zeros(0, np.float32)

    @property
    def position(self) -> int:
        with self._changed:
            return sum(map(len, self._parts))

    def write(self, samples: NDArray[np.float32], captured_s: float, wait: bool = False) -> None:
        with self._changed:
            self._parts.append(samples.copy())
            self.captured_s.append(captured_s)
            self._changed.notify_all()

    def write_gap(self, length: int) -> None:
        with self._changed:
            self.gaps.append((sum(map(len, self._parts)), length))
            self._parts.append(np.full(length, np.nan, np.float32))
            self._changed.notify_all()

    def mark_clipped(self, start: int, stop: int) -> None:
        self.clipped.append((start, stop))

    def wake(self) -> None:
        pass

    def close(self) -> None:
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def wait_closed(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.closed, 10.0)

    def wait_position(self, position: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: sum(map(len, self._parts)) >= position, 10.0)


class FullRing(RecordingRing):
    """A ring nobody reads: a waiting writer gets free only by `close`."""

    def write(self, samples: NDArray[np.float32], captured_s: float, wait: bool = False) -> None:
        self.wait_closed()


class ScriptSource:
    """Delivers blocks, silence (None) and failures in a given order; each opening goes on with the script.

    `openings` says how the first openings go: None for well.
    """

    id = "script"

    def __init__(
        self,
        steps: Iterable[Step],
        sample_rate: int = 16_000,
        live: bool = True,
        openings: Iterable[SourceError | None] = (),
    ) -> None:
        self.name = "script"
        self.sample_rate = sample_rate
        self.live = live
        self.opened = 0
        self.closed = threading.Event()
        self._openings = iter(openings)
        self._steps = iter(steps)

    def open(self) -> None:
        self.opened += 1
        self.closed.clear()
        if refusal := next(self._openings, None):
            raise refusal

    def read(self, timeout_s: float) -> Block | None:
        step = next(self._steps, EOFError())
        if isinstance(step, BaseException):
            raise step
        if callable(step):
            step()
            return None
        if step is None:
            self.closed.wait(timeout_s)
        return step

    def close(self) -> None:
        self.closed.set()


def heard(
    samples: NDArray[np.float32], sample_rate: int, config: CaptureConfig | None = None
) -> NDArray[np.float32]:
    """Return the one channel, float32 (n,), that is made of float32 (n, channels) at once."""
    downmix = Downmix("script", sample_rate, samples.shape[1], config or CaptureConfig())
    return np.concatenate((downmix.push(samples), downmix.flush()))


def noise(length: int, channels: int = 1, seed: int = 0) -> NDArray[np.float32]:
    """Return float32 (length, channels) within +-0.5."""
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (length, channels)).astype(np.float32)


def blocks(
    samples: NDArray[np.float32], lengths: Iterable[int], sample_rate: int, start_s: float = 100.0
) -> list[Block]:
    """Cut float32 (n, channels) into blocks of these lengths, each captured in time."""
    cut, start = [], 0
    for length in lengths:
        stop = min(start + length, len(samples))
        if stop == start:
            break
        cut.append(Block(samples[start:stop], start_s + stop / sample_rate))
        start = stop
    return cut
