"""What `monitor eval clips` and `eval noise` ask of every model: which single sounds, of which classes.

Every model hears the same mixtures. Where the background of a mixture is itself of a listed class, it counts
neither for nor against that class's ranking.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from monitor.config.settings import Config
from monitor.corpus.layouts import Corpus, read_data
from monitor.encoders import Encoder
from monitor.errors import ConfigError
from monitor.evaluation.methods.embedding_store import EmbeddingStore
from monitor.evaluation.methods.method_runner import MethodRunner, words_of
from monitor.evaluation.methods.methods import Method
from monitor.evaluation.methods.window_batch import Wanted, gather
from monitor.evaluation.metrics.ground_truth import Truth, truths
from monitor.evaluation.synthesis.mixtures import CLEAN_DB, Mixture, plan_mixtures, refuse_missing_backgrounds
from monitor.evaluation.synthesis.plans import read_plans
from monitor.records import ClassPrompt
from monitor.scoring.prompts import name_to_words

Subset = Callable[[str], bool]
"""Takes the name of a recording's group; only groups for which it is true are used."""


class ClipExperiment(msgspec.Struct, frozen=True, kw_only=True):
    """Which single sounds are heard, and in what."""

    data: Path
    """An index or a folder, as `read_data` takes them."""
    backgrounds: Path | None = None
    """The same: all backgrounds are taken from there; None: from `data`."""
    folds: tuple[int, ...] = ()
    """Empty: those of `Corpus.usual_folds`."""
    snrs_db: tuple[float, ...]
    """`CLEAN_DB`: without a background."""
    classes: tuple[ClassPrompt, ...] = ()
    """Only these of the classes there are, in these words; empty: all, in the words of their names."""
    min_clips: int = 4
    """Classes with fewer usable clips are left out."""
    seed: int = 0
    mixtures: Path | None = None
    """A list written by another run; replaces the choice by folds and seed."""


class ClipBench(msgspec.Struct, frozen=True):
    """What is measured, and on which recordings."""

    encoders: Sequence[Encoder]
    config: Config
    """Its prompt template, where it has one, replaces each model's own."""
    subset: Subset | None = None


class ClipTask(msgspec.Struct, frozen=True):
    """What every model is asked."""

    corpus: Corpus
    mixtures: tuple[Mixture, ...]
    classes: tuple[ClassPrompt, ...]
    """What the mixtures are told apart by: the classes asked for, else all there are."""
    truths: list[Truth]
    """Per SNR."""

    @property
    def names(self) -> list[str]:
        """The names of the classes, in their order."""
        return [item.name for item in self.classes]


def make_task(
    experiment: ClipExperiment,
    subset: Subset | None = None,
    *,
    first_label: bool = False,
    in_backgrounds: Sequence[str] = (),
) -> ClipTask:
    """Return what every model is asked.

    Parameters
    ----------
    first_label
        A sound is of its first class alone, also where the data says several; and its background is in
        nothing that is measured of it clean.
    in_backgrounds
        The methods that must have heard the background elsewhere.

    Raises
    ------
    ConfigError
        A class, data or a list of mixtures that does not fit, or no background where one is needed.
    """
    corpus = read_data(experiment.data, experiment.backgrounds)
    mixtures, least, where = _mixtures(corpus, experiment, subset)
    heard = [replace(one, labels=()) for one in mixtures] if first_label else mixtures
    counts = Counter(name for one in heard for name in one.held)
    known = sorted(name for name, count in counts.items() if first_label or count >= least)
    classes = experiment.classes or tuple(ClassPrompt(name, name_to_words(name)) for name in known)
    names = [item.name for item in classes]
    for name in names:
        if name not in known:
            raise ConfigError(f"There is no class {name!r} {where}; there are: {', '.join(known)}.")
    chosen = [at for at, one in enumerate(heard) if not set(names).isdisjoint(one.held)]
    of_these = tuple(mixtures[at] for at in chosen)
    refuse_missing_backgrounds(of_these, experiment.snrs_db, in_backgrounds)
    found = truths(
        [heard[at] for at in chosen],
        names,
        experiment.snrs_db,
        multi_label=corpus.multi_label and not first_label,
        sources=corpus.sources,
    )
    if first_label:
        found = _clean_alone(found, of_these, names, experiment.snrs_db, corpus)
    return ClipTask(corpus, of_these, classes, found)


def _mixtures(
    corpus: Corpus, experiment: ClipExperiment, subset: Subset | None
) -> tuple[Sequence[Mixture], int, str]:
    """Return what may be heard, how many of a class there are at least, and where, as words."""
    if experiment.mixtures is not None:
        return read_plans(experiment.mixtures, Mixture), 1, f"in {experiment.mixtures}"
    folds, least = experiment.folds or corpus.usual_folds, experiment.min_clips
    mixtures = plan_mixtures(corpus.clips, folds, least, experiment.seed, subset)
    return mixtures, least, f"with {least} usable clips in folds {', '.join(map(str, folds))}"


def _clean_alone(
    found: Sequence[Truth],
    mixtures: Sequence[Mixture],
    names: Sequence[str],
    snrs_db: Sequence[float],
    corpus: Corpus,
) -> list[Truth]:
    """Return what is in the mixtures at each SNR, of clean sound without its backgrounds."""
    alone = [
        replace(one, labels=(), background="", background_label="", background_group="") for one in mixtures
    ]
    (clean,) = truths(alone, names, [CLEAN_DB], multi_label=False, sources=corpus.sources)
    return [clean if snr_db == CLEAN_DB else one for snr_db, one in zip(snrs_db, found, strict=True)]


def runners(
    task: ClipTask, bench: ClipBench, wanted: Wanted, methods: Sequence[Method] = (), keep: Path | None = None
) -> Iterator[MethodRunner]:
    """Yield every model with its words for the methods, and with all that it is to hear, heard.

    Parameters
    ----------
    keep
        Where embeddings are kept; None: nowhere.
    """
    for encoder in bench.encoders:
        words = words_of(encoder, bench.config, task.classes, methods)
        given = gather(EmbeddingStore(encoder, keep), task.corpus, wanted)
        yield MethodRunner(encoder, bench.config, task.classes, words, given, task.truths)
