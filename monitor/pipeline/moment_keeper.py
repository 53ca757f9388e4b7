"""What the windows of one source sounded like to the model, kept for later: of events some, or of all.

Of an event those windows stay that are most surely of it: with the highest scores of its class, of a loud
sound the loudest; no two of them mostly the same sound. The pipeline copies an embedding and goes on;
`storage/moments` is written by a thread of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.bus.messages import Event
from monitor.pipeline.reporter import Context, Stream
from monitor.records import LOUD_SOUND, Moment, Window
from monitor.storage.moments import OfEvent

PER_EVENT = 4
"""Windows of an event that are kept at most."""
MOST_EVENTS = 200
"""Events of this run that are known while it lasts; more, and the oldest are in the memory only."""
ALIKE = 0.9
"""Cosine from which on a window is like the one that was kept last: it brings nothing new."""
_RECENT = 24
"""Windows that an event may be told later than it began: six seconds, with four a second."""
_LOUD_DB = 6.0
"""A window that is so much less loud than the loudest of a loud sound is not surely of it."""


class _Heard(msgspec.Struct, frozen=True):
    start: int
    stop: int
    moment: Moment


class _Interval(Protocol):
    @property
    def start(self) -> int: ...
    @property
    def stop(self) -> int: ...


AnyHeard = TypeVar("AnyHeard", bound=_Interval)


class _Known(msgspec.Struct):
    """An event of this run and its best windows so far."""

    event: Event
    best: list[_Heard]
    is_new: bool = True

    def worth(self, heard: _Heard) -> float | None:
        """Return how surely a window is of the event; None: it is not."""
        start, stop = self.event.onset_sample, self.event.offset_sample
        if heard.stop < start or (stop is not None and heard.start >= stop):
            return None
        if self.event.class_ == LOUD_SOUND:
            return heard.moment.level_dbfs
        value = heard.moment.scores.get(self.event.class_, 0.0)
        return value if value >= self.event.threshold else None

    def choose(self, windows: Iterable[_Heard]) -> None:
        """Keep the best of `windows`; of a loud sound those about as loud as the loudest."""
        rated = [(value, heard) for heard in windows if (value := self.worth(heard)) is not None]
        loudest = max((value for value, _ in rated), default=0.0) - _LOUD_DB
        least = loudest if self.event.class_ == LOUD_SOUND else 0.0
        self.best = best_windows([one for one in rated if one[0] >= least])

    @property
    def moments(self) -> list[Moment]:
        """The best windows, oldest first."""
        id_, class_ = self.event.id, self.event.class_
        ordered = sorted(self.best, key=lambda one: one.start)
        return [msgspec.structs.replace(one.moment, event_id=id_, class_=class_) for one in ordered]


class MomentKeeper:
    """Keeps moments of one source.

    Parameters
    ----------
    stream
        The source.
    put
        Takes what is to be written, at once; None: nothing is, and events are known while the run lasts.
    every
        Whether windows of no event are kept too.
    """

    def __init__(
        self, stream: Stream, put: Callable[[OfEvent], None] | None = None, every: bool = False
    ) -> None:
        self.stream = stream
        self._put = put
        self._every = every
        self._recent: deque[_Heard] = deque(maxlen=_RECENT)
        self._events: dict[str, _Known] = {}
        self._open: dict[str, _Known] = {}
        self._last: NDArray[np.float32] | None = None

    @property
    def lasting(self) -> bool:
        """Whether what is kept outlives the run."""
        return self._put is not None

    def event(self, event_id: str | None) -> Event | None:
        """Return an event of this run, the last for None; None: it is not known, or not any more."""
        known = self._known(event_id)
        return None if known is None else known.event

    def moments(self, event_id: str) -> list[Moment]:
        """Return what is kept of an event of this run."""
        known = self._known(event_id)
        return [] if known is None else known.moments

    def hear(self, window: Window, vector: NDArray[np.float32], context: Context, time: datetime) -> None:
        """Take in a window that was scored; it began at `time`."""
        moment = Moment(
            source_id=self.stream.source_id,
            model=self.stream.model,
            time=time,
            vector=vector.astype(np.float16),
            scores=context.score.values,
            level_dbfs=round(context.level.level_dbfs, 1),
            floor_dbfs=round(context.level.floor_dbfs, 1),
        )
        heard = _Heard(window.start, window.stop, moment)
        self._recent.append(heard)
        for known in self._open.values():
            known.choose([*known.best, heard])
            if known.is_new:  # it may be said to be wrong, or learnt from, while it lasts
                known.is_new = False
                self._write(known)
        if self._every and self._put is not None and self._is_other(vector):
            self._last = vector
            self._put(OfEvent("", [moment]))

    def follow(self, event: Event) -> Event:
        """Take note of an onset, an update or an offset, and return it as it is."""
        known = self._open.get(event.id)
        if known is None:
            known = self._begin(event)
        known.event = event
        if event.type == "offset":
            known.choose(known.best)
            self._write(known)
            self._open.pop(event.id, None)
        return event

    def _begin(self, event: Event) -> _Known:
        known = self._open[event.id] = self._events[event.id] = _Known(event, [])
        known.choose(self._recent)
        if len(self._events) > MOST_EVENTS:
            del self._events[next(iter(self._events))]
        return known

    def _known(self, event_id: str | None) -> _Known | None:
        if event_id is None:
            return next(reversed(self._events.values()), None)
        return self._events.get(event_id)

    def _write(self, known: _Known) -> None:
        if self._put is not None and known.best:
            self._put(OfEvent(known.event.id, known.moments))

    def _is_other(self, vector: NDArray[np.float32]) -> bool:
        return self._last is None or float(vector @ self._last) < ALIKE


def best_windows(rated: Iterable[tuple[float, AnyHeard]]) -> list[AnyHeard]:
    """Return the best windows, best first, no two of which have more than half of their sound in common."""
    best: list[AnyHeard] = []
    for _, heard in sorted(rated, key=lambda one: -one[0]):
        half = (heard.stop - heard.start) // 2
        if len(best) < PER_EVENT and all(abs(heard.start - one.start) >= half for one in best):
            best.append(heard)
    return best
