"""Adapt a model to a place's own sound, and find out whether it is the worse for it.

The recipe of Wang et al. (WASPAA 2023, arXiv 2305.01864): pairs of sound and caption by the model's own
judgement (`curation.py`), then training with soft labels (`soft_labels.py`); here of an adapter over the
model (`adapter_training.py`). The new version is then tried beside the one in use (`trial.py`), on stretches
of sound that were left out, on a half of the model's cohort, and on alarms made by code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from monitor.config.settings import Config
from monitor.config.tuning import with_tuning
from monitor.encoders import Encoder
from monitor.errors import ConfigError
from monitor.learning.adapter_training import TrainingOptions, train
from monitor.learning.captions import Captions
from monitor.learning.curation import CurationOptions, Pairs, curate
from monitor.learning.heard_sound import HeardSound
from monitor.learning.made_alarms import MadeAlarm, made_alarms
from monitor.learning.trial import SAME_WORDS, LeftOut, Trial, Verdict, Version, compare, split_cohort
from monitor.models.adapter import Adapter
from monitor.names import as_words
from monitor.pipeline.scorers import Scorers
from monitor.records import ClassPrompt, Cohort
from monitor.scoring.prompts import build_prompts
from monitor.scoring.prototypes import embed_phrases

Vectors = NDArray[np.float32]
_LEAST_PAIRS = 32
_UNTRIED = (
    "Not kept: none of the sound that was left out is what is listened for, so nobody knows whether that "
    "would still be found; give more sound, or other --classes."
)


class AdaptOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a version is made."""

    curation: CurationOptions = CurationOptions()
    training: TrainingOptions = TrainingOptions()
    ignore_labels: bool = False
    """Whether the trial, too, does without the labels of recordings that have some."""


class Place(msgspec.Struct, frozen=True):
    """Who listens, and for what."""

    encoder: Encoder
    """Without an adapter."""
    classes: tuple[ClassPrompt, ...]
    config: Config
    in_use: Adapter | None = None
    """What the new version is compared with; None: the model as it is."""


class Adapted(msgspec.Struct, frozen=True):
    """A new version."""

    adapter: Adapter
    verdict: Verdict
    pairs: int
    captions: int
    """Different captions among the pairs."""
    losses: tuple[float, ...]
    """Mean of each epoch."""


def adapt(
    place: Place,
    sound: HeardSound,
    captions: Captions,
    options: AdaptOptions,
    advance: Callable[[], None] = lambda: None,
) -> Adapted:
    """Make a version that is adapted to `sound`, and try it.

    Parameters
    ----------
    advance
        Called after each epoch of training.

    Raises
    ------
    ConfigError
        There are too few pairs to learn from.
    """
    place = replace(place, config=with_tuning(place.config, place.encoder.info.tuning))
    targets = _wordings(place, place.classes)
    judge = _Judge(captions.vectors, targets, _ordinary(place, sound), options.curation)
    heard = sound.vectors[~sound.left_out]
    pairs = judge.pairs(heard)
    if len(pairs.sounds) < _LEAST_PAIRS:
        raise ConfigError(
            f"{len(pairs.sounds)} pairs of sound and caption were found, and {_LEAST_PAIRS} or more are "
            "needed; give more sound, a larger --share, or --domain general."
        )
    learnt = heard[pairs.sounds], captions.vectors[pairs.captions]
    trained = train(*learnt, options.training, advance)
    adapter = Adapter(place.encoder.info.identity, trained.down, trained.up)
    left_out = _left_out(place, sound, judge, options.ignore_labels)
    verdict = try_adapter(place, adapter, left_out)
    return Adapted(adapter, verdict, len(pairs.sounds), len(set(pairs.captions.tolist())), trained.losses)


def try_adapter(place: Place, adapter: Adapter, left_out: LeftOut | None) -> Verdict:
    """Try `adapter` beside what is in use, and refuse it where nothing was left out to try it on.

    Sounds of `left_out` are of the classes of the place.
    """
    alarms = made_alarms(place.encoder)
    classes = (*place.classes, *_unlisted_alarms(place, alarms))
    cohort = place.encoder.info.cohort
    fitted, tried = (None, None) if cohort is None else split_cohort(cohort)
    scorers = Scorers(place.encoder, classes, place.config)
    before, after = (_version(scorers, fitted, one) for one in (place.in_use, adapter))
    words = _wordings(place, classes)
    alarm_words = _phrases(place, [alarm.wording for alarm in alarms])
    kinds = _phrases(place, tried.kinds) @ words.T if tried is not None and tried.kinds else None
    verdict = compare(
        before,
        after,
        Trial(
            classes=tuple(one.label or one.name for one in classes),
            left_out=None if left_out is None else _widened(left_out, len(classes)),
            cohort=tried,
            kinds=kinds,
            alarms=alarms,
            alarm_words=alarm_words @ words.T,
        ),
    )
    return replace(verdict, kept=False, reason=_UNTRIED) if left_out is None else verdict


def _version(scorers: Scorers, cohort: Cohort | None, adapter: Adapter | None) -> Version:
    """Return what scores embeddings of the model as it is, by way of an adapter; fitted on `cohort`."""
    if adapter is None:
        return scorers.make({}, cohort).log_odds
    if cohort is not None:
        cohort = replace(cohort, vectors=adapter.apply(cohort.vectors))
    scorer = scorers.make({}, cohort)
    return lambda vectors: scorer.log_odds(adapter.apply(vectors))


class _Judge(msgspec.Struct, frozen=True):
    """A model that says what sound is."""

    captions: Vectors
    targets: Vectors
    ordinary: Vectors
    options: CurationOptions

    def pairs(self, sounds: Vectors) -> Pairs:
        """Return the pairs it finds."""
        return curate(sounds, self.captions, self.targets, self.options, self.ordinary)


def _ordinary(place: Place, sound: HeardSound) -> Vectors:
    cohort = place.encoder.info.cohort
    return sound.vectors if cohort is None else cohort.vectors


def _left_out(place: Place, sound: HeardSound, judge: _Judge, ignore_labels: bool) -> LeftOut | None:
    """Return the stretches that were left out and what they are: by their labels, else as the model says."""
    rows = np.flatnonzero(sound.left_out)
    if any(clip.kind == "event" for clip in sound.clips) and not ignore_labels:
        return _by_labels(place, sound, rows, judge.targets)
    pairs = judge.pairs(sound.vectors[rows])
    cosines = judge.captions[pairs.captions] @ judge.targets.T
    surely = cosines.max(axis=1, initial=-1.0) >= SAME_WORDS
    if not surely.any():
        return None
    truth = np.zeros((int(surely.sum()), cosines.shape[1]), np.bool_)
    truth[np.arange(len(truth)), cosines[surely].argmax(axis=1)] = True
    return LeftOut(sound.vectors[rows[pairs.sounds[surely]]], np.arange(len(truth)), truth, by_model=True)


def _by_labels(place: Place, sound: HeardSound, rows: NDArray[np.intp], targets: Vectors) -> LeftOut | None:
    """Return the recordings among `rows` that are called what a class is."""
    labels = sorted({label for clip in sound.clips for label in clip.held})
    same = _phrases(place, [as_words(label) for label in labels]) @ targets.T >= SAME_WORDS
    is_it = dict(zip(labels, same, strict=True))
    truth = np.array([np.any([is_it[label] for label in clip.held], axis=0) for clip in sound.clips])
    known = rows[truth[sound.stretch_of[rows]].any(axis=1)]
    if not len(known):
        return None
    stretches, sound_of = np.unique(sound.stretch_of[known], return_inverse=True)
    return LeftOut(sound.vectors[known], sound_of.astype(np.intp), truth[stretches])


def _widened(left_out: LeftOut, count: int) -> LeftOut:
    """Return the same for `count` classes, of which those added are in none of the sounds."""
    missing = count - left_out.truth.shape[1]
    return replace(left_out, truth=np.pad(left_out.truth, ((0, 0), (0, missing))))


def _unlisted_alarms(place: Place, alarms: Sequence[MadeAlarm]) -> tuple[ClassPrompt, ...]:
    """Return the alarms that no listed class is called like: they are to be found all the same."""
    listed = _wordings(place, place.classes)
    wordings = tuple(dict.fromkeys(alarm.wording for alarm in alarms))
    far = (_phrases(place, wordings) @ listed.T).max(axis=1) < SAME_WORDS
    taken = {one.name for one in place.classes}
    found = [
        ClassPrompt(wording.replace(" ", "_"), wording)
        for wording, is_far in zip(wordings, far, strict=True)
        if is_far
    ]
    return tuple(one for one in found if one.name not in taken)


def _wordings(place: Place, classes: Sequence[ClassPrompt]) -> Vectors:
    return _phrases(place, [one.wording for one in classes])


def _phrases(place: Place, phrases: Sequence[str]) -> Vectors:
    return embed_phrases(place.encoder.embed_text, templates_of(place), phrases)


def templates_of(place: Place) -> tuple[str, ...]:
    """Return what words are put into: the configuration's prompt, else the model's own."""
    return build_prompts(place.classes, place.config, place.encoder.info.templates).templates
