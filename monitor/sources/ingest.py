"""Blocks of any source -> the ring, at the analysis rate, with every lost sample accounted for.

The stream index of a sample is computed from its position in the device's own count, lost samples included,
never summed up from what the resampler happened to return. Where sound is missing the resampler ends and
starts afresh behind a gap of exactly the missing length; between two openings of a lost device that length is
the time that passed by the monotonic clock. A source that stalled and was not opened again (a pipe) is given
a moment first: it may deliver all it had kept, and then nothing is missing.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Protocol

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from monitor.config.settings import CaptureConfig
from monitor.records import Block
from monitor.sources.clock import DeviceClock
from monitor.sources.converter import Converter, convert_index
from monitor.stream.channels import Downmix, invalid_rows

MIN_OVERFLOW_S = 0.02
"""A driver that reports lost input without saying how much: lateness below this is taken for jitter."""
MIN_STALL_S = 0.1
"""A source that stalled and is back within this of real time has lost nothing."""
SETTLE_S = 0.25
"""Seconds a source gets after a stall to deliver what it had kept."""


class RingWriter(Protocol):
    """The writing side of the ring."""

    @property
    def missing_len(self) -> int:
        """Samples that the reader wants and that are not there yet."""

    def write(self, samples: NDArray[np.float32], captured_s: float, wait: bool = False) -> None:
        """Append float32 (n,) whose last sample had been captured at `captured_s`."""

    def write_gap(self, length: int) -> None:
        """Advance by samples that were never delivered."""

    def mark_clipped(self, start: int, stop: int) -> None:
        """Note that the stream is clipped at [start, stop)."""

    def wake(self) -> None:
        """Let the reader look round, though nothing was written."""

    def close(self) -> None:
        """End the stream; a waiting writer gives up."""


class Ingest:
    """What becomes of a source's blocks. Used by one thread."""

    def __init__(
        self, ring: RingWriter, sample_rate: int, wait: bool, config: CaptureConfig | None = None
    ) -> None:
        """Write to `ring` at `sample_rate` Hz; with `wait`, block while it is full."""
        self._ring = ring
        self._config = config or CaptureConfig()
        self._name, self._source_id = "The source", ""
        self._sample_rate = sample_rate
        self._wait = wait
        self._source_rate = sample_rate
        self._live = False
        self._stream_len = 0  # written to the ring, gaps included
        self._origin = 0  # stream index of this opening's first sample
        self._position = 0  # device samples of this opening, lost ones included
        self._last_s: float | None = None  # when the sample before `_position` had been captured
        self._converter: Converter | None = None  # None until the first block of an opening
        self._downmix: Downmix | None = None  # None until the first block of an opening
        self._stretch_start = 0  # position at which the unbroken stretch began
        self._clock: DeviceClock | None = None
        self._anchor_s: float | None = None  # monotonic clock at stream index 0
        self._held: list[Block] | None = None  # after a stall: what came since, until it has settled
        self.overflow = 0
        """Times the driver reported lost input."""
        self.invalid = 0
        """Samples that were no sound and became 0."""
        self.first_invalid: int | None = None
        """Stream index of the first of them."""

    @property
    def clock_ppm(self) -> float | None:
        """Parts per million a live device is fast; None until a minute has passed."""
        return self._clock.ppm if self._clock else None

    @property
    def channels(self) -> str | None:
        """Which channels are not heard, and why; None where all are."""
        return None if self._downmix is None else self._downmix.note

    @property
    def mono(self) -> bool:
        """Whether the source has one channel."""
        return self._downmix is None or self._downmix.channels == 1

    def begin(self, source_rate: int, live: bool, name: str = "The source", source_id: str = "") -> None:
        """Expect blocks of a source that has just been opened, for the first time or again."""
        self.finish()
        self._name, self._source_id, self._downmix = name, source_id, None
        self._origin, self._position = self._index(), 0
        self._source_rate = source_rate
        self._live = live

    def stall(self) -> None:
        """Note that a live source delivers nothing; what it owes may come late, or never."""
        self._release()
        self._held = []

    def add(self, block: Block) -> None:
        """Pass one block on."""
        if self._held is None:
            self._pass_on(block)
            return
        self._held.append(block)
        if block.captured_s - self._held[0].captured_s >= SETTLE_S:
            self._release()

    def advance(self, away_s: float) -> None:
        """Count `away_s` seconds after the last block as a gap: a loss is told while it lasts."""
        away_len = round(away_s * self._sample_rate)
        if away_len <= 0 or self._held or self._last_s is None:
            return
        if self._converter is not None:  # it stalled, and what it kept would have come by now
            self.finish()
            self._origin, self._position = self._index(), 0
        gap = self._index() + away_len - self._stream_len
        if gap > 0:
            self._ring.write_gap(gap)
            self._stream_len += gap

    def finish(self) -> None:
        """Write what is still held back or inside the resampler: the source ended or went away."""
        self._release()
        if self._converter is not None and self._downmix is not None and self._last_s is not None:
            rest = self._converter.push(self._downmix.flush())
            self._mark_clipped(self._downmix)
            self._write(np.concatenate((rest, self._converter.flush())), self._last_s)
        self._converter = None

    def _release(self) -> None:
        """Pass on what came after a stall: where it belongs by the clock, if all of it is still behind."""
        held, self._held = self._held, None
        if not held:
            return
        if self._converter is not None and self._anchor_s is not None:
            arrived = accumulate(len(block.samples) + block.lost_len for block in held)
            start_s = min(  # as the promptest block has it
                block.captured_s - length / self._source_rate
                for block, length in zip(held, arrived, strict=True)
            )
            behind_s = start_s - self._anchor_s - self._index() / self._sample_rate
            if behind_s >= MIN_STALL_S:
                self._step_over(round(behind_s * self._source_rate))
        for block in held:
            self._pass_on(block)

    def _pass_on(self, block: Block) -> None:
        block_len = len(block.samples)
        if self._converter is None:
            self._start_opening(block.captured_s - (block_len + block.lost_len) / self._source_rate)
        self.overflow += block.overflow
        lost_len = block.lost_len or self._overflowed_len(block)
        if lost_len:
            self._step_over(lost_len)
        invalid = invalid_rows(block.samples)
        if len(invalid):
            self._count_invalid(invalid)
        downmix = self._downmix_of(block.samples.shape[1])
        self._position += block_len
        self._last_s = block.captured_s
        if self._clock is not None:
            self._clock.observe(self._position, block.captured_s)
        if self._converter is not None:
            ready = self._converter.push(downmix.push(block.samples))
            self._mark_clipped(downmix)
            late_s = self._converter.delay_s + downmix.waiting_len / self._source_rate
            self._write(ready, block.captured_s - late_s)

    def _downmix_of(self, channels: int) -> Downmix:
        if self._downmix is None:
            own = self._config.channels.get(self._source_id, self._config.channel)
            config = replace(self._config, channel=own)
            self._downmix = Downmix(self._name, self._source_rate, channels, config)
        return self._downmix

    def _mark_clipped(self, downmix: Downmix) -> None:
        for start, stop in downmix.take_clipped():
            self._ring.mark_clipped(
                self._index(self._stretch_start + start), self._index(self._stretch_start + stop)
            )

    def _start_opening(self, start_s: float) -> None:
        """Place the first sample of an opening, captured from `start_s` on, in the stream."""
        if self._anchor_s is None or self._last_s is None:
            self._anchor_s = start_s
        else:
            away_len = round((start_s - self._last_s) * self._sample_rate)
            self._origin = max(self._origin + away_len, self._stream_len + 1)
        self._restart()

    def _step_over(self, lost_len: int) -> None:
        """End the unbroken stretch and begin another `lost_len` device samples further on."""
        self.finish()
        self._position += lost_len
        self._restart()

    def _restart(self) -> None:
        gap = self._index() - self._stream_len
        if gap > 0:
            self._ring.write_gap(gap)
            self._stream_len += gap
        self._converter = Converter(self._source_rate, self._sample_rate)
        self._stretch_start = self._position
        self._clock = DeviceClock(self._source_rate) if self._live else None

    def _index(self, position: int | None = None) -> int:
        """Stream index of the device sample at `position`, of the next one if it is not given."""
        at = self._position if position is None else position
        return self._origin + convert_index(at, self._source_rate, self._sample_rate)

    def _overflowed_len(self, block: Block) -> int:
        """Estimate what the driver lost where it does not say: by how much the block is late."""
        if not block.overflow or self._clock is None:
            return 0
        late_s = self._clock.late_s(self._position + len(block.samples), block.captured_s)
        return round(late_s * self._source_rate) if late_s >= MIN_OVERFLOW_S else 0

    def _count_invalid(self, invalid: NDArray[np.intp]) -> None:
        if self.first_invalid is None:
            first = self._position + int(invalid[0])
            self.first_invalid = self._origin + convert_index(first, self._source_rate, self._sample_rate)
        self.invalid += len(invalid)

    def _write(self, samples: NDArray[np.float32], captured_s: float) -> None:
        if len(samples):
            self._ring.write(samples, captured_s, self._wait)
            self._stream_len += len(samples)
