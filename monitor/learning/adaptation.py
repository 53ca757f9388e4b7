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
_UNPROVED = (
    "Not kept: nobody but the model itself could say what the left-out sound is, and that proves little; "
    "give recordings with labels, teach what matters to you (`monitor learn`), or say --own-judgement."
)
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
    own_judgement: bool = False
    """Whether a version may be kept though nobody but the model itself said what the left-out sound is."""


class Place(msgspec.Struct, frozen=True):
    """Who listens, and for what."""

    encoder: Encoder
    """Without an adapter."""
    classes: tuple[ClassPrompt, ...]
    config: Config
    in_use: Adapter | None = None
    """What the new version is compared with; None: the model as it is."""
    taught: LeftOut | None = None
    """Sounds of the classes that the user has taught; None: there are none."""


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
    place = tuned(place)
    chosen = choose(place, sound, captions, options)
    learnt = sound.vectors[chosen.rows], captions.vectors[chosen.captions]
    trained = train(*learnt, options.training, advance)
    adapter = Adapter(place.encoder.info.identity, trained.down, trained.up)
    verdict = try_adapter(place, adapter, chosen.left_out)
    if verdict.kept and place.taught is not None:
        verdict = try_adapter(place, adapter, place.taught)
    elif not options.own_judgement:
        verdict = proved(verdict, chosen.left_out)
    return Adapted(adapter, verdict, len(chosen.rows), len(set(chosen.captions.tolist())), trained.losses)


def tuned(place: Place) -> Place:
    """Return a place whose configuration has what was tuned for the model."""
    return replace(place, config=with_tuning(place.config, place.encoder.info.tuning))


class Chosen(msgspec.Struct, frozen=True):
    """What is learnt from, and what was left out to try it on."""

    rows: NDArray[np.intp]
    """(n,), the windows of the pairs."""
    captions: NDArray[np.intp]
    """(n,), their captions."""
    left_rows: NDArray[np.intp]
    """(m,), the windows of `left_out`."""
    left_out: LeftOut | None


def choose(place: Place, sound: HeardSound, captions: Captions, options: AdaptOptions) -> Chosen:
    """Pair the sound that is not left out with captions, and say what the rest is.

    Raises
    ------
    ConfigError
        There are too few pairs to learn from.
    """
    targets = _wordings(place, place.classes)
    judge = _Judge(captions.vectors, targets, _ordinary(place, sound), options.curation)
    heard = np.flatnonzero(~sound.left_out)
    pairs = judge.pairs(sound.vectors[heard])
    if len(pairs.sounds) < _LEAST_PAIRS:
        raise ConfigError(
            f"{len(pairs.sounds)} pairs of sound and caption were found, and {_LEAST_PAIRS} or more are "
            "needed; give more sound, a larger --share, or --domain general."
        )
    left_rows, left_out = _left_out(place, sound, judge, options.ignore_labels)
    return Chosen(heard[pairs.sounds], pairs.captions, left_rows, left_out)


def proved(verdict: Verdict, left_out: LeftOut | None) -> Verdict:
    """Return `verdict`, refused where it rests on nothing but the judgement of the model itself.

    That has kept versions which heard less of what people had labelled (docs/eval/adapt.md).
    """
    if verdict.kept and left_out is not None and left_out.by_model:
        return replace(verdict, kept=False, reason=f"{_UNPROVED} ({verdict.reason})")
    return verdict


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
    return _tried(place, classes, (before, after), (left_out, tried, alarms))


def try_checkpoint(place: Place, after: Encoder, left_out: LeftOut | None, heard_after: Vectors) -> Verdict:
    """Try a checkpoint that was trained beside the one it was, as `try_adapter`; it has no cohort.

    Parameters
    ----------
    heard_after
        The windows of `left_out` as it hears them, float32 (n, d).
    """
    dim = place.encoder.dim
    by_each = zip(made_alarms(place.encoder), made_alarms(after), strict=True)
    alarms = [replace(one, vectors=np.hstack([one.vectors, other.vectors])) for one, other in by_each]
    classes = (*place.classes, *_unlisted_alarms(place, alarms))
    old, new = (Scorers(one, classes, place.config).make({}) for one in (place.encoder, after))
    if left_out is not None:
        left_out = replace(left_out, vectors=np.hstack([left_out.vectors, heard_after]))
    both = (
        lambda vectors: old.log_odds(np.ascontiguousarray(vectors[:, :dim])),
        lambda vectors: new.log_odds(np.ascontiguousarray(vectors[:, dim:])),
    )
    return _tried(place, classes, both, (left_out, None, alarms))


def _tried(
    place: Place,
    classes: Sequence[ClassPrompt],
    versions: tuple[Version, Version],
    on: tuple[LeftOut | None, Cohort | None, Sequence[MadeAlarm]],
) -> Verdict:
    left_out, tried, alarms = on
    words = _wordings(place, classes)
    alarm_words = _phrases(place, [alarm.wording for alarm in alarms])
    kinds = _phrases(place, tried.kinds) @ words.T if tried is not None and tried.kinds else None
    trial = Trial(
        classes=tuple(one.label or one.name for one in classes),
        left_out=None if left_out is None else _widened(left_out, len(classes)),
        cohort=tried,
        kinds=kinds,
        alarms=alarms,
        alarm_words=alarm_words @ words.T,
    )
    verdict = compare(*versions, trial)
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


def _left_out(
    place: Place, sound: HeardSound, judge: _Judge, ignore_labels: bool
) -> tuple[NDArray[np.intp], LeftOut | None]:
    """Return which windows were left out and what they are: by their labels, else as the model says."""
    rows = np.flatnonzero(sound.left_out)
    if any(clip.kind == "event" for clip in sound.clips) and not ignore_labels:
        return _by_labels(place, sound, rows, judge.targets)
    pairs = judge.pairs(sound.vectors[rows])
    cosines = judge.captions[pairs.captions] @ judge.targets.T
    surely = cosines.max(axis=1, initial=-1.0) >= SAME_WORDS
    if not surely.any():
        return rows[:0], None
    truth = np.zeros((int(surely.sum()), cosines.shape[1]), np.bool_)
    truth[np.arange(len(truth)), cosines[surely].argmax(axis=1)] = True
    chosen = rows[pairs.sounds[surely]]
    return chosen, LeftOut(sound.vectors[chosen], np.arange(len(truth)), truth, by_model=True)


def _by_labels(
    place: Place, sound: HeardSound, rows: NDArray[np.intp], targets: Vectors
) -> tuple[NDArray[np.intp], LeftOut | None]:
    """Return the recordings among `rows` that are called what a class is."""
    labels = sorted({label for clip in sound.clips for label in clip.held})
    same = _phrases(place, [as_words(label) for label in labels]) @ targets.T >= SAME_WORDS
    is_it = dict(zip(labels, same, strict=True))
    truth = np.array([np.any([is_it[label] for label in clip.held], axis=0) for clip in sound.clips])
    known = rows[truth[sound.stretch_of[rows]].any(axis=1)]
    if not len(known):
        return known, None
    stretches, sound_of = np.unique(sound.stretch_of[known], return_inverse=True)
    return known, LeftOut(sound.vectors[known], sound_of.astype(np.intp), truth[stretches])


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
