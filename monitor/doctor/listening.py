"""Listening to a source for a moment, outside any run: what arrives, how loud, and whether it is heard."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.config.settings import Config
from monitor.errors import SourceLost
from monitor.records import LevelReading
from monitor.sources import Source
from monitor.sources.capture import Capture
from monitor.stream.hearing import Circumstances, Hearing, judge
from monitor.stream.level import LevelMeter
from monitor.stream.ring import Ring
from monitor.units import SILENCE_DBFS, dbfs_to_power, power_to_dbfs

RATE = 16_000
"""Hz at which it is measured where nothing else is asked for."""
_FIRST_SOUND_S = 5.0
"""A source that has opened and brought nothing for so long brings nothing."""
_STEP_S = 0.1
_RING_S = 10


class Heard(msgspec.Struct, frozen=True):
    """What came from a source within a moment."""

    samples: NDArray[np.float32]
    """float32 (n,), full scale +-1.0."""
    level_dbfs: float
    """Mean level."""
    loudest_dbfs: float
    """Of the loudest tenth of a second."""
    hearing: Hearing


class Listener:
    """A source that is open, measured as it comes. Used by one thread."""

    def __init__(self, source: Source, config: Config, rate: int = RATE) -> None:
        level = msgspec.structs.replace(config.level, silent_after_s=min(1.0, config.level.silent_after_s))
        required = msgspec.structs.replace(config.capture, require=True)
        self._ring = Ring(_RING_S * rate)
        self._capture = Capture(source, self._ring, rate, required, wait=not source.live)
        self._meter = LevelMeter(rate, level)
        self._rate = rate
        self._readings: list[LevelReading] = []
        self._pieces: list[NDArray[np.float32]] = []

    def open(self) -> None:
        """Open the source.

        Raises
        ------
        SourceError
            It cannot be opened.
        """
        self._capture.start()

    def step(self) -> list[LevelReading]:
        """Wait a moment for sound; return the levels that are new.

        Raises
        ------
        SourceLost
            The source went away.
        """
        span = self._ring.read(self._rate, _STEP_S)
        if span is None:
            status = self._capture.status
            if status.state not in {"starting", "running"}:
                raise SourceLost(status.reason or "it has ended")
            return []
        self._pieces.append(span.samples)
        new = self._meter.push(span)
        self._readings += new
        return new

    @property
    def heard(self) -> Heard:
        """What has come so far."""
        levels = [reading.level_dbfs for reading in self._readings]
        mean = sum(map(dbfs_to_power, levels)) / len(levels) if levels else 0.0
        samples = np.concatenate(self._pieces) if self._pieces else np.zeros(0, np.float32)
        source = self._capture.status
        now = Circumstances(source.state, source.reason, late=False, muted=False)
        loudest = max(levels, default=SILENCE_DBFS)
        return Heard(samples, power_to_dbfs(mean), loudest, judge(now, self._meter))

    def close(self) -> None:
        """End it, also when the driver hangs."""
        self._capture.stop()


@contextmanager
def opened(source: Source, config: Config, rate: int = RATE) -> Iterator[Listener]:
    """Open `source` and close it again.

    Raises
    ------
    SourceError
        It cannot be opened.
    """
    listener = Listener(source, config, rate)
    try:
        listener.open()
        yield listener
    finally:
        listener.close()


def listen(
    source: Source,
    config: Config,
    seconds: float,
    show: Callable[[LevelReading], None] = lambda _: None,
    rate: int = RATE,
) -> Heard:
    """Listen to `source` for `seconds` of sound.

    Parameters
    ----------
    show
        Given each level as it comes.
    rate
        Hz of the sound that is returned.

    Raises
    ------
    SourceError
        It cannot be opened, or goes away.
    """
    with opened(source, config, rate) as listener:
        deadline_s = time.monotonic() + _FIRST_SOUND_S + seconds
        wanted = round(seconds / config.level.tick_s)
        while wanted > 0:
            new = listener.step()
            wanted -= len(new)
            for reading in new:
                show(reading)
            if time.monotonic() > deadline_s:
                raise SourceLost("it is open and delivers no sound")
        return listener.heard
