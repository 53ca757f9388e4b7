"""A loud sound that nothing recognises: something happened, whatever it was. Pure.

::

              loud for `LEAST_S`, and `WAIT_S` have passed without a listed class
      quiet ----------------------------------------------------------------------> sounding
        ^                                                                              |
        +------------------------------------------------------------------------------+
                        not loud for `QUIET_S`, recognised after all, or `end`

Loud is what is `loud_sound_db` over the noise floor. It looks on: detectors, thresholds and background do not
know of it. What a listed class heard in, muted or not, is not unrecognised: heard while it was loud or right
after, not in another sound that followed it.

Laws: onset and offset alternate; every onset has an offset once `end` is called; between two onsets lie at
least `loud_sound_every_s`.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from monitor.config.settings import DetectorConfig
from monitor.detection.detector import Detector
from monitor.names import as_words
from monitor.records import LOUD_SOUND, LevelReading, Transition, TransitionType, UnlistedSound, WindowScores

LEAST_S = 0.2
"""So much of it is loud; a click is not."""
WAIT_S = 1.5
"""So long a listed class may take to be recognised, from when it was loud first."""
QUIET_S = 1.5
"""It has ended when nothing was loud for so long."""
APART_S = 0.75
"""What is loud after such a pause is another sound, to which alone belongs what is recognised then; and what
is recognised so long after anything was loud does not belong to that."""
_NOTHING = "silence"
"""A phrase that no loud sound is like."""


class _Part(msgspec.Struct, frozen=True):
    """What had been loud before a pause."""

    stop: int
    loud_len: int
    loudest: LevelReading


class _Loud(msgspec.Struct):
    """What is loud at present."""

    start: int
    stop: int
    """Stream index after the last loud moment."""
    loud_len: int
    loudest: LevelReading
    like: str = ""
    share: float = 0.0
    scored: bool = False
    recognised: bool = False
    told: bool = False
    """Whether there was an onset."""
    before: _Part | None = None
    """All up to the last pause of `APART_S`."""
    resumed: int = 0
    """Stream index where it was loud again after that."""


class LoudSounds:
    """Watches one source for what is loud and not recognised."""

    def __init__(
        self, config: DetectorConfig, sample_rate: int, tick_s: float, classes: Sequence[str] = ()
    ) -> None:
        """Take ticks of `tick_s` seconds and the scores of windows, in the order of the stream.

        Who lists a class of the same name means that one: then nothing is told here.
        """
        self._least_db = 0.0 if LOUD_SOUND in classes else config.loud_sound_db
        self._tick_len = round(tick_s * sample_rate)
        self._least_len = round(LEAST_S * sample_rate)
        self._wait_len = round(WAIT_S * sample_rate)
        self._quiet_len = round(QUIET_S * sample_rate)
        self._apart_len = round(APART_S * sample_rate)
        self._every_len = round(config.loud_sound_every_s * sample_rate)
        self._now: _Loud | None = None
        self._last_stop = 0  # stream index up to which windows were judged
        self._next = 0  # stream index from which on another may begin

    def hear(self, tick: LevelReading) -> None:
        """Take in the level of the last tick; nothing is loud before the floor is known."""
        if not (self._least_db and tick.floor_known and tick.snr_db >= self._least_db):
            return
        now = self._now
        if now is None:
            self._now = _Loud(tick.stop - self._tick_len, tick.stop, self._tick_len, tick)
            return
        begin = tick.stop - self._tick_len
        if begin - now.stop >= self._apart_len:
            now.before, now.resumed = _Part(now.stop, now.loud_len, now.loudest), begin
        now.stop, now.loud_len = tick.stop, now.loud_len + self._tick_len
        now.loudest = max(now.loudest, tick, key=lambda one: one.level_dbfs)

    def judge(self, score: WindowScores, detector: Detector) -> list[UnlistedSound]:
        """Take in the scores of a window, after `detector`; return what is told."""
        new, self._last_stop = max(score.start, self._last_stop), score.stop
        now = self._now
        if now is None:
            return []
        if score.start < now.stop:
            now.scored = True
            if _recognised(score, detector) and (another := self._recognise(now, new, score.stop)):
                return another
            if not now.told and score.other_score >= now.share:
                now.like, now.share = score.other, score.other_score
        if now.told and now.recognised:
            return self.end("recognised", score.stop)
        if score.stop - now.stop >= self._quiet_len:
            return self.end("quiet", score.stop)
        waited = score.stop - now.start >= self._wait_len
        return [self._begin(now, score.stop)] if waited and self._is_worth(now) else []

    def end(self, reason: str, stop: int) -> list[UnlistedSound]:
        """Close what is loud at stream index `stop`, for `reason`; tell it first if there was no time to."""
        now, self._now = self._now, None
        if now is None:
            return []
        found = [self._begin(now, stop)] if self._is_worth(now) else []
        return [*found, _told("offset", now, stop, reason)] if now.told else []

    def _recognise(self, now: _Loud, new: int, stop: int) -> list[UnlistedSound]:
        """Take in that a class is in `new` to `stop`; return what is told if it is not in all of it."""
        before = now.before
        if before is None or now.recognised or stop <= now.resumed:
            loud_up_to = now.stop if before is None or stop > now.resumed else before.stop
            now.recognised |= new - loud_up_to < self._apart_len
            return []
        if new - now.stop >= self._apart_len:
            return []
        now.stop, now.loud_len, now.loudest = before.stop, before.loud_len, before.loudest
        return self.end("quiet", stop)

    def _is_worth(self, now: _Loud) -> bool:
        unknown = now.scored and not now.recognised and not now.told
        return unknown and now.start >= self._next and now.loud_len >= self._least_len

    def _begin(self, now: _Loud, stop: int) -> UnlistedSound:
        now.told = True
        self._next = now.start + self._every_len
        return _told("onset", now, stop)


def _recognised(score: WindowScores, detector: Detector) -> bool:
    """Return whether a listed class is in it; where all are muted nobody wants to know what is not."""
    rules = detector.rules
    scored = any(value >= rules[name].onset_threshold for name, value in score.values.items())
    muted = bool(rules) and len(detector.muted) == len(rules)
    return scored or muted or bool(detector.open or detector.overlong)


def _told(type_: TransitionType, now: _Loud, stop: int, reason: str | None = None) -> UnlistedSound:
    change = Transition(
        type=type_,
        class_=LOUD_SOUND,
        onset_sample=now.start,
        offset_sample=None if reason is None else now.stop,
        stop=stop,
        score=now.share,
        peak_score=now.share,
        threshold=0.0,
        ended_by=reason,
    )
    known = now.like and now.like != _NOTHING
    return UnlistedSound(change, now.loudest, as_words(LOUD_SOUND) + (f", like {now.like}" if known else ""))
