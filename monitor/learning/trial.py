"""Is a new version no worse than the one before? Both are tried on the same sound; what is worse is not kept.

A version is what gives embeddings their scores: the words alone, the words with examples, a model with an
adapter. It is tried on three things, none of which it may have learnt from:

- *sound it should find*: examples or curated pairs that were left out;
- *ordinary sound*: a part of the model's cohort on which its scores were not fitted. How far that gets
  towards each class, by the tails of `scoring/cohort.py`, is how many false alarms an hour are expected;
- *alarms made by code* (`made_alarms.py`): what is urgent must still be found, and nothing else fire on it.

Not worse means: no alarm is lost, and no further class fires on one; no more false alarms than a tenth more,
nor twice as many of one class; no less of the left-out sound is found, all classes together, and of no class
so much less that chance does not explain it (a sign test). Where a model said what the left-out sound is,
only such a loss counts, also of all. A class that is taught changes itself alone: only its own false alarms
count, and three times what it is allowed are not too many. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.learning.made_alarms import MadeAlarm
from monitor.records import Cohort
from monitor.scoring.cohort import EXCESS, fit_tails

Version = Callable[[NDArray[np.float32]], NDArray[np.float64]]
"""From embeddings, float32 (n, d), unit norm, to the log-odds of the scores of k classes, float64 (n, k)."""

SAME_WORDS, OTHER_WORDS = 0.6, 0.45
"""A class whose words are at least so near those of an alarm, the first, is that alarm; one below the second
is another sound, and must not fire on it. In the box smoke and carbon monoxide alarm are .79 alike."""
MORE_FALSE_ALARMS = 1.1
"""Of all classes together, times as many as before: more is worse."""
MORE_OF_ONE_CLASS = 2.0
MORE_OF_TAUGHT = 3.0
"""Times as many of the class that is taught as its words alone give, or as it is allowed if that is more."""
_FEW_PER_HOUR = 0.2
"""So many more an hour are never worse: in a few hundred sounds they cannot be told from none."""
_CHANCE = 0.05


class LeftOut(msgspec.Struct, frozen=True):
    """Sound that both versions should find, and neither has learnt from."""

    vectors: NDArray[np.float32]
    """float32 (n, d), unit norm: its windows."""
    sound_of: NDArray[np.intp]
    """(n,), which of m sounds each window is of, from 0."""
    truth: NDArray[np.bool_]
    """bool (m, k): which classes each sound is; a sound of none is one that nobody should find."""
    by_model: bool = False
    """Whether a model said what they are, not a person: then a loss counts if chance does not explain it."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What two versions of the same k classes are compared on."""

    classes: tuple[str, ...]
    """What they are called, for the user."""
    left_out: LeftOut | None = None
    """None: nothing was left out."""
    cohort: Cohort | None = None
    """Ordinary sound on which neither version was fitted; None: false alarms are not compared."""
    kinds: NDArray[np.float32] | None = None
    """Cosines of the names of `cohort.kinds` with each class, float32 (kinds, k); None: nobody said."""
    alarms: Sequence[MadeAlarm] = ()
    alarm_words: NDArray[np.float32] | None = None
    """Cosines of the words of each alarm with those of each class, float32 (alarms, k)."""
    per_hour: float = 1.0
    """False alarms an hour that each class is allowed: where its threshold lies."""
    taught: str = ""
    """The one class that changes, by examples, so that false alarms of all together are not compared; empty:
    all may change."""


class ClassFigures(msgspec.Struct, frozen=True):
    """One class, before and after."""

    name: str
    sounds: int
    """Left-out sounds of it."""
    found: tuple[int, int]
    false_alarms_per_hour: tuple[float, float] | None
    """Expected; None where there is no cohort."""


class AlarmFigures(msgspec.Struct, frozen=True):
    """One alarm made by code, before and after."""

    name: str
    found: tuple[bool, bool] | None
    """By a class that is called so; None: no class is."""
    others: tuple[tuple[str, ...], tuple[str, ...]]
    """Classes that are another sound and fire on it."""


class Verdict(msgspec.Struct, frozen=True):
    """Whether the new version is kept."""

    kept: bool
    reason: str
    """In one sentence, for the user."""
    classes: tuple[ClassFigures, ...]
    alarms: tuple[AlarmFigures, ...]
    found: tuple[float, float] | None
    """Share of the left-out sounds that are found, the mean over classes; None: none were left out."""
    false_alarms_per_hour: tuple[float, float] | None
    """Expected, all classes together."""


def split_cohort(cohort: Cohort, seed: int = 0) -> tuple[Cohort, Cohort]:
    """Return two halves of a cohort: one to fit a version on, one to try it on."""
    order = np.random.default_rng(seed).permutation(len(cohort.vectors))
    fitted, tried = np.sort(order[::2]), np.sort(order[1::2])
    return _part(cohort, fitted), _part(cohort, tried)


def compare(before: Version, after: Version, trial: Trial) -> Verdict:
    """Try both versions, and say whether the new one is kept."""
    found = [_found(version, trial) for version in (before, after)]
    alarms = _alarms(before, after, trial)
    hourly = [_false_alarms(version, trial) for version in (before, after)]
    classes = tuple(_class_figures(trial, at, found, hourly) for at in range(len(trial.classes)))
    shares = None if trial.left_out is None else (_mean_found(classes, 0), _mean_found(classes, 1))
    totals = None if hourly[0] is None or hourly[1] is None else (sum(hourly[0]), sum(hourly[1]))
    figures = Verdict(False, "", classes, alarms, shares, totals)
    harm = _harm(figures, found, trial)
    reason = harm or _no_harm(figures)
    return msgspec.structs.replace(figures, kept=not harm, reason=reason)


def _part(cohort: Cohort, rows: NDArray[np.intp]) -> Cohort:
    return msgspec.structs.replace(cohort, vectors=cohort.vectors[rows], kind_of=cohort.kind_of[rows])


def heard_from(per_hour: float) -> float:
    """Return the log-odds from which on a class is heard that is allowed so many false alarms an hour."""
    return -math.log(per_hour)


def _found(version: Version, trial: Trial) -> NDArray[np.bool_]:
    """Return bool (m, k): which left-out sounds reach the threshold of which class."""
    if trial.left_out is None:
        return np.zeros((0, len(trial.classes)), np.bool_)
    best = np.full(trial.left_out.truth.shape, -np.inf)
    np.maximum.at(best, trial.left_out.sound_of, version(trial.left_out.vectors))
    return np.asarray(best >= heard_from(trial.per_hour), np.bool_)


def _false_alarms(version: Version, trial: Trial) -> list[float] | None:
    """Return how many false alarms an hour are to be expected of each class at its threshold."""
    if trial.cohort is None:
        return None
    tails = fit_tails(version(trial.cohort.vectors) * EXCESS, trial.kinds, trial.cohort)
    at_threshold = np.full(len(trial.classes), heard_from(trial.per_hour) * EXCESS)
    return [float(rate) for rate in np.exp(-tails.score_odds(at_threshold))]


def _alarms(before: Version, after: Version, trial: Trial) -> tuple[AlarmFigures, ...]:
    if trial.alarm_words is None:
        return ()
    return tuple(
        _alarm_figures(alarm, cosines, [_fires(version, alarm, trial) for version in (before, after)], trial)
        for alarm, cosines in zip(trial.alarms, trial.alarm_words, strict=True)
    )


def _fires(version: Version, alarm: MadeAlarm, trial: Trial) -> NDArray[np.bool_]:
    """Return which classes fire on an alarm, bool (k,)."""
    return np.asarray(version(alarm.vectors).max(axis=0) >= heard_from(trial.per_hour), np.bool_)


def _alarm_figures(
    alarm: MadeAlarm, cosines: NDArray[np.float32], fires: list[NDArray[np.bool_]], trial: Trial
) -> AlarmFigures:
    own, other = cosines >= SAME_WORDS, cosines < OTHER_WORDS
    first, second = (tuple(trial.classes[at] for at in np.flatnonzero(other & heard)) for heard in fires)
    found = (bool((own & fires[0]).any()), bool((own & fires[1]).any())) if own.any() else None
    return AlarmFigures(alarm.name, found, (first, second))


def _class_figures(
    trial: Trial, at: int, found: list[NDArray[np.bool_]], hourly: list[list[float] | None]
) -> ClassFigures:
    is_it = np.zeros(0, np.bool_) if trial.left_out is None else trial.left_out.truth[:, at]
    counts = tuple(int(heard[is_it, at].sum()) for heard in found)
    first, second = hourly
    rates = None if first is None or second is None else (first[at], second[at])
    return ClassFigures(trial.classes[at], int(is_it.sum()), (counts[0], counts[1]), rates)


def _mean_found(classes: Sequence[ClassFigures], which: int) -> float:
    """Return the share found, the mean over the classes of which something was left out."""
    shares = [one.found[which] / one.sounds for one in classes if one.sounds]
    return sum(shares) / len(shares) if shares else 0.0


def _harm(figures: Verdict, found: list[NDArray[np.bool_]], trial: Trial) -> str:
    """Return why the new version is worse, as a sentence; empty: it is not."""
    harms = (_alarm_harm(figures), _false_alarm_harm(figures, trial), _finding_harm(figures, found, trial))
    return next(filter(None, harms), "")


def _alarm_harm(figures: Verdict) -> str:
    for alarm in figures.alarms:
        if alarm.found == (True, False):
            return f"Not kept: {alarm.name}, made by code, is no longer found."
        if new := sorted(set(alarm.others[1]) - set(alarm.others[0])):
            return f"Not kept: {_quoted(new)} would fire on {alarm.name}, made by code, and did not before."
    return ""


def _false_alarm_harm(figures: Verdict, trial: Trial) -> str:
    if figures.false_alarms_per_hour is None:
        return ""
    before, after = figures.false_alarms_per_hour
    if not trial.taught and _is_more(before, after, MORE_FALSE_ALARMS):
        return f"Not kept: {_hourly(after)} are to be expected on ordinary sound, {before:.2g} before."
    rates = {one.name: one.false_alarms_per_hour for one in figures.classes if one.false_alarms_per_hour}
    for name, (first, second) in rates.items():
        usual, times = first, MORE_OF_ONE_CLASS
        if name == trial.taught:
            usual, times = max(first, trial.per_hour), MORE_OF_TAUGHT
        if _is_more(usual, second, times):
            return f"Not kept: {_hourly(second)} of {name!r} are to be expected, {first:.2g} before."
    return ""


def _finding_harm(figures: Verdict, found: list[NDArray[np.bool_]], trial: Trial) -> str:
    if figures.found is None or trial.left_out is None:
        return ""
    truth, by_model = trial.left_out.truth, trial.left_out.by_model
    for at, one in enumerate(figures.classes):
        if _loses(truth[:, at], [heard[:, at] for heard in found]):
            return (
                f"Not kept: of {one.sounds} left-out sounds of {one.name!r} it finds {one.found[1]}, "
                f"{one.found[0]} before."
            )
    less = figures.found[1] < figures.found[0] - 1e-12
    if less and (not by_model or _loses(truth, found)):
        return f"Not kept: it finds {_share(figures, 1)} of the left-out sounds, {_share(figures, 0)} before."
    return ""


def _loses(truth: NDArray[np.bool_], found: Sequence[NDArray[np.bool_]]) -> bool:
    """Say whether less of what is true is found than before, and chance does not explain it."""
    before, after = found
    lost, gained = (int((truth & was & ~other).sum()) for was, other in ((before, after), (after, before)))
    return lost > gained and _by_chance(lost, gained) < _CHANCE


def _no_harm(figures: Verdict) -> str:
    parts = []
    if figures.found is not None:
        parts.append(f"it finds {_share(figures, 1)} of the left-out sounds ({_share(figures, 0)} before)")
    if figures.false_alarms_per_hour is not None:
        before, after = figures.false_alarms_per_hour
        parts.append(f"{_hourly(after)} are to be expected on ordinary sound ({before:.2g} before)")
    if count := sum(alarm.found == (True, True) for alarm in figures.alarms):
        parts.append(f"{count} of {len(figures.alarms)} alarms made by code are found as before")
    return f"Kept: {'; '.join(parts) or 'there was nothing to try it on'}."


def _is_more(before: float, after: float, times: float) -> bool:
    return after > before * times + _FEW_PER_HOUR


def _by_chance(lost: int, gained: int) -> float:
    """Return how likely at least so many of the changes are losses if a loss is as likely as a gain."""
    changes = lost + gained
    return sum(math.comb(changes, count) for count in range(lost, changes + 1)) / 2.0**changes


def _hourly(rate: float) -> str:
    return f"{rate:.2g} false alarms an hour"


def _share(figures: Verdict, which: int) -> str:
    return f"{100.0 * figures.found[which]:.0f} %" if figures.found else ""


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))
