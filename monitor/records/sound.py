"""The way of sound: blocks, what the capture thread knows, spans, windows, levels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from monitor.records.kinds import Activity

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Block(msgspec.Struct, frozen=True):
    """What a driver, a file or a pipe delivered at once."""

    samples: NDArray[np.float32]
    """float32 (n, channels), full scale +-1.0, at the source's own rate; NaN and infinity possible."""
    captured_s: float
    """Monotonic clock, seconds, when the last sample of the block had been captured."""
    lost_len: int = 0
    """Samples known to be lost before this block, at the source's own rate."""
    overflow: bool = False
    """The driver reported lost input before or inside this block."""
    next_due_s: float | None = None
    """Monotonic clock, seconds, when more is due of a source that delivers in bursts; None: at once."""
    warning: str | None = None
    """What seems wrong with the source, in words for the user; empty: nothing any more; None: nothing new."""
    kept_quiet: str | None = None
    """Who lets no sound through, and what to do, in words for the user; empty, None: as with `warning`."""


class CaptureStatus(msgspec.Struct, frozen=True):
    """What the capture thread knows about its source."""

    state: Literal["starting", "running", "lost", "ended"]
    reason: str | None
    """Why the source is lost or how it ended, in words for the user."""
    device_sample_rate: int
    """Hz the source delivers; 0 until opened."""
    overflow: int
    """Times the driver reported lost input."""
    invalid: int
    """Samples that were not numbers or far beyond full scale, and were replaced by 0."""
    reopened: int
    """Times a lost source came back."""
    clock_ppm: float | None
    """Device clock against the monotonic clock, parts per million; None until a minute has passed."""
    channels: str | None = None
    """Which channels are not heard, and why, in words for the user; None where all are."""
    next_due_s: float | None = None
    """Monotonic clock, seconds, when more is due of a source that delivers in bursts; None: at once."""
    warning: str | None = None
    """What seems wrong with what it delivers, in words for the user; None if nothing."""
    kept_quiet: str | None = None
    """Who lets no sound through, and what to do, in words for the user; None: nobody is known to."""
    source_id: str | None = None
    """Stable identity of what was opened last; None until then: it is known by what was asked for."""


class RingCounters(msgspec.Struct, frozen=True):
    """Where every sample of the stream is, in samples."""

    captured: int
    """Stream position: samples written and gaps, since the start."""
    pending: int
    """Not yet read."""
    overwritten: int
    """Lost because nobody read them in time."""
    gap: int
    """Never delivered by the source."""


class Span(msgspec.Struct, frozen=True):
    """Consecutive samples read from the ring."""

    start: int
    """Stream index of the first sample."""
    samples: NDArray[np.float32]
    """float32 (n,), full scale +-1.0, at the analysis rate, read-only."""
    discontinuous: bool
    """True when samples between the span before and this one were lost."""
    captured_s: float
    """Monotonic clock, seconds, when the last sample had been captured."""
    clipped: tuple[tuple[int, int], ...] = ()
    """Stretches of stream indices, half open, in which a channel that is heard was at full scale."""


class Stretch(msgspec.Struct, frozen=True, eq=False, weakref=True):
    """An uninterrupted stretch of one stream: each of its sample indices has one sample, for ever."""


class Window(msgspec.Struct, frozen=True):
    """One analysis span of the stream."""

    start: int
    """Stream index of the first sample, half-open interval [start, stop); also where zeros stand for it."""
    samples: NDArray[np.float32]
    """float32 (window_len,), full scale +-1.0, read-only; zeros where there is no sample."""
    discontinuous: bool
    """True for the first window after a discontinuity and for the first of the stream."""
    hop_len: int
    """How many samples this window is the first to analyse."""
    captured_s: float
    """Monotonic clock, seconds, when its last sample had been captured."""
    before: int = 0
    """How many zeros stand before the first sample of the stretch."""
    behind: int = 0
    """How many stand behind its last."""
    stretch: Stretch | None = None
    """What it was cut from, unaltered: where two windows of one stretch overlap, they hold the same samples.
    None: it shares nothing with another window."""

    @property
    def stop(self) -> int:
        """Stream index after the last sample that there was."""
        return self.start + len(self.samples) - self.behind

    @property
    def whole(self) -> bool:
        """False when zeros stand for samples that never were."""
        return not (self.before or self.behind)


class Stall(msgspec.Struct, frozen=True):
    """Why sound is not analysed although it arrives."""

    reason: str
    """In words for the user."""
    lasts_s: float
    """Seconds since the last window that was analysed as it should be."""


class LevelReading(msgspec.Struct, frozen=True):
    """What the level meter knows about the last moment."""

    stop: int
    """Stream index after the last sample measured."""
    level_dbfs: float
    """Mean-square level, dB re full scale, at least -120."""
    peak_dbfs: float
    """Largest magnitude, dB re full scale, at least -120."""
    floor_dbfs: float
    """Rolling noise floor, dB re full scale."""
    snr_db: float
    """Level over floor, the floor's own power subtracted, dB, within [-20, 80]."""
    activity: Activity
    bands_dbfs: list[float]
    """Levels of mel-spaced bands, low to high, dB re full scale: a coarse spectrogram, not sound."""
    floor_known: bool = True
    """Whether the floor rests on sound that has lasted."""
