"""What is taught in an experiment: examples of recordings that are not tested, as many as are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from monitor.corpus.clips import Clip
from monitor.corpus.layouts import Corpus
from monitor.errors import ConfigError
from monitor.progress import progress
from monitor.records import ClassPrompt, OwnSound

WORDS_ONLY = "words only"
Teach = Callable[[ClassPrompt, Sequence[Path]], OwnSound]
"""Makes a class's own sound of an example from each file."""
_SEED_STEP = 1000


class ExamplePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is taught, how often."""

    counts: tuple[int, ...]
    """Examples of each class; each is a method of its own."""
    folds: tuple[int, ...] = ()
    """Where they are from; empty: folds that are neither tested nor kept to report on."""
    seed: int = 0


def name_of(count: int) -> str:
    """Return what the method with so many examples is called."""
    return f"{count} example{'' if count == 1 else 's'}"


def example_clips(
    corpus: Corpus,
    classes: Sequence[ClassPrompt],
    tested: Sequence[int],
    example_plan: ExamplePlan,
    draw: int = 0,
) -> dict[str, list[Clip]]:
    """Return clips of each class to teach it by, at most one of a recording, in an order of chance.

    The first n are the n examples of one draw: five are the three and two more. A clip of several classes
    teaches none.

    Parameters
    ----------
    tested
        Folds that are tested.

    Raises
    ------
    ConfigError
        A fold is both tested and taught from, or there is no example of any class.
    """
    folds = _folds(corpus, tested, example_plan)
    found = {}
    for item in classes:
        recordings: dict[str, list[Clip]] = {}
        for clip in sorted(corpus.clips, key=lambda one: one.path):
            if clip.kind == "event" and clip.fold in folds and clip.is_audible and clip.held == (item.name,):
                recordings.setdefault(clip.group, []).append(clip)
        rng = np.random.default_rng([example_plan.seed + _SEED_STEP * draw, *item.name.encode()])
        groups = [sorted(recordings)[at] for at in rng.permutation(len(recordings))]
        found[item.name] = [recordings[one][int(rng.integers(len(recordings[one])))] for one in groups]
    if not any(found.values()):
        raise ConfigError(
            f"There is no example of a class in folds {', '.join(map(str, folds))}; name other "
            "--example-folds."
        )
    return found


def _folds(corpus: Corpus, tested: Sequence[int], example_plan: ExamplePlan) -> tuple[int, ...]:
    left = [fold for fold in corpus.folds if fold not in tested and fold not in corpus.reported]
    folds = example_plan.folds or tuple(left)
    if both := sorted(set(folds) & set(tested)):
        raise ConfigError(
            f"Fold {', '.join(map(str, both))} is tested, and its recordings cannot be examples; name other "
            "--example-folds."
        )
    if not folds:
        raise ConfigError("No fold is left to take examples from; name some with --example-folds.")
    return folds


def teach_classes(
    corpus: Corpus,
    classes: Sequence[ClassPrompt],
    clips: Mapping[str, Sequence[Clip]],
    counts: Sequence[int],
    teach: Teach,
) -> dict[str, dict[str, OwnSound]]:
    """Return, by the name of the method, what each class was taught; one without a clip is not taught.

    A class with fewer clips than are asked for is taught by those.
    """
    own: dict[str, dict[str, OwnSound]] = {name_of(count): {} for count in counts}
    with progress("teaching", len(classes) * len(counts)) as advance:
        for item in classes:
            paths = [corpus.find(clip.path) for clip in clips[item.name]]
            for count in counts:
                if paths:
                    own[name_of(count)][item.name] = teach(item, paths[:count])
                advance()
    return own
