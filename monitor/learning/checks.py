"""Is an example any use? Each answer says what is wrong with it, in plain words, and what to do. Pure.

How alike two sounds are says little by itself: one model's ordinary sounds are .9 alike, another's .1. So
likeness is measured in ordinary sounds: an example is unlike the others where many sounds of the cohort are
as near to them as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.learning.examples import Example
from monitor.learning.takes import LONGEST_S, Take
from monitor.names import as_words
from monitor.records import Cohort, OwnSound
from monitor.scoring.scorer import Scorer
from monitor.units import unit_norm, whole_below

LEAST_SNR_DB = 6
"""An example that stands out by less is more of the place than of the sound."""
GOOD_SNR_DB = 12
LEAST_DBFS = -80.0
"""A sound that is quieter, A-weighted, is none: digital silence, or the noise of 16 bits."""
MOST_CLIPPED = 0.25
SOME_CLIPPED = 0.02
SHORTEST_MS = 50
UNLIKE_SHARE = 0.1
"""An example is unlike the others where a larger share of ordinary sound is as near to them as it is. Each
beside four of its class, all of different recordings (folds 1-3), this refuses 4 % of 75 clips of ten
classes, and 89 % of clips of the other nine."""
BACKGROUND_SHARE = 0.01
"""It is like the background where a smaller share is as near to that."""
_UNLIKE_PART = 0.5
"""Without a cohort: less than this part of how alike the others are."""

_SAME = 5e-4
"""Embeddings are kept in half precision."""
_FEW = 3
_RATHER_ODD = 0.2
"""Oddness from which on an example that is like another class is not taken for its own."""
SILENT = "nothing is heard in it; see whether the recording is the right one, and the microphone is not muted"
STEADY = (
    "nothing in it stands out, so nobody knows whether it is a sound or only its background; if it is one "
    "that goes on and on it is good, else give a recording with a second of the quiet place around the sound"
)
SAME = "the very same as one that is there already; give another one"
UNLIKE = "unlike the others (another sound, or something louder beside it)"

Kind = Literal[
    "silent",
    "steady",
    "too_quiet",
    "clipped",
    "too_short",
    "cut",
    "same",
    "unlike_others",
    "like_background",
    "like_class",
]


class Doubt(msgspec.Struct, frozen=True):
    """What speaks against an example."""

    kind: Kind
    sentence: str
    """What is wrong, in words for the user; it follows a colon."""
    grave: bool
    """It is not taken, unless the user insists; what is silent never is."""
    live: str = ""
    """What to do where it can be done again: of no use for a recording."""

    @property
    def with_advice(self) -> str:
        """The sentence with what to do, for an example that can be done again."""
        return f"{self.sentence}; {self.live}" if self.live else self.sentence


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What an example is compared with beside the others."""

    cohort: Cohort | None = None
    backgrounds: Sequence[NDArray[np.float32]] = ()
    """float32 (d,) each: what the place sounds like, as far as that is known."""
    taught: Sequence[OwnSound] = ()
    """Other classes that were taught."""
    scorer: Scorer | None = None
    """Of the other listed classes; None: there are none."""
    thresholds: Mapping[str, float] = {}
    """By class of `scorer`: from which score on it is told; without one it is not looked at."""
    labels: Mapping[str, str] = {}
    """What the user calls each."""
    urgent: frozenset[str] = frozenset()


def check_take(take: Take) -> list[Doubt]:
    """Return what is wrong with the sound of an example, the worst first."""
    if take.level_dbfs < LEAST_DBFS:
        return [Doubt("silent", SILENT, grave=True)]
    doubts = []
    if take.clipped > MOST_CLIPPED:
        away = "go further away, or lower the gain"
        doubts.append(Doubt("clipped", "it is clipped at full scale", grave=True, live=away))
    elif take.clipped > SOME_CLIPPED:
        away = "further away, or with a lower gain, it teaches better"
        doubts.append(Doubt("clipped", "a part of it is clipped at full scale", grave=False, live=away))
    if take.snr_db is not None and take.snr_db < LEAST_SNR_DB:
        quiet = (
            f"too quiet, {whole_below(take.snr_db, LEAST_SNR_DB)} dB over the background and {LEAST_SNR_DB} "
            "are needed"
        )
        nearer = "come nearer, make it louder, or wait until the place is quiet"
        doubts.append(Doubt("too_quiet", quiet, grave=True, live=nearer))
    elif take.snr_db is not None and take.snr_db < GOOD_SNR_DB:
        over = whole_below(take.snr_db, GOOD_SNR_DB)
        soft = f"rather quiet, {over} dB over the background; {GOOD_SNR_DB} or more teach better"
        doubts.append(Doubt("too_quiet", soft, grave=False))
    elif take.snr_db is None:
        doubts.append(Doubt("steady", STEADY, grave=False))
    if 1000.0 * take.seconds < SHORTEST_MS:
        lasts = whole_below(1000.0 * take.seconds, SHORTEST_MS)
        short = f"only {lasts} ms long; give the whole sound, {SHORTEST_MS} ms or more"
        doubts.append(Doubt("too_short", short, grave=True))
    if take.cut:
        cut = f"it goes on for longer than {LONGEST_S:.0f} s; its loudest {LONGEST_S:.0f} s are taken"
        doubts.append(Doubt("cut", cut, grave=False))
    return doubts


def check_example(example: Example, others: Sequence[Example], surroundings: Surroundings) -> list[Doubt]:
    """Return what is wrong with what a model makes of an example, the worst first."""
    own = mean_of(example.vectors)
    near = mean_of(np.stack([mean_of(one.vectors) for one in others])) if others else None
    found = (
        _same(example, others),
        _unlike(example, others, surroundings.cohort),
        _like_background(own, near, surroundings),
        _like_taught(example, others, surroundings),
        _like_class(example, surroundings),
    )
    return sorted((one for one in found if one is not None), key=lambda one: not one.grave)


def mean_of(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean direction of float32 (n, d), unit norm."""
    return unit_norm(vectors.mean(axis=0))


def _same(example: Example, others: Sequence[Example]) -> Doubt | None:
    """Return a doubt where an example has been given before: it would count twice and teach nothing."""
    same = (
        one.vectors.shape == example.vectors.shape and np.allclose(one.vectors, example.vectors, atol=_SAME)
        for one in others
    )
    return Doubt("same", SAME, grave=True) if any(same) else None


def oddness(example: Example, others: Sequence[Example], cohort: Cohort | None) -> float:
    """Return how unlike `others`, one or more, an example is; from 1 on it is not one of them."""
    near = mean_of(np.stack([mean_of(one.vectors) for one in others]))
    alike = float(mean_of(example.vectors) @ near)
    if cohort is not None:
        return float(np.mean(cohort.vectors @ near >= alike)) / UNLIKE_SHARE
    usual = float(np.mean([mean_of(one.vectors) @ near for one in others]))
    return _UNLIKE_PART * usual / max(alike, 1e-6)


def _unlike(example: Example, others: Sequence[Example], cohort: Cohort | None) -> Doubt | None:
    """Return a doubt where an example is unlike several others; of few nobody knows which is the odd one."""
    if len(others) < _FEW or oddness(example, others, cohort) < 1.0:
        return None
    return Doubt("unlike_others", UNLIKE, grave=True)


def _like_background(
    own: NDArray[np.float32], near: NDArray[np.float32] | None, surroundings: Surroundings
) -> Doubt | None:
    if not any(
        _is_like(own, unit_norm(place), near, surroundings.cohort) for place in surroundings.backgrounds
    ):
        return None
    told = "like the background of this place, so it would be told all the time"
    return Doubt("like_background", told, grave=True, live="come nearer, or wait for quiet")


def _is_like(
    own: NDArray[np.float32],
    background: NDArray[np.float32],
    near: NDArray[np.float32] | None,
    cohort: Cohort | None,
) -> bool:
    """Tell whether an example is nearer to a background than to its like, and than nearly all other sound."""
    alike = float(own @ background)
    if cohort is None:
        return near is not None and alike > float(own @ near)
    nearer = float(np.mean(cohort.vectors @ background >= alike)) <= BACKGROUND_SHARE
    return nearer and (near is None or alike > float(own @ near))


def nearer_taught(example: Example, others: Sequence[Example], surroundings: Surroundings) -> str:
    """Return the taught class that an example is nearer to than to `others`, as it is called; or nothing."""
    if not others:
        return ""
    own = mean_of(example.vectors)
    near = float(own @ mean_of(np.stack([mean_of(one.vectors) for one in others])))
    nearer = [one for one in surroundings.taught if float(own @ mean_of(one.vectors)) > near]
    return as_words(surroundings.labels.get(nearer[0].name, nearer[0].words)) if nearer else ""


def _like_taught(example: Example, others: Sequence[Example], surroundings: Surroundings) -> Doubt | None:
    """Return a doubt where an example is nearer to another taught class than to the others of its own."""
    name = nearer_taught(example, others, surroundings)
    if not name:
        return None
    odd = oddness(example, others, surroundings.cohort) >= _RATHER_ODD
    told = (
        f"more like your {name} than like the others here"
        if odd
        else f"more like your {name} than like the others here, but near enough to them to count; if it was "
        f"{name}, teach again without it"
    )
    return Doubt("like_class", told, grave=odd)


def _like_class(example: Example, surroundings: Surroundings) -> Doubt | None:
    """Return a doubt where a listed class would be told for the example."""
    scorer = surroundings.scorer
    if scorer is None:
        return None
    place = np.zeros(example.vectors.shape[1], np.float32)
    scores = [scorer.score(vector, place, 0, 0).values for vector in example.vectors]
    best = {name: max(score[name] for score in scores) for name in scores[0]}
    over = {name: value for name, value in best.items() if value >= surroundings.thresholds.get(name, 2.0)}
    if not over:
        return None
    name = max(over, key=lambda one: (one in surroundings.urgent, over[one]))
    urgent = "urgent " if name in surroundings.urgent else ""
    called = as_words(surroundings.labels.get(name, name))
    told = f"it sounds like your {urgent}{called} too (score {over[name]:.2f}), which would also be told"
    return Doubt("like_class", told, grave=False)
