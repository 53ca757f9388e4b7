"""The sound around each event of one source, kept in memory until it is known whether it may be stored.

Laws: a clip is what was heard from `pre_s` before the onset to `post_s` after the offset, at most `max_s`
long, with silence where nothing was heard; with the speech filter on there is none of an event if any window
that overlaps it may hold speech, or was not looked at. That is decided on the whole before anything is cut.
"""

from __future__ import annotations

from collections import deque

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.bus.messages import Event
from monitor.config.settings import ClipsConfig
from monitor.pipeline.recent_sound import RecentSound
from monitor.records import Span, Window
from monitor.scoring.speech import SpeechFilter
from monitor.units import seconds_to_len

_DETECTION_S = 10.0
"""An event is told so much later than its onset at most: a window, and its confirmation."""


class Clip(msgspec.Struct, frozen=True):
    """What is to be stored of one event."""

    event: Event
    """Its offset, or its newest message."""
    samples: NDArray[np.float32]
    """float32 (n,), full scale +-1.0."""
    sample_rate: int


class _Open(msgspec.Struct):
    """An event whose clip is not complete."""

    event: Event
    start: int
    stop: int


class ClipRecorder:
    """Remembers what was heard, and hands out what an event is to keep.

    Parameters
    ----------
    sample_rate
        Hz of what is heard.
    config
        How much of it is kept.
    speech
        None: speech is kept too.
    """

    def __init__(self, sample_rate: int, config: ClipsConfig, speech: SpeechFilter | None) -> None:
        self.withheld = 0
        """Events of which nothing is kept, because there may be speech in it."""
        self._rate = sample_rate
        self._before, self._after, self._longest = (
            seconds_to_len(seconds, sample_rate) for seconds in (config.pre_s, config.post_s, config.max_s)
        )
        self._classes = frozenset(config.classes)
        self._speech = speech
        self._recent = RecentSound()
        self._windows: deque[tuple[int, int, bool]] = deque()  # windows, and whether they may hold speech
        self._open: dict[str, _Open] = {}

    def hear(self, span: Span) -> None:
        """Remember a span."""
        self._recent.hear(span)
        self._forget()

    def judge(self, window: Window, vector: NDArray[np.float32] | None, *, sound: bool = True) -> None:
        """Note whether a window may hold speech; without `vector` nobody knows, unless it has no `sound`."""
        if self._speech is not None:
            may_be = sound and (vector is None or self._speech.may_be_speech(vector))
            self._windows.append((window.start, window.stop, may_be))

    def follow(self, event: Event) -> None:
        """Take note of an onset, an update or an offset."""
        if self._classes and event.class_ not in self._classes:
            return
        if event.type == "onset":
            start = max(0, event.onset_sample - self._before)
            self._open[event.id] = _Open(event, start, start + self._longest)
        elif event.id in self._open:
            known = self._open[event.id]
            known.event = event
            if event.offset_sample is not None:
                known.stop = min(known.stop, event.offset_sample + self._after)

    def due(self, *, over: bool = False) -> list[Clip]:
        """Return the clips that are complete; `over`: nothing more will be heard, so that all are."""
        known = min(self._recent.stop, self._windows[-1][1]) if self._windows else self._recent.stop
        complete = [one for one in self._open.values() if over or known >= one.stop]
        clips = []
        for one in complete:
            del self._open[one.event.id]
            stop = min(one.stop, self._recent.stop)
            if self._may_hold_speech(one.start, stop):
                self.withheld += 1
            elif stop > one.start:
                clips.append(Clip(one.event, self._recent.cut(one.start, stop), self._rate))
        return clips

    def _may_hold_speech(self, start: int, stop: int) -> bool:
        if self._speech is None:
            return False
        seen = [(a, b, speech) for a, b, speech in self._windows if a < stop and b > start]
        return not seen or any(speech for _, _, speech in seen)

    def _forget(self) -> None:
        """Drop what no event can need any more."""
        oldest = self._recent.stop - self._before - seconds_to_len(_DETECTION_S, self._rate)
        first = min([oldest, *(one.start for one in self._open.values())])
        self._recent.forget(first)
        while self._windows and self._windows[0][1] <= first:
            self._windows.popleft()
