"""`monitor eval clips`: zero-shot recognition of single sounds in noise, by one model or several.

Every model hears the same mixtures; the answer is the class whose words are nearest to the sound. Where the
background of a mixture is itself of a listed class, it counts neither for nor against that class's ranking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.config.settings import Config
from monitor.encoders import Encoder
from monitor.errors import ConfigError
from monitor.evaluation.data.layouts import Corpus, read_data
from monitor.evaluation.metrics.bootstrap import Sources, estimate, two_way_weights
from monitor.evaluation.metrics.ground_truth import minus
from monitor.evaluation.metrics.ranking import (
    Values,
    accuracy,
    average_precision,
    mean_over_classes,
    recall_at,
)
from monitor.evaluation.synthesis.mixtures import (
    CLEAN_DB,
    Mixture,
    plan_mixtures,
    refuse_missing_backgrounds,
    windows_at,
)
from monitor.evaluation.synthesis.plans import read_plans
from monitor.progress import progress
from monitor.records import ClassPrompt
from monitor.scoring.prompts import build_prompts, name_to_words
from monitor.scoring.prototypes import embed_phrases

METHOD = "zero-shot"
_BATCH = 32
"""Windows embedded at once; more buys nothing on a CPU."""


class ClipExperiment(msgspec.Struct, frozen=True, kw_only=True):
    """What `monitor eval clips` was asked for."""

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
    false_alarm_rate: float = 0.01
    """Share of the mixtures without a class that may be taken for it."""
    seed: int = 0
    mixtures: Path | None = None
    """A list written by another run; replaces the choice by folds and seed."""


class ClipBench(msgspec.Struct, frozen=True):
    """What is measured, and on which recordings."""

    encoders: Sequence[Encoder]
    config: Config
    """Its prompt template, where it has one, replaces each model's own."""
    subset: Callable[[str], bool] | None = None
    """Takes the name of a recording's group; only groups for which it is true are used."""


class ClipRow(msgspec.Struct, frozen=True):
    """One figure over all classes."""

    model: str
    """Or `a - b`: the paired difference of two models on the same mixtures."""
    method: str
    snr_db: float
    """inf: clean."""
    metric: str
    """`top1`; `top1_macro`, `average_precision_macro`, `recall_macro`: means over the classes."""
    value: float
    low: float
    high: float
    n: int
    """Mixtures."""


class ClassRow(msgspec.Struct, frozen=True):
    """One figure of one class; fields as in `ClipRow`."""

    model: str
    method: str
    class_name: str
    snr_db: float
    metric: str
    """`top1`, `average_precision`, `recall`."""
    value: float
    low: float
    high: float
    n: int
    """Mixtures of the class."""


class ClipReport(msgspec.Struct, frozen=True):
    """Everything that was measured."""

    false_alarm_rate: float
    """At which `recall` was measured."""
    mixtures: tuple[Mixture, ...]
    rows: list[ClipRow]
    classes: list[ClassRow]


class _Truth(msgspec.Struct, frozen=True):
    """What is in n mixtures at one SNR, and how they are resampled."""

    names: Sequence[str]
    """The classes, in the order of the scores."""
    labels: NDArray[np.str_]
    """The class of each."""
    around: NDArray[np.str_]
    """The label of each background."""
    weights: NDArray[np.float32]
    """float32 (1 + rounds, n)."""


class _Measured(msgspec.Struct, frozen=True):
    """One model at one SNR, observed and resampled: float64 (1 + rounds,), or (1 + rounds, n_classes)."""

    overall: dict[str, Values]
    per_class: dict[str, Values]


def run_clips(experiment: ClipExperiment, bench: ClipBench) -> ClipReport:
    """Let every model hear the mixtures, and measure.

    Raises
    ------
    ConfigError
        A class, data or a list of mixtures that does not fit, or no background where one is needed.
    """
    corpus = read_data(experiment.data, experiment.backgrounds)
    mixtures = _mixtures(corpus, experiment, bench)
    words = experiment.classes or [
        ClassPrompt(name, name_to_words(name)) for name in sorted({one.label for one in mixtures})
    ]
    scores = score_mixtures(mixtures, corpus, experiment, bench, words)
    report = ClipReport(experiment.false_alarm_rate, mixtures, [], [])
    names = [item.name for item in words]
    for at, snr_db in enumerate(experiment.snrs_db):
        truth = _truth(mixtures, names, snr_db, corpus.sources)
        measured = {
            encoder.info.name: _measure(truth, own[at], experiment.false_alarm_rate)
            for encoder, own in zip(bench.encoders, scores, strict=True)
        }
        _report(report, measured, snr_db, names)
    return report


def score_mixtures(
    mixtures: Sequence[Mixture],
    corpus: Corpus,
    experiment: ClipExperiment,
    bench: ClipBench,
    words: Sequence[ClassPrompt],
) -> list[NDArray[np.float32]]:
    """Return, per model, the cosines of every mixture to every class: float32 (n_snrs, n, n_classes)."""
    texts = [_embed_words(words, bench.config, encoder) for encoder in bench.encoders]
    shape = (len(experiment.snrs_db), len(mixtures), len(words))
    scores = [np.zeros(shape, np.float32) for _ in bench.encoders]
    order = sorted(range(len(mixtures)), key=lambda at: mixtures[at].background)  # decodes each one once
    with progress("mixtures", len(mixtures)) as advance:
        for at in order:
            for encoder, own, words_of in zip(bench.encoders, scores, texts, strict=True):
                own[:, at] = _embed(mixtures[at], corpus, experiment.snrs_db, encoder) @ words_of.T
            advance()
    return scores


def _embed_words(words: Sequence[ClassPrompt], config: Config, encoder: Encoder) -> NDArray[np.float32]:
    prompts = build_prompts(words, config, encoder.info.templates)
    return embed_phrases(encoder.embed_text, prompts.templates, prompts.wordings)


def _embed(
    mixture: Mixture, corpus: Corpus, snrs_db: Sequence[float], encoder: Encoder
) -> NDArray[np.float32]:
    windows = windows_at(mixture, corpus, snrs_db, encoder.sample_rate, encoder.window_len)
    return np.concatenate(
        [encoder.embed_audio(windows[at : at + _BATCH]) for at in range(0, len(windows), _BATCH)]
    )


def _mixtures(corpus: Corpus, experiment: ClipExperiment, bench: ClipBench) -> tuple[Mixture, ...]:
    if experiment.mixtures is not None:
        mixtures = read_plans(experiment.mixtures, Mixture)
        where = f"in {experiment.mixtures}"
    else:
        folds = experiment.folds or corpus.usual_folds
        mixtures = plan_mixtures(corpus.clips, folds, experiment.min_clips, experiment.seed, bench.subset)
        where = f"with {experiment.min_clips} usable clips in folds {', '.join(map(str, folds))}"
    known = sorted({one.label for one in mixtures})
    wanted = [item.name for item in experiment.classes] or known
    for name in wanted:
        if name not in known:
            raise ConfigError(f"There is no class {name!r} {where}; there are: {', '.join(known)}.")
    chosen = tuple(one for one in mixtures if one.label in wanted)
    refuse_missing_backgrounds(chosen, experiment.snrs_db)
    return chosen


def _truth(mixtures: Sequence[Mixture], names: Sequence[str], snr_db: float, sources: Sources) -> _Truth:
    clean = snr_db == CLEAN_DB
    backgrounds = None if clean else [one.background_group for one in mixtures]
    return _Truth(
        names=names,
        labels=np.array([one.label for one in mixtures]),
        around=np.array(["" if clean else one.background_label for one in mixtures]),
        weights=two_way_weights([one.event_group for one in mixtures], backgrounds, sources),
    )


def _measure(truth: _Truth, scores: NDArray[np.float32], false_alarm_rate: float) -> _Measured:
    """Measure one model's scores, float32 (n, n_classes)."""
    right = np.array(truth.names)[scores.argmax(axis=1)] == truth.labels
    columns: dict[str, list[Values]] = {"top1": [], "average_precision": [], "recall": []}
    for name, own in zip(truth.names, scores.T, strict=True):
        is_it, counts = truth.labels == name, truth.around != name
        columns["top1"].append(accuracy(right[is_it], truth.weights[:, is_it]))
        ranked = own[counts], is_it[counts], truth.weights[:, counts]
        columns["average_precision"].append(average_precision(*ranked))
        columns["recall"].append(recall_at(*ranked, false_alarm_rate))
    per_class = {metric: np.stack(values, axis=1) for metric, values in columns.items()}
    overall = {"top1": accuracy(right, truth.weights)}
    overall |= {f"{metric}_macro": mean_over_classes(values) for metric, values in per_class.items()}
    return _Measured(overall, per_class)


def _report(report: ClipReport, measured: dict[str, _Measured], snr_db: float, names: Sequence[str]) -> None:
    """Add the figures of every model and of every pair of models at one SNR."""
    for model, found in [*measured.items(), *_differences(measured)]:
        for metric, values in found.overall.items():
            e = estimate(values)
            n = len(report.mixtures)
            report.rows.append(ClipRow(model, METHOD, snr_db, metric, e.value, e.low, e.high, n))
        for metric, by_class in found.per_class.items():
            for name, values in zip(names, by_class.T, strict=True):
                e = estimate(values)
                n = sum(one.label == name for one in report.mixtures)
                report.classes.append(
                    ClassRow(model, METHOD, name, snr_db, metric, e.value, e.low, e.high, n)
                )


def _differences(measured: dict[str, _Measured]) -> Iterator[tuple[str, _Measured]]:
    """Yield `a - b` for every pair of models, resample by resample: the same mixtures, the same draws."""
    for (first, a), (second, b) in combinations(measured.items(), 2):
        yield f"{first} - {second}", _Measured(minus(a.overall, b.overall), minus(a.per_class, b.per_class))
