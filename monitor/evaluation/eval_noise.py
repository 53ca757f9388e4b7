"""`monitor eval noise`: the papers' methods and ours on single sounds in noise, by one model or several.

Every model hears the same mixtures, and every method works on the same embeddings. A method is compared
with zero-shot, and a model with another, draw by draw.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path

import msgspec

from monitor.errors import ConfigError
from monitor.evaluation.data.clips import Clip
from monitor.evaluation.data.layouts import Corpus, read_data
from monitor.evaluation.eval_clips import ClipBench, ClipExperiment, ClipRow
from monitor.evaluation.methods.drift import DriftGeometry, drift_geometry
from monitor.evaluation.methods.embedding_store import EmbeddingStore
from monitor.evaluation.methods.method_runner import PROMPTS, Grid, MethodRunner, Parameter
from monitor.evaluation.methods.methods import Method, Settings, Words
from monitor.evaluation.methods.window_batch import Wanted, choose_pool, gather
from monitor.evaluation.metrics.bootstrap import estimate
from monitor.evaluation.metrics.ground_truth import Figures, Truth, headline, measure, minus, truths
from monitor.evaluation.synthesis.mixtures import Mixture, plan_mixtures, refuse_missing_backgrounds
from monitor.evaluation.synthesis.plans import read_plans
from monitor.progress import progress
from monitor.records import ClassPrompt
from monitor.scoring.prompts import name_to_words

ZERO_SHOT = Method()
_MOST_PAIRED = 3
"""Models of which every pair is compared; with more there are more pairs than anyone reads."""
_NEEDS = {"tau": "text-background or audio-background", "beta": "drift", "k": "tgap"}
"""Number -> the parts of a method that have it."""
Measured = dict[str, list[Figures]]
"""Method -> figures per SNR."""
Advance = Callable[[], None]


class NoiseExperiment(msgspec.Struct, frozen=True, kw_only=True):
    """What `monitor eval noise` was asked for."""

    clips: ClipExperiment
    """What is heard; its false-alarm rate is not used."""
    pool_folds: tuple[int, ...] = ()
    """Empty: see `choose_pool`."""
    methods: tuple[Method, ...]
    """Zero-shot is always measured."""
    prompts: tuple[int, ...] = ()
    """Zero-shot is measured with these of `PROMPTS` too, from 1."""
    grids: tuple[Grid, ...] = ()
    settings: Settings = Settings()
    keep: Path | None = None
    """Where embeddings are kept; None: nowhere."""


class GridRow(msgspec.Struct, frozen=True):
    """One figure at one value of a grid; other fields as in `ClipRow`."""

    model: str
    method: str
    parameter: Parameter
    at: float
    snr_db: float
    metric: str
    value: float
    low: float
    high: float
    n: int


class ModelBasis(msgspec.Struct, frozen=True):
    """What one model's figures rest on beside the mixtures."""

    model: str
    pool: int
    """Clips that could be learnt from; 0: no method does."""
    overlapping_backgrounds: int
    """Of the mixtures: those whose background overlaps what is in them, as the recording has nothing else."""
    drift: DriftGeometry | None
    """None: no method has a drift bonus."""


class NoiseReport(msgspec.Struct, frozen=True):
    """Everything that was measured."""

    mixtures: tuple[Mixture, ...]
    settings: Settings
    heard: list[ModelBasis]
    rows: list[ClipRow]
    """Method `a - zero-shot` or model `a - b`: a paired difference."""
    grid: list[GridRow]


class _Task(msgspec.Struct, frozen=True):
    """What every model is asked."""

    mixtures: tuple[Mixture, ...]
    classes: tuple[ClassPrompt, ...]
    truths: list[Truth]
    """Per SNR."""
    pool: list[Clip]


def run_noise(experiment: NoiseExperiment, bench: ClipBench) -> NoiseReport:
    """Let every model hear the mixtures, and measure every method.

    Raises
    ------
    ConfigError
        A class, data, a list of mixtures, a pool or a method that does not fit, or no background where one is
        needed.
    """
    _refuse_idle_grids(experiment)
    corpus = read_data(experiment.clips.data, experiment.clips.backgrounds)
    task = _task(corpus, experiment, bench.subset)
    report = NoiseReport(task.mixtures, experiment.settings, [], [], [])
    wanted = Wanted(task.mixtures, experiment.clips.snrs_db, task.pool, experiment.clips.seed)
    by_model: dict[str, Measured] = {}
    for encoder in bench.encoders:
        given = gather(EmbeddingStore(encoder, experiment.keep), corpus, wanted)
        runner = MethodRunner(encoder, bench.config, task.classes, given, task.truths)
        words = runner.words()
        report.heard.append(
            ModelBasis(
                encoder.info.name, len(task.pool), given.overlapping, _drift(experiment.methods, words)
            )
        )
        with progress(f"{encoder.info.name}: methods", _count(experiment)) as advance:
            by_model[encoder.info.name] = dict(_measure(runner, words, experiment, advance))
            report.grid.extend(_measure_grids(runner, words, experiment, advance))
    for model, measured in [*by_model.items(), *_differences(by_model)]:
        report.rows.extend(_rows(model, measured, experiment.clips.snrs_db, len(task.mixtures)))
    return report


def _measure(
    runner: MethodRunner, words: Words, experiment: NoiseExperiment, advance: Advance
) -> Iterator[tuple[str, list[Figures]]]:
    """Yield the figures of every method per SNR; after each but zero-shot, what it gains over that."""
    base = runner.figures(ZERO_SHOT, words, experiment.settings, measure)
    advance()
    yield ZERO_SHOT.name, base
    others = [(method.name, method, words) for method in _methods(experiment)[1:]]
    others += [
        (f"prompt-{number}", ZERO_SHOT, runner.words(PROMPTS[number - 1])) for number in experiment.prompts
    ]
    for name, method, said in others:
        found = runner.figures(method, said, experiment.settings, measure)
        advance()
        yield name, found
        yield f"{name} - {ZERO_SHOT.name}", _minus(found, base)


def _measure_grids(
    runner: MethodRunner, words: Words, experiment: NoiseExperiment, advance: Advance
) -> Iterator[GridRow]:
    """Yield the headline of every method at every value of the grids whose number it has."""
    model, n = runner.encoder.info.name, len(runner.truths[0].held)
    for grid in experiment.grids:
        for method in filter(grid.applies, _methods(experiment)):
            for at in grid.values:
                found = runner.figures(method, words, grid.set(experiment.settings, at), headline)
                advance()
                for row in _rows(model, {method.name: found}, experiment.clips.snrs_db, n):
                    _, _, snr_db, metric, *figures = msgspec.structs.astuple(row)
                    yield GridRow(model, method.name, grid.parameter, at, snr_db, metric, *figures)


def _drift(methods: Sequence[Method], words: Words) -> DriftGeometry | None:
    has_bonus = any(method.drift for method in methods)
    return drift_geometry(words.classes, words.noisy) if has_bonus else None


def _count(experiment: NoiseExperiment) -> int:
    """Return how many times something is measured."""
    methods = _methods(experiment)
    tried = sum(len(grid.values) * grid.applies(method) for grid in experiment.grids for method in methods)
    return len(methods) + len(experiment.prompts) + tried


def _methods(experiment: NoiseExperiment) -> list[Method]:
    """Return each method once, zero-shot first."""
    return list(dict.fromkeys([ZERO_SHOT, *experiment.methods]))


def _refuse_idle_grids(experiment: NoiseExperiment) -> None:
    for grid in experiment.grids:
        if not any(map(grid.applies, experiment.methods)):
            raise ConfigError(
                f"--{grid.parameter}-grid tries nothing: no method has a {grid.parameter}; add one with "
                f"{_NEEDS[grid.parameter]} to --methods."
            )


def _task(corpus: Corpus, experiment: NoiseExperiment, subset: Callable[[str], bool] | None) -> _Task:
    mixtures, names = _mixtures(corpus, experiment.clips, subset)
    in_backgrounds = [method.name for method in experiment.methods if method.needs_background]
    refuse_missing_backgrounds(mixtures, experiment.clips.snrs_db, in_backgrounds)
    words = {item.name: item for item in experiment.clips.classes}
    learns = any(method.prototypes != "text" for method in experiment.methods)
    pool = (
        choose_pool(corpus, experiment.pool_folds, mixtures, subset)
        if learns or experiment.pool_folds
        else []
    )
    return _Task(
        mixtures=mixtures,
        classes=tuple(words.get(name) or ClassPrompt(name, name_to_words(name)) for name in names),
        truths=truths(
            mixtures, names, experiment.clips.snrs_db, multi_label=corpus.multi_label, sources=corpus.sources
        ),
        pool=pool,
    )


def _mixtures(
    corpus: Corpus, experiment: ClipExperiment, subset: Callable[[str], bool] | None
) -> tuple[tuple[Mixture, ...], list[str]]:
    """Return what is heard, and the classes it is told apart by: those asked for, else all there are."""
    if experiment.mixtures is not None:
        mixtures = read_plans(experiment.mixtures, Mixture)
        where, least = f"in {experiment.mixtures}", 1
    else:
        folds = experiment.folds or corpus.usual_folds
        mixtures = plan_mixtures(corpus.clips, folds, experiment.min_clips, experiment.seed, subset)
        where, least = (
            f"with {experiment.min_clips} usable clips in folds {', '.join(map(str, folds))}",
            experiment.min_clips,
        )
    counts = Counter(name for one in mixtures for name in one.held)
    known = sorted(name for name, count in counts.items() if count >= least)
    names = [item.name for item in experiment.classes] or known
    for name in names:
        if name not in known:
            raise ConfigError(f"There is no class {name!r} {where}; there are: {', '.join(known)}.")
    return tuple(one for one in mixtures if not set(names).isdisjoint(one.held)), names


def _differences(by_model: dict[str, Measured]) -> Iterator[tuple[str, Measured]]:
    """Yield `a - b` of every pair of models for every method itself."""
    pairs = combinations(by_model.items(), 2) if len(by_model) <= _MOST_PAIRED else ()
    for (first, a), (second, b) in pairs:
        yield (
            f"{first} - {second}",
            {method: _minus(figures, b[method]) for method, figures in a.items() if " - " not in method},
        )


def _minus(a: Sequence[Figures], b: Sequence[Figures]) -> list[Figures]:
    return [minus(one, other) for one, other in zip(a, b, strict=True)]


def _rows(model: str, measured: Measured, snrs_db: Sequence[float], n: int) -> Iterator[ClipRow]:
    for method, per_snr in measured.items():
        for snr_db, figures in zip(snrs_db, per_snr, strict=True):
            for metric, values in figures.items():
                e = estimate(values)
                yield ClipRow(model, method, snr_db, metric, e.value, e.low, e.high, n)
