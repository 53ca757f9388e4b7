"""How names, times and reasons read: the wordings that lines and screen share.

Nothing is made safe for a terminal here: what comes over the wire is safe already (`bus/codec.py`), and
`LineSink` makes each line safe that it prints.
"""

from __future__ import annotations

import math
import platform
import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from monitor.bus.messages import Change, ClockStep, Health, HearingChange, SelfTest
from monitor.names import as_words
from monitor.records import UNLISTED, HearingState, NearMissReason, SourceState
from monitor.text import sanitise


class Wording(NamedTuple):
    """One reason, as it is said where there is much, some and little room."""

    phrase: str
    """Within a sentence."""
    label: str
    """At most 13 cells."""
    short: str = ""
    """At most 6 cells; of endings only."""


ENDED_BY = {
    "quiet": Wording("the sound ended", "ended", "ended"),
    "lost": Wording("the source was lost", "source lost", "lost"),
    "paused": Wording("the monitor was paused", "paused", "paused"),
    "muted": Wording("the class was muted", "muted", "muted"),
    "ended": Wording("the source ended", "source ended", "ended"),
    "stopped": Wording("the monitor was stopped", "stopped", "stop"),
    "recognised": Wording("a class was recognised in it", "recognised", "known"),
    "overlong": Wording("it goes on, but has lasted too long to be told as an event", "goes on", "on"),
    "failed": Wording("the monitor failed", "failed", "failed"),
    "gone": Wording("the monitor is gone", "monitor gone", "gone"),
    "unknown": Wording("its end was not seen", "end not seen", "?"),
}
"""Why an event is over. Concluded by who receives, never sent: `gone`: there is no monitor any more;
`unknown`: the monitor no longer reports it and its end was not received."""

NEAR_MISS: dict[NearMissReason, Wording] = {
    "below_threshold": Wording("its score stayed below the threshold", "below"),
    "not_confirmed": Wording("too few windows in a row agreed", "unconfirmed"),
    "cool_down": Wording("the class had only just been reported", "cool-down"),
    "muted": Wording("the class is muted", "muted"),
    "paused": Wording("the monitor is paused", "paused"),
    "corrected": Wording("lowered by your corrections", "corrected"),
}
"""Why something was not reported."""

NOT_TOLD: dict[NearMissReason, str] = {
    "below_threshold": "not sure enough",
    "not_confirmed": "too short",
    "cool_down": "only just told",
    "muted": "muted",
    "paused": "paused",
    "corrected": "said to be wrong",
}
"""The same in plain words, where there is little room."""

SOURCE_STATE: dict[SourceState, str] = {
    "starting": "starting",
    "running": "running",
    "silent": "SILENT",
    "lost": "LOST",
    "failing": "FAILING",
    "paused": "PAUSED",
    "ended": "ended",
}
"""What a source does; in capitals where nothing is heard that should be."""

HEARING: dict[HearingState, str] = {
    "good": "hears",
    "too_quiet": "TOO QUIET",
    "noisy": "NOISY",
    "overloaded": "OVERLOADED",
    "deaf": "DEAF",
}
"""Whether the monitor can hear; in capitals where it cannot, or not well."""


STOPPED = ENDED_BY["stopped"].phrase
"""Why a source has ended that the user stopped: no trouble."""


def hard_of_hearing(health: Health) -> bool:
    """Tell whether a source that runs is not heard, or not well."""
    return health.state == "running" and health.hearing != "good"


def after(change: HearingChange | None) -> str:
    """Return for how long it was otherwise, `` after 12 s``; nothing where that is not known."""
    if change is None:
        return ""
    minutes = change.before_s / 60.0
    long = f"{minutes:.0f} min" if minutes < 600.0 else f"{minutes / 60.0:.0f} h"
    return f" after {long if minutes >= 10.0 else _length(change.before_s)}"


def ended_by(reason: str) -> Wording:
    """Return why an event is over, also for a reason that a later version knows."""
    return ENDED_BY.get(reason, Wording(reason, reason, reason))


class Labelled(Protocol):
    """A record about one class."""

    @property
    def class_(self) -> str:
        """Its name in topics."""

    @property
    def label(self) -> str:
        """What the user calls it; empty: like its name in topics."""


def called(record: Labelled) -> str:
    """Return what the user calls the class of `record`, as words."""
    return spoken(record.label or record.class_)


def spoken(class_: str) -> str:
    """Return a class name as words."""
    return as_words(class_).strip() or "(no name)"


_NO_ARTICLE = re.compile(
    r"[^su]s\b|(ing|\b(speech|music|rain|wind|thunder|laughter|applause|water|traffic|noise|static|silence))$"
)
"""Plurals, doings and what cannot be counted."""
_VOWEL = re.compile(r"[aeio]|u(?!ni|k|s[ei]|ti)", re.IGNORECASE)


def hedged(name: str) -> str:
    """Return the words in which a sound is reported, ``may be a dog bark``."""
    words = spoken(name)
    if _NO_ARTICLE.search(words):
        return f"may be {words}"
    return f"may be {'an' if _VOWEL.match(words) else 'a'} {words}"


def together(names: Sequence[str], most: int = 4) -> str:
    """Return `names` with commas between, of more than `most` the first and how many there are more."""
    rest = len(names) - most + 1
    return ", ".join(names) if rest <= 1 else f"{', '.join(names[: most - 1])} and {rest} more"


def reported(record: Labelled) -> str:
    """Return the words in which an event is reported; what no network has heard is not hedged."""
    return called(record) if record.class_ in UNLISTED else hedged(record.label or record.class_)


def self_tested(test: SelfTest) -> str:
    """Return how a self-test is, as a sentence without its end."""
    why = f": {test.reason}" if test.reason else ""
    match test.state:
        case "testing":
            again = f" ({test.reason})" if test.reason else ""
            return f"self-test{again}: an alarm made by code sounds in a copy of what is heard"
        case "heard":
            return f"self-test: the alarm was heard after {test.heard_s or 0.0:.1f} s"
        case "passed":
            return f"self-test passed: the alarm was told after {test.alarm_s or 0.0:.1f} s"
        case "untested":
            return f"no self-test{why}"
    return f"self-test failed{why}"


def node_name(stated: str) -> str:
    """Return what this machine is called: as `stated`, else by its own name; safe for a terminal."""
    return sanitise(stated or platform.node())


def changed(change: Change) -> str:
    """Return what was changed, and by whom, as a sentence without its end."""
    name = spoken(change.class_ or "")
    match change.what:
        case "mute":
            text = f"{name} {'muted' if change.after else 'unmuted'}"
        case "pause":
            text = "paused" if change.after else "listening again"
        case "threshold":
            text = f"threshold of {name} changed from {_number(change.before)} to {_number(change.after)}"
        case "forget":
            text = "the background was forgotten"
        case "correct":
            text = f"{name} {_verdict(change)}"
    return f"{text} by {change.by}"


def _verdict(change: Change) -> str:
    """Return what was said of an event."""
    if change.after is None:
        return "no longer said to be right or wrong"
    said = "said to be right" if change.after else "said to be wrong"
    return f"{said}, it was {spoken(change.really)}" if change.really else said


def _number(value: float | None) -> str:
    """Return a value of a change; whoever publishes may have left it out."""
    return "?" if value is None else f"{value:g}"


def how_often(per_hour: float) -> str:
    """Return a rate, of something seldom by the day or the week."""
    if per_hour >= 0.1:
        return f"{per_hour:.6g}/h"
    by_day = 24 * per_hour
    return f"{by_day:.6g}/day" if by_day > 0.99 else f"{7 * by_day:.6g}/week"


_RATES = (
    (30.0, "every minute"), (4.0, "many an hour"), (1.4, "few an hour"), (0.6, "once an hour"),
    (0.12, "many a day"), (0.065, "twice a day"), (0.025, "once a day"), (0.0085, "few a week"),
    (0.003, "once a week"), (0.0007, "once a month"),
)  # fmt: skip
"""From so many times an hour on, in at most 12 cells."""


def seldom(score: float) -> str:
    """Return how often ordinary sound reaches a calibrated score, in words of at most 12 cells."""
    per_hour = 1.0 / min(max(score, 1e-9), 1.0) - 1.0
    return next((words for least, words in _RATES if per_hour >= least), "hardly ever")


_SURE = ((0.9, "very likely"), (0.6, "likely"), (0.0, "perhaps"))


def sureness(score: float) -> str:
    """Return how sure a score is, in words."""
    return next(words for least, words in _SURE if score >= least or not least)


_OFTEN, _SELDOM = 60.0, 1.0 / (24.0 * 30.0)
"""Times an hour: ends of the scale of `rarity`, once a minute and once a month."""


def over_background(snr_db: float) -> str:
    """Return how a sound stands out from the background."""
    return f"{snr_db:.0f} dB over the background" if snr_db >= 0.5 else "no louder than the background"


def snr(snr_db: float) -> str:
    """Return the same as a figure of a table; empty where it is below: by how much says nothing."""
    return f"{snr_db:+.0f}" if snr_db >= 0.0 else ""


def rarity(score: float) -> float:
    """Return how far a calibrated score has come from what ordinary sound does once a minute to once a month.

    In [0, 1], even steps for even factors: 1/score - 1 is how often an hour it gets there.
    """
    per_hour = 1.0 / min(max(score, 1e-9), 1.0 - 1e-9) - 1.0
    return min(max(math.log(_OFTEN / per_hour) / math.log(_OFTEN / _SELDOM), 0.0), 1.0)


def clock(time: datetime) -> str:
    """Return the time of day where the reader is."""
    return f"{time.astimezone():%H:%M:%S}"


def roughly(seconds: float) -> str:
    """Return a length of time in the largest unit that there are two of, ``90 s``, ``5 min``, ``36 h``."""
    for unit, length_s in (("d", 86_400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2.0 * length_s:
            return f"{seconds / length_s:.0f} {unit}"
    return f"{seconds:.0f} s"


_LONGEST_S = 3_599_999.9
"""What is longer than a thousand hours is not told exactly."""


def position(seconds: float) -> str:
    """Return a place in a recording, ``00:01:23.4``."""
    tenths = int(10.0 * min(_LONGEST_S, max(0.0, seconds)) + 1e-6)
    return f"{tenths // 36000:02d}:{tenths // 600 % 60:02d}:{tenths // 10 % 60:02d}.{tenths % 10}"


def moment(time: datetime, position_s: float | None) -> str:
    """Return where in a recording something was, or at what time of day where the reader is."""
    return clock(time) if position_s is None else position(position_s)


def day_and_zone(time: datetime) -> str:
    """Return the day where the reader is, and what times of day are counted from."""
    local = time.astimezone()
    offset = local.isoformat()[-6:]
    zone = "UTC" if offset == "+00:00" else f"UTC{offset}"
    name = local.tzname() or ""
    named = name.isalpha() and name != zone
    return f"{local:%A %Y-%m-%d}, times are {f'{name} ({zone})' if named else zone}"


def clock_set(step: ClockStep) -> str:
    """Return that the computer's clock was set, or that the machine slept, as one clause."""
    set_s = step.step_s - step.slept_s
    told = (
        [f"the computer slept for {_length(step.slept_s)} and heard nothing"] if step.slept_s >= 1.0 else []
    )
    if abs(set_s) >= 1.0 or not told:
        told.append(
            f"the computer's clock was set {'back' if set_s < 0 else 'forward'} by {_length(abs(set_s))}"
        )
    return "; ".join(told)


def _length(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 9.995 else f"{seconds:.0f} s"
