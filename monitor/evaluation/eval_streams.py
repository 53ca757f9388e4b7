"""`monitor eval streams`: recall, false alarms and latency of the whole monitor on streams of real sound."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from monitor.config.tuning import with_tuning
from monitor.corpus.layouts import read_data
from monitor.errors import ConfigError
from monitor.evaluation.methods.embedding_store import EmbeddingStore
from monitor.evaluation.methods.results_at_thresholds import (
    MethodResults,
    ResultsAtThresholds,
    TunedMethod,
    ask,
    results_of,
    teach,
    together,
)
from monitor.evaluation.methods.stream_runner import METHODS, StreamResult, change, listen_to
from monitor.evaluation.metrics.figures import (
    ANNOTATED,
    CONFIGURED,
    LABELS,
    Point,
    Row,
    curve,
    differences,
    rows,
)
from monitor.evaluation.metrics.operating_points import Setting, best_per_class, best_within, write_thresholds
from monitor.evaluation.metrics.provenance import Provenance, provenance
from monitor.evaluation.metrics.sed import is_there
from monitor.evaluation.metrics.sed_figures import f1_rows, psds_rows
from monitor.evaluation.reports.stream_tables import draw, markdown
from monitor.evaluation.reports.text_tables import write_csv
from monitor.evaluation.synthesis.negatives import count_negatives
from monitor.evaluation.synthesis.parts import (
    Bench,
    Part,
    StreamExperiment,
    parts_from_data,
    parts_from_lists,
)
from monitor.evaluation.synthesis.plans import StreamPlan, write_plans
from monitor.progress import progress

REFERENCE = "zero-shot"
"""The method that the others are compared with, if it is heard; else the first."""
_LEAST_NEGATIVES = 2
_NOTHING_TO_LEARN_FROM = (
    "Thresholds are learnt from the first half of the streams without events, and there are fewer than two; "
    "set --negative-hours, or give the list of such streams."
)


class Report(msgspec.Struct, frozen=True):
    """Everything that was measured."""

    rows: list[Row]
    points: list[Point]
    provenance: list[Provenance]
    """What it rests on."""


def run_streams(experiment: StreamExperiment, bench: Bench) -> Report:
    """Build the streams, let every method hear them, and write what the experiment asks for.

    Raises
    ------
    ConfigError
        An unknown method, or data or a list without what is needed.
    """
    _refuse(experiment, bench)
    if experiment.out is not None:
        experiment.out.mkdir(parents=True, exist_ok=True)
    corpus = read_data(experiment.data, experiment.backgrounds)
    choose = parts_from_lists if experiment.plans else parts_from_data
    without, *parts = choose(corpus, experiment, bench)
    begun = _begin(experiment, bench, without)
    report = Report([], [], [])
    first = [begun.results[0].settings]
    for part in parts:
        heard = _hear(experiment, bench, part)
        plans = [*begun.plans, *(one.plan for one in heard[experiment.methods[0]])]
        if not report.provenance:
            report.provenance.extend(provenance(plans, bench.names, corpus.sources))
        results = [results_of(tuned, heard[tuned.method]) for tuned in begun.tuned_methods]
        truth = ANNOTATED if any(plan.unlabelled for plan in plans) else LABELS
        measured = [
            MethodResults(tuned, part.snr_db or 0.0, events, without_any, corpus.sources, truth)
            for tuned, events, without_any in zip(begun.tuned_methods, results, begun.results, strict=True)
        ]
        _add(report, measured, experiment, bench)
        if truth == ANNOTATED:
            _add(report, [one.as_labelled() for one in measured], experiment, bench)
        for one in measured:
            report.points.extend(curve(one.tuned.method, one.snr_db, one.settings))
        first.append(results[0].settings)
    if experiment.thresholds is not None:
        _choose(experiment.thresholds, experiment, bench, together(first))
    return report


def write_report(out: Path, report: Report) -> bool:
    """Write tables and the curve into a folder; False where the curve needs matplotlib and it is missing."""
    write_csv(out / "results.csv", report.rows)
    write_csv(out / "curve.csv", report.points)
    (out / "results.md").write_text(markdown(report.rows, report.provenance) + "\n", "utf-8")
    return draw(out / "curve.png", report.points, report.rows)


def _refuse(experiment: StreamExperiment, bench: Bench) -> None:
    """Refuse before hours of listening what would fail after them."""
    for method in experiment.methods:
        if method not in METHODS and method not in bench.own:
            raise ConfigError(f"There is no method {method!r}; known: {', '.join(METHODS)}.")
    if experiment.learn and not min(experiment.false_alarms) > 0.0:
        raise ConfigError("No thresholds of a stream give 0 false alarms an hour; ask for more.")
    if (
        experiment.learn
        and not experiment.plans
        and count_negatives(experiment.negative_hours) < _LEAST_NEGATIVES
    ):
        raise ConfigError(_NOTHING_TO_LEARN_FROM)


class _Begun(msgspec.Struct, frozen=True):
    """The methods, with the thresholds they learnt, and the streams without events."""

    tuned_methods: list[TunedMethod]
    results: list[ResultsAtThresholds]
    """What each makes of these streams."""
    plans: list[StreamPlan]


def _begin(experiment: StreamExperiment, bench: Bench, without: Part) -> _Begun:
    """Let every method hear the streams without events, and learn from them where that is asked for."""
    if experiment.learn and without.count < _LEAST_NEGATIVES:
        raise ConfigError(_NOTHING_TO_LEARN_FROM)
    heard = _hear(experiment, bench, without)
    taught = without.count // 2 if experiment.learn else 0
    tuned_methods = [_tuned_method(name, bench) for name in experiment.methods]
    if experiment.learn:
        tuned_methods = [
            teach(tuned, heard[tuned.method][:taught], experiment.false_alarms) for tuned in tuned_methods
        ]
    tuned_methods = [ask(tuned, bench.names, experiment.false_alarms) for tuned in tuned_methods]
    results = [results_of(tuned, heard[tuned.method], taught) for tuned in tuned_methods]
    return _Begun(tuned_methods, results, [one.plan for one in heard[experiment.methods[0]]])


def _tuned_method(name: str, bench: Bench) -> TunedMethod:
    """Return one method with the constants of the model where the configuration leaves them to it."""
    config = with_tuning(change(bench.config, METHODS.get(name, {})), bench.encoder.info.tuning)
    return TunedMethod(name, config, bench.encoder)


def _hear(experiment: StreamExperiment, bench: Bench, part: Part) -> dict[str, list[StreamResult]]:
    """Return what each method hears in a part, and write the list of its streams."""
    methods = {name: METHODS.get(name, {}) for name in experiment.methods}
    store = EmbeddingStore(bench.encoder, experiment.keep)
    heard: dict[str, list[StreamResult]] = {name: [] for name in methods}
    with progress(part.name, part.count * len(methods)) as advance:
        for one in listen_to(part.streams, store, bench.classes, bench.config, methods, bench.own):
            heard[one.method].append(one)
            advance()
    if experiment.out is not None and part.count:
        name = "negatives" if part.snr_db is None else f"streams_{part.snr_db:g}dB"
        write_plans(experiment.out / f"{name}.jsonl", [one.plan for one in heard[experiment.methods[0]]])
    return heard


def _add(
    report: Report, measured: Sequence[MethodResults], experiment: StreamExperiment, bench: Bench
) -> None:
    """Add the figures of one SNR at all kinds of thresholds, and the differences of methods."""
    cases = [case for one in measured for case in one.cases(bench.names, experiment.false_alarms)]
    for case in cases:
        report.rows.extend(rows(case))
        report.rows.extend(f1_rows(case) if is_there() else ())
    reference = REFERENCE if REFERENCE in experiment.methods else experiment.methods[0]
    compared = {case.thresholds: case for case in cases if case.method == reference}
    for case in cases:
        if case.method != reference and case.thresholds in compared and case.thresholds != CONFIGURED:
            of_each = bench.names if bench.own else ()
            report.rows.extend(differences(case, compared[case.thresholds], of_each))
    for one in measured if is_there() else ():
        report.rows.extend(psds_rows(one.tuned.method, one.snr_db, one.settings, bench.names, one.truth))


def _choose(path: Path, experiment: StreamExperiment, bench: Bench, settings: Sequence[Setting]) -> None:
    """Write the best thresholds: per class, and for any other class the best common one."""
    allowed = experiment.false_alarms[0]
    common = best_within(settings, allowed) or settings[-1]
    own = best_per_class(settings, experiment.events or bench.names, allowed)
    write_thresholds(path, common.threshold, own, bench.config.detector)
