"""The loudest moments that no event explains: the first half of "why did nothing fire". Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.bus.messages import Event, Level, ScoresMessage

LOUD_DB = 6.0
"""What stands out by less is not worth a word."""

STEP_S = 10.0
"""Of each such stretch of sound the loudest moment is remembered."""

KEPT = 360
"""Moments remembered: at least the last hour."""

_BESIDE_S = 1.0
"""A moment so near to an event belongs to it."""


@dataclass(frozen=True, slots=True)
class LoudMoment:
    """A moment that stood out from the background."""

    time: datetime
    sample: int
    seen_s: float
    """Clock of this program, seconds."""
    snr_db: float
    level_dbfs: float
    like: str = ""
    """The unlisted sound that it resembled most; empty: not known."""


Moments = tuple[LoudMoment, ...]
"""Oldest first."""


def with_level(moments: Moments, level: Level, rate: int, now_s: float) -> Moments:
    """Return `moments` after `level`, heard while nothing sounded that has a name."""
    if level.snr_db < LOUD_DB or level.activity == "silent":
        return moments
    moment = LoudMoment(level.time, level.sample, now_s, level.snr_db, level.level_dbfs)
    if moments and 0 <= level.sample - moments[-1].sample < STEP_S * rate:
        return (*moments[:-1], moment) if level.snr_db > moments[-1].snr_db else moments
    return (*moments, moment)[-KEPT:]


def with_scores(moments: Moments, scores: ScoresMessage) -> Moments:
    """Return `moments`, the newest with what it was like if its window is that of `scores`."""
    if moments and scores.other and scores.start <= moments[-1].sample < scores.stop:
        return (*moments[:-1], replace(moments[-1], like=scores.other))
    return moments


def without(moments: Moments, event: Event) -> Moments:
    """Return `moments` without those that `event` explains."""
    beside = round(_BESIDE_S * event.sample_rate)
    start = event.onset_sample - beside
    stop = None if event.offset_sample is None else event.offset_sample + beside
    return tuple(one for one in moments if one.sample < start or (stop is not None and one.sample >= stop))


def loudest(moments: Sequence[LoudMoment], since_s: float) -> LoudMoment | None:
    """Return the one that stood out most since `since_s`, clock of this program."""
    recent = [one for one in moments if one.seen_s >= since_s]
    return max(recent, key=lambda one: one.snr_db, default=None)
