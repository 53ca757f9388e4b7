"""`monitor eval own`: what examples give beside words alone, on single sounds and on streams.

Every class is taught by examples of recordings that are not tested. Single sounds: how well a class's score
finds its sounds among those of all others, the mean over several choices of the examples. Streams: the whole
monitor, with the examples of the first draw. All methods hear the same, and are compared draw by draw.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from monitor.config.tuning import with_tuning
from monitor.corpus.layouts import read_data
from monitor.evaluation.clip_task import ClipBench, ClipExperiment, ClipTask, make_task, runners
from monitor.evaluation.eval_streams import Report, run_streams
from monitor.evaluation.methods.method_runner import MethodRunner
from monitor.evaluation.methods.window_batch import Wanted
from monitor.evaluation.metrics.clip_figures import (
    LESS,
    ClassRow,
    ClipRow,
    Measured,
    class_rows,
    clip_rows,
    difference,
)
from monitor.evaluation.metrics.ground_truth import Figures, mean, measure_classes
from monitor.evaluation.own_takes import TakesBench, compare_takes
from monitor.evaluation.synthesis.mixtures import Mixture
from monitor.evaluation.synthesis.parts import Bench, StreamExperiment
from monitor.evaluation.taught import WORDS_ONLY, ExamplePlan, Teach, example_clips, name_of, teach_classes
from monitor.pipeline.scorers import Scorers
from monitor.progress import progress
from monitor.records import OwnSound

_METRICS = ("average_precision", "recall")
"""What is kept of the metrics: scores of different classes are not compared here."""
Own = Mapping[str, OwnSound]


class OwnExperiment(msgspec.Struct, frozen=True, kw_only=True):
    """What `monitor eval own` was asked for."""

    clips: ClipExperiment
    example_plan: ExamplePlan
    repetitions: int
    """Choices of examples that single sounds are measured with."""
    false_alarm_rate: float
    """Share of the sounds of other classes that may be taken for one, where its recall is measured."""
    takes: bool = False
    """Whether single sounds are looked for by other takes of the same recording too."""
    keep: Path | None = None


class Streams(msgspec.Struct, frozen=True):
    """The streams that are heard too; their methods are those of the example_plan."""

    experiment: StreamExperiment
    bench: Bench


class OwnReport(msgspec.Struct, frozen=True):
    """Everything that was measured."""

    false_alarm_rate: float
    mixtures: tuple[Mixture, ...]
    examples: dict[str, list[str]]
    """Class -> the clips of the first draw, in order."""
    rows: list[ClipRow]
    classes: list[ClassRow]
    takes: list[ClassRow]
    """By other takes of the same recording; none where they were not asked for."""
    streams: Report | None


def run_own(experiment: OwnExperiment, bench: ClipBench, streams: Streams | None, teach: Teach) -> OwnReport:
    """Teach, let the model hear everything, and measure.

    Raises
    ------
    ConfigError
        A class or data that does not fit, or no example.
    """
    task = make_task(experiment.clips, bench.subset, first_label=True)
    tested = experiment.clips.folds or task.corpus.usual_folds
    counts = experiment.example_plan.counts
    repetitions = [
        example_clips(task.corpus, task.classes, tested, experiment.example_plan, draw)
        for draw in range(experiment.repetitions)
    ]
    taught = [teach_classes(task.corpus, task.classes, clips, counts, teach) for clips in repetitions]
    snrs_db = experiment.clips.snrs_db
    wanted = Wanted(task.mixtures, experiment.clips.snrs_db, (), experiment.clips.seed, around=False)
    (runner,) = runners(task, bench, wanted, keep=experiment.keep)
    name, measured = runner.encoder.info.name, _measure(experiment, runner, taught)
    counts_of = Counter(mixture.label for mixture in task.mixtures)
    return OwnReport(
        false_alarm_rate=experiment.false_alarm_rate,
        mixtures=task.mixtures,
        examples={
            name: [clip.path for clip in clips[: max(counts)]] for name, clips in repetitions[0].items()
        },
        rows=list(clip_rows(name, measured, snrs_db, len(task.mixtures))),
        classes=list(class_rows(name, measured, snrs_db, counts_of)),
        takes=_takes(experiment, runner, task, teach) if experiment.takes else [],
        streams=None if streams is None else _run_streams(experiment, streams, tested, teach),
    )


def _takes(experiment: OwnExperiment, runner: MethodRunner, task: ClipTask, teach: Teach) -> list[ClassRow]:
    bench = TakesBench(
        encoder=runner.encoder,
        config=runner.config,
        windows=runner.given.windows,
        teach=teach,
        false_alarm_rate=experiment.false_alarm_rate,
        repetitions=experiment.repetitions,
    )
    return compare_takes(task, experiment.example_plan, experiment.clips.snrs_db, bench)


def _measure(
    experiment: OwnExperiment, runner: MethodRunner, taught: Sequence[Mapping[str, Own]]
) -> Measured:
    """Return the figures of words alone, of each number of examples, and of what these have over words."""
    encoder = runner.encoder
    scorers = Scorers(encoder, runner.classes, with_tuning(runner.config, encoder.info.tuning))
    measure = measure_classes([item.name for item in runner.classes], experiment.false_alarm_rate)

    def figures(own: Own) -> list[Figures]:
        odds = [scorers.make(own).log_odds(sounds) for sounds in runner.given.windows]
        return [
            _kept(measure(truth, one.astype(np.float32)))
            for truth, one in zip(runner.truths, odds, strict=True)
        ]

    methods = [name_of(count) for count in experiment.example_plan.counts]
    with progress("scoring", 1 + len(methods) * len(taught)) as advance:
        measured: dict[str, Sequence[Figures]] = {WORDS_ONLY: figures({})}
        advance()
        for method in methods:
            drawn = []
            for own in taught:
                drawn.append(figures(own[method]))
                advance()
            measured[method] = [mean(several) for several in zip(*drawn, strict=True)]
    words = measured[WORDS_ONLY]
    return measured | {f"{one}{LESS}{WORDS_ONLY}": difference(measured[one], words) for one in methods}


def _kept(figures: Figures) -> Figures:
    return {metric: values for metric, values in figures.items() if metric.startswith(_METRICS)}


def _run_streams(experiment: OwnExperiment, asked: Streams, tested: Sequence[int], teach: Teach) -> Report:
    """Let the whole monitor hear streams, with the examples of the first draw."""
    corpus, bench = read_data(experiment.clips.data, experiment.clips.backgrounds), asked.bench
    clips = example_clips(corpus, bench.classes, tested, experiment.example_plan)
    own = teach_classes(corpus, bench.classes, clips, experiment.example_plan.counts, teach)
    methods = (WORDS_ONLY, *own)
    return run_streams(
        msgspec.structs.replace(asked.experiment, methods=methods),
        msgspec.structs.replace(bench, own={WORDS_ONLY: {}, **own}),
    )
