"""`monitor eval noise`: the papers' methods and ours on single sounds in noise, by one model or several.

Every method works on the same embeddings. A method is compared with zero-shot, and a model with another, draw
by draw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from monitor.errors import ConfigError
from monitor.evaluation.clip_task import ClipBench, ClipExperiment, ClipTask, make_task, runners
from monitor.evaluation.methods.drift import DriftGeometry, drift_geometry
from monitor.evaluation.methods.method_runner import PROMPTS, Grid, MethodRunner, Parameter
from monitor.evaluation.methods.methods import ZERO_SHOT, Method, Settings
from monitor.evaluation.methods.window_batch import Wanted, choose_pool
from monitor.evaluation.metrics.clip_figures import (
    LESS,
    ClipRow,
    Measured,
    clip_rows,
    difference,
    with_differences,
)
from monitor.evaluation.metrics.ground_truth import Figures, headline, measure
from monitor.evaluation.synthesis.mixtures import Mixture
from monitor.progress import progress

_MOST_PAIRED = 3
"""Models of which every pair is compared."""
_NEEDS = {"tau": "text-background or audio-background", "beta": "drift", "k": "tgap"}
"""Number -> the parts of a method that have it."""
Advance = Callable[[], None]
Variants = Callable[[MethodRunner], Iterator[tuple[str, MethodRunner]]]
"""Takes a model at work, and yields others made of it with their names; zero-shot of each is measured."""


class NoiseExperiment(msgspec.Struct, frozen=True, kw_only=True):
    """What `monitor eval noise` was asked for."""

    clips: ClipExperiment
    """What is heard."""
    pool_folds: tuple[int, ...] = ()
    """Empty: see `choose_pool`."""
    methods: tuple[Method, ...]
    """Zero-shot is always measured."""
    prompts: tuple[int, ...] = ()
    """Zero-shot is measured with these of `PROMPTS` too, from 1."""
    grids: tuple[Grid, ...] = ()
    over: tuple[tuple[Method, Method], ...] = ()
    """Pairs of `methods` that are compared too, as each is with zero-shot."""
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
    identity: str
    """Its name and the first digits of the sha256 of its weights."""
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


def run_noise(experiment: NoiseExperiment, bench: ClipBench, variants: Variants | None = None) -> NoiseReport:
    """Let every model hear the mixtures, and measure every method.

    Parameters
    ----------
    variants
        Makes other models of each; None: there are none.

    Raises
    ------
    ConfigError
        A class, data, a list of mixtures, a pool or a method that does not fit, or no background where one is
        needed.
    """
    _refuse_idle_grids(experiment)
    clips, methods = experiment.clips, _methods(experiment)
    task = make_task(
        clips, bench.subset, in_backgrounds=[one.name for one in methods if one.needs_background]
    )
    wanted = _wanted(task, experiment, bench)
    report = NoiseReport(task.mixtures, experiment.settings, [], [], [])
    by_model: dict[str, Measured] = {}
    for runner in runners(task, bench, wanted, methods, experiment.keep):
        name, given = runner.encoder.info.name, runner.given
        basis = (runner.encoder.info.identity, len(wanted.pool), given.overlapping)
        report.heard.append(ModelBasis(name, *basis, _drift(methods, runner)))
        with progress(f"{name}: methods", _count(experiment)) as advance:
            by_model[name] = dict(_measure(runner, experiment, advance, variants))
            report.grid.extend(_measure_grids(runner, experiment, advance))
    for model, measured in with_differences(by_model, _MOST_PAIRED).items():
        report.rows.extend(clip_rows(model, measured, clips.snrs_db, len(task.mixtures)))
    return report


def _wanted(task: ClipTask, experiment: NoiseExperiment, bench: ClipBench) -> Wanted:
    """Return what every model is to hear; clips to learn from only where a method does or they are named."""
    learns = any(method.prototypes != "text" for method in experiment.methods)
    pool = (
        choose_pool(task.corpus, experiment.pool_folds, task.mixtures, bench.subset)
        if learns or experiment.pool_folds
        else []
    )
    return Wanted(task.mixtures, experiment.clips.snrs_db, pool, experiment.clips.seed)


def _measure(
    runner: MethodRunner, experiment: NoiseExperiment, advance: Advance, variants: Variants | None
) -> Iterator[tuple[str, list[Figures]]]:
    """Yield the figures of every method per SNR; after each but zero-shot, what it gains over that."""
    by_name: dict[str, list[Figures]] = {}
    base = runner.figures(ZERO_SHOT, experiment.settings, measure)
    advance()
    yield ZERO_SHOT.name, base
    others = [(method.name, method, runner.words) for method in _methods(experiment)[1:]]
    others += [
        (f"prompt-{number}", ZERO_SHOT, runner.words_in(PROMPTS[number - 1])) for number in experiment.prompts
    ]
    for name, method, words in others:
        found = by_name[name] = runner.figures(method, experiment.settings, measure, words)
        advance()
        yield name, found
        yield f"{name}{LESS}{ZERO_SHOT.name}", difference(found, base)
    for one, other in ((one.name, other.name) for one, other in experiment.over):
        yield f"{one}{LESS}{other}", difference(by_name[one], by_name[other])
    for name, variant in variants(runner) if variants is not None else ():
        found = variant.figures(ZERO_SHOT, experiment.settings, measure)
        yield name, found
        yield f"{name}{LESS}{ZERO_SHOT.name}", difference(found, base)


def _measure_grids(runner: MethodRunner, experiment: NoiseExperiment, advance: Advance) -> Iterator[GridRow]:
    """Yield the headline of every method at every value of the grids whose number it has."""
    model, n = runner.encoder.info.name, len(runner.truths[0].held)
    for grid in experiment.grids:
        for method in filter(grid.applies, _methods(experiment)):
            for at in grid.values:
                found = runner.figures(method, grid.set(experiment.settings, at), headline)
                advance()
                for row in clip_rows(model, {method.name: found}, experiment.clips.snrs_db, n):
                    yield GridRow(parameter=grid.parameter, at=at, **msgspec.structs.asdict(row))


def _drift(methods: Sequence[Method], runner: MethodRunner) -> DriftGeometry | None:
    has_bonus = any(method.drift for method in methods)
    return drift_geometry(runner.words.classes, runner.words.noisy) if has_bonus else None


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
