"""Listening to a source for a moment, outside any run: what arrives, how loud, and whether it is heard."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.config.settings import Config
from monitor.errors import SourceLost
from monitor.records import LevelReading
from monitor.sources import Source
from monitor.sources.opened import FIRST_SOUND_S, RATE, OpenedSource, opened
from monitor.stream.hearing import Circumstances, Hearing, judge
from monitor.stream.level import LevelMeter
from monitor.units import SILENCE_DBFS, dbfs_to_power, power_to_dbfs


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
    """Measures what comes from an open source. Used by one thread."""

    def __init__(self, source: OpenedSource, config: Config, rate: int) -> None:
        level = msgspec.structs.replace(config.level, silent_after_s=min(1.0, config.level.silent_after_s))
        self._source = source
        self._meter = LevelMeter(rate, level)
        self._readings: list[LevelReading] = []
        self._pieces: list[NDArray[np.float32]] = []

    def step(self) -> list[LevelReading]:
        """Wait a moment for sound; return the levels that are new.

        Raises
        ------
        SourceLost
            The source went away, or has ended.
        """
        span = self._source.read()
        if span is None:
            if self._source.ended:
                raise SourceLost(self._source.status.reason or "it has ended")
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
        source = self._source.status
        now = Circumstances(
            source.state, source.reason, late=False, muted=False, kept_quiet=source.kept_quiet
        )
        loudest = max(levels, default=SILENCE_DBFS)
        return Heard(samples, power_to_dbfs(mean), loudest, judge(now, self._meter))


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
    with opened(source, config.capture, rate) as open_source:
        listener = Listener(open_source, config, rate)
        deadline_s = time.monotonic() + FIRST_SOUND_S + seconds
        wanted = round(seconds / config.level.tick_s)
        while wanted > 0:
            new = listener.step()
            wanted -= len(new)
            for reading in new:
                show(reading)
            if time.monotonic() > deadline_s:
                raise SourceLost("it is open and delivers no sound")
        return listener.heard
