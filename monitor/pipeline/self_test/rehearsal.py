"""One try of a self-test: an alarm is mixed into a copy of what a source hears, for a copy of its line.

The copy has the same encoder, the same batch and the same settings, and a ring, a background and a detector
of its own: what is heard live is neither delayed by it nor changed. It has no companions: the pattern in
which an alarm beeps is not looked at, so that the network has to recognise it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from monitor.bus.messages import Event, PublishedRecord
from monitor.pipeline.pipeline import Pipeline
from monitor.pipeline.reporter import Clock
from monitor.pipeline.self_test.alarm import heard_alarm
from monitor.pipeline.stages import Stages
from monitor.records import SelfTestState, Span
from monitor.sinks import Sink
from monitor.sources.made_alarm import ALONE_DBFS, BEFORE_S, LASTS_S, OVER_DB, alarm_samples
from monitor.stream.ring import Ring
from monitor.units import mean_power, power_to_dbfs, seconds_to_len

MakeCopy = Callable[[Ring, Sink], Pipeline]
"""Returns a copy of a source's line, that reads the ring and tells the sink."""
StagesFor = Callable[[NDArray[np.float32]], Stages]
"""Returns stages that listen for the alarm, in a place whose background has this mean, float32 (d,)."""
_LATE_S = 4.0
"""Seconds after the alarm in which it may still be heard."""
_STARVED_S = 20.0
"""A source that takes longer for the seconds before the alarm delivers too little."""
_PLACE_PERCENTILE = 50.0
_QUIETEST_DBFS, _LOUDEST_DBFS = -60.0, -15.0
"""RMS level of the alarm: never so soft that a converter's noise hides it, never at full scale."""


class Rehearsal:
    """One try; also the `Sink` of the copy.

    Parameters
    ----------
    make
        Makes the copy.
    sample_rate
        Hz of what is heard.
    arrived
        Set when there is something for the copy to read.
    """

    def __init__(self, make: MakeCopy, sample_rate: int, arrived: threading.Event, clock: Clock) -> None:
        self._ring = Ring(seconds_to_len(2.0 * (BEFORE_S + LASTS_S), sample_rate), arrived)
        self._rate = sample_rate
        self._clock = clock
        self._begun_s = clock.monotonic()
        self._start = seconds_to_len(BEFORE_S, sample_rate)
        self._heard = 0
        self._levels: list[float] = []
        self._gain: float | None = None
        self._lost = False
        self._began_s: float | None = None
        self.copy = make(self._ring, self)
        """Steps beside the live line."""
        self.event: Event | None = None
        """The onset of the alarm."""
        self.heard_s: float | None = None
        """From the first sample of the alarm to its recognition."""

    @property
    def began_s(self) -> float:
        """Monotonic clock, seconds, when the first sample of the alarm was captured."""
        return self._begun_s if self._began_s is None else self._began_s

    def hear(self, piece: Span) -> None:
        """Take in a piece of live sound, and hand it to the copy with as much of the alarm as is due."""
        self._lost |= piece.discontinuous and self._heard > 0
        start, stop = self._heard, self._heard + len(piece.samples)
        self._heard = stop
        if stop <= self._start:
            self._levels.append(power_to_dbfs(mean_power(piece.samples)))
        elif self._began_s is None:
            self._began_s = piece.captured_s - (stop - self._start) / self._rate
        self._ring.write(self._mixed(piece.samples, start, stop), piece.captured_s)

    def emit(self, record: PublishedRecord) -> None:
        """Take note of the first onset."""
        if self.event is None and (event := heard_alarm(record)):
            self.event, self.heard_s = event, round(self._clock.monotonic() - self.began_s, 3)

    def close(self) -> None:
        """Take no more sound."""
        self._ring.close()

    def fault(self) -> tuple[SelfTestState, str] | None:
        """Return why the alarm is not heard, or was not to be; None: it was, or still may be."""
        now_s = self._clock.monotonic()
        if self._lost:
            return "untested", "sound of it was lost meanwhile"
        if self.event is not None:
            early = self._began_s is None or self.event.onset_sample <= self._start - self.copy.hop_len
            return ("untested", "it sounded like an alarm before the test alarm began") if early else None
        if self._began_s is None:
            starved = now_s - self._begun_s > _STARVED_S
            return ("untested", f"it delivered less than {BEFORE_S:.0f} s of sound") if starved else None
        if now_s - self._began_s <= LASTS_S + _LATE_S:
            return None
        return "failed", f"a smoke alarm, {self._over_db():.0f} dB over the background, was not heard"

    def _over_db(self) -> float:
        return self._level_dbfs() - self._place_dbfs()

    def _place_dbfs(self) -> float:
        return float(np.percentile(self._levels, _PLACE_PERCENTILE)) if self._levels else _QUIETEST_DBFS

    def _level_dbfs(self) -> float:
        return float(np.clip(self._place_dbfs() + OVER_DB, _QUIETEST_DBFS, _LOUDEST_DBFS))

    def _mixed(self, samples: NDArray[np.float32], start: int, stop: int) -> NDArray[np.float32]:
        """Return [start, stop) of what the copy hears."""
        alarm = alarm_samples(self._rate)
        first, last = max(start, self._start), min(stop, self._start + len(alarm))
        if first >= last:
            return samples
        if self._gain is None:
            self._gain = 10.0 ** ((self._level_dbfs() - ALONE_DBFS) / 20.0)
        mixed = samples.copy()
        part = alarm[first - self._start : last - self._start]
        mixed[first - start : last - start] += np.float32(self._gain) * part
        return np.clip(mixed, -1.0, 1.0)
