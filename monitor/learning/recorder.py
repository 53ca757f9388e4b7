"""Examples from a source that is open: learns the place, waits for a sound, and ends each take by itself."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.config.settings import LevelConfig
from monitor.errors import SourceError, SourceLost
from monitor.learning.takes import (
    AROUND_S,
    LONGEST_S,
    TICK_S,
    Take,
    TakeFinder,
    cut_take,
    levels_of,
    share_of,
)
from monitor.sources.opened import FIRST_SOUND_S, OpenedSource
from monitor.stream.hearing import Circumstances, judge
from monitor.stream.level import LevelMeter
from monitor.units import SILENCE_DBFS, seconds_to_len

PLACE_S = 3.0
"""Of the place alone, before the first example."""
WAITS_S = 60.0
"""Seconds of sound in which nothing stands out, after which nothing is expected any more."""
_KEPT_S = 2 * AROUND_S + LONGEST_S + 5.0
_MOST_CLIPPED = 4096
"""Stretches that are remembered."""


class Moment(NamedTuple):
    """How it is at present, to be shown."""

    state: Literal["place", "waits", "sounds", "settles"]
    """Learning the place; waiting for a sound; hearing one; waiting for the end of a long one."""
    level_dbfs: float
    floor_dbfs: float
    left_s: float = 0.0
    """Of the place, seconds until it is known."""


class TakeRecorder:
    """Records examples one after the other. Used by one thread.

    Parameters
    ----------
    source
        Open, with sound at `rate` Hz; of one that is not live every sample is taken.
    show
        Told every tick how it is.
    tell
        Given a sentence where no sound arrives, with what to do, and one when it does again.
    """

    def __init__(
        self,
        source: OpenedSource,
        rate: int,
        origin: str,
        show: Callable[[Moment], None] = lambda _: None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.place: NDArray[np.float32] = np.zeros(0, np.float32)
        """What the place alone sounds like, float32 (n,)."""
        self._source = source
        self._rate = rate
        self._origin = origin
        self._show = show
        self._tell = tell
        self._meter = LevelMeter(rate, LevelConfig())
        self._unheard: str | None = None
        self._finder = TakeFinder()
        self._tick_len = seconds_to_len(TICK_S, rate)
        self._kept = np.zeros(0, np.float32)
        self._begin = 0  # stream index of the first sample that is kept
        self._measured = 0  # stream index up to which levels have been taken
        self._clipped: deque[tuple[int, int]] = deque(maxlen=_MOST_CLIPPED)
        self._ticks = self._levels()

    def learn_place(self) -> None:
        """Hear what the place does while nothing is expected; silence is a fault, and waited out.

        Raises
        ------
        SourceError
            The source brings no sound, ends, or goes away.
        """
        left = round(PLACE_S / TICK_S)
        for tick, level in enumerate(self._ticks):
            if level > SILENCE_DBFS:
                self._finder.learn(level)
                left -= 1
            self._show(Moment("place", level, self._finder.floor_dbfs, left * TICK_S))
            if not left:
                break
            if tick * TICK_S >= WAITS_S:
                raise SourceError(self._nothing())
        self.place = self._kept.copy()

    def take(self, stopped: Callable[[], bool] = lambda: False) -> Take | None:
        """Return the next sound that stands out; None: `stopped` said so meanwhile.

        Raises
        ------
        SourceError
            As `learn_place`, or nothing stood out for a minute.
        """
        self._finder.forget()
        waited = 0
        for level in self._ticks:
            if stopped():
                return None
            state = self._finder.hear(level)
            if state in {"over", "cut"}:
                take = self._cut(state == "cut")
                if state == "cut":
                    self._settle()
                return take
            self._show(Moment("waits" if state == "waits" else "sounds", level, self._finder.floor_dbfs))
            waited = waited + 1 if state == "waits" else 0
            if waited * TICK_S >= WAITS_S:
                break
        raise SourceError(self._nothing())

    def _settle(self) -> None:
        """Wait until what was cut has ended, so that it is not the next take as well."""
        quiet = 0
        for tick, level in enumerate(self._ticks):
            quiet = quiet + 1 if level < self._finder.begins_dbfs else 0
            if quiet * TICK_S >= 1.0 or tick * TICK_S >= WAITS_S:
                return
            self._show(Moment("settles", level, self._finder.floor_dbfs))

    def _cut(self, goes_on: bool) -> Take:
        """Return what was found last, with what is around it."""
        assert self._finder.found is not None  # noqa: S101 - it has just been
        offset = self._begin // self._tick_len
        first, last = (tick - offset for tick in self._finder.found)
        take = cut_take(self._kept, self._rate, (first, last), self._finder.floor_dbfs, self._origin)
        start, stop = ((offset + tick) * self._tick_len for tick in (first, last))
        clipped = share_of(self._clipped, start, stop)
        return msgspec.structs.replace(take, clipped=clipped, cut=goes_on)

    def _levels(self) -> Iterator[float]:
        """Yield the level of each tick as it comes; the end of the source is an error."""
        deadline_s = time.monotonic() + FIRST_SOUND_S
        while not self._source.ended:
            span = self._source.read()
            if span is None:
                if time.monotonic() > deadline_s:
                    raise SourceLost(f"{self._origin} is open and delivers no sound.")
                continue
            deadline_s = time.monotonic() + FIRST_SOUND_S
            self._clipped.extend(span.clipped)
            self._meter.push(span)
            self._tell_hearing()
            self._keep(span.samples)
            while self._begin + len(self._kept) >= self._measured + self._tick_len:
                at = self._measured - self._begin
                self._measured += self._tick_len
                yield float(levels_of(self._kept[at : at + self._tick_len], self._rate)[0])
        raise self._source.error or SourceError(f"{self._origin} has ended.")

    def _tell_hearing(self) -> None:
        """Say once, as a run does, that the source cannot be heard, and that it can again."""
        status = self._source.status
        state = "running" if status.state == "ended" else status.state  # what it brought is still being heard
        now = Circumstances(state, status.reason, late=False, muted=False, kept_quiet=status.kept_quiet)
        hearing = judge(now, self._meter)
        unheard = (hearing.reason or "nothing is heard") if hearing.state == "too_quiet" else None
        if unheard is not None and self._unheard is None:
            self._tell(f"{self._origin} is SILENT: {unheard}.")
        elif unheard is None and self._unheard is not None:
            self._tell(f"{self._origin} brings sound again.")
        self._unheard = unheard

    def _keep(self, samples: NDArray[np.float32]) -> None:
        """Keep what may be needed, from a whole tick on."""
        most = seconds_to_len(_KEPT_S, self._rate)
        self._kept = np.concatenate([self._kept, samples])
        excess = (len(self._kept) - most) // self._tick_len * self._tick_len
        if excess > 0:
            self._kept = self._kept[excess:]
            self._begin += excess

    def _nothing(self) -> str:
        if self._unheard is not None:
            return f"{self._origin} was SILENT for {WAITS_S:.0f} s: {self._unheard}."
        return (
            f"Nothing stood out from the place for {WAITS_S:.0f} s ({self._finder.floor_dbfs:.0f} dBFS at "
            f"{self._origin}); come nearer, raise the gain, or choose another microphone with --mic."
        )
