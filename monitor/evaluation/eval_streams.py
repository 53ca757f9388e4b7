"""`monitor eval streams`: recall, false alarms and latency of the whole monitor on streams of real sound."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from monitor.config.tuning import with_tuning
from monitor.errors import ConfigError
from monitor.evaluation.data.layouts import read_data
from monitor.evaluation.methods.embedding_store import EmbeddingStore
from monitor.evaluation.methods.judged import Arm, Judged, Verdict, ask, judge, teach, together
from monitor.evaluation.methods.stream_runner import METHODS, Heard, change, listen_to
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
from monitor.evaluation.reports.progress import progress
from monitor.evaluation.reports.stream_tables import draw, markdown, write_csv
from monitor.evaluation.synthesis.negatives import count_negatives
from monitor.evaluation.synthesis.parts import Bench, Part, StreamTrial, parts_from_data, parts_from_lists
from monitor.evaluation.synthesis.plans import StreamPlan, write_plans

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


def run_streams(trial: StreamTrial, bench: Bench) -> Report:
    """Build the streams, let every method hear them, and write what the trial asks for.

    Raises
    ------
    ConfigError
        An unknown method, or data or a list without what is needed.
    """
    _refuse(trial)
    if trial.out is not None:
        trial.out.mkdir(parents=True, exist_ok=True)
    corpus = read_data(trial.data, trial.backgrounds)
    choose = parts_from_lists if trial.plans else parts_from_data
    without, *parts = choose(corpus, trial, bench)
    begun = _begin(trial, bench, without)
    report = Report([], [], [])
    first = [begun.judged[0].settings]
    for part in parts:
        heard = _hear(trial, bench, part)
        plans = [*begun.plans, *(one.plan for one in heard[trial.methods[0]])]
        if not report.provenance:
            report.provenance.extend(provenance(plans, bench.names, corpus.sources))
        judged = [judge(arm, heard[arm.method]) for arm in begun.arms]
        truth = ANNOTATED if any(plan.unlabelled for plan in plans) else LABELS
        verdicts = [
            Verdict(arm, part.snr_db or 0.0, events, without_any, corpus.sources, truth)
            for arm, events, without_any in zip(begun.arms, judged, begun.judged, strict=True)
        ]
        _add(report, verdicts, trial, bench)
        if truth == ANNOTATED:
            _add(report, [one.as_labelled() for one in verdicts], trial, bench)
        for one in verdicts:
            report.points.extend(curve(one.arm.method, one.snr_db, one.settings))
        first.append(judged[0].settings)
    if trial.thresholds is not None:
        _choose(trial.thresholds, trial, bench, together(first))
    return report


def write_report(out: Path, report: Report) -> bool:
    """Write tables and the curve into a folder; False where the curve needs matplotlib and it is missing."""
    write_csv(out / "results.csv", report.rows)
    write_csv(out / "curve.csv", report.points)
    (out / "results.md").write_text(markdown(report.rows, report.provenance) + "\n", "utf-8")
    return draw(out / "curve.png", report.points, report.rows)


def _refuse(trial: StreamTrial) -> None:
    """Refuse before hours of listening what would fail after them."""
    for method in trial.methods:
        if method not in METHODS:
            raise ConfigError(f"There is no method {method!r}; known: {', '.join(METHODS)}.")
    if trial.learn and not min(trial.false_alarms) > 0.0:
        raise ConfigError("No thresholds of a stream give 0 false alarms an hour; ask for more.")
    if trial.learn and not trial.plans and count_negatives(trial.negative_hours) < _LEAST_NEGATIVES:
        raise ConfigError(_NOTHING_TO_LEARN_FROM)


class _Begun(msgspec.Struct, frozen=True):
    """The methods, with the thresholds they learnt, and the streams without events."""

    arms: list[Arm]
    judged: list[Judged]
    """What each makes of these streams."""
    plans: list[StreamPlan]


def _begin(trial: StreamTrial, bench: Bench, without: Part) -> _Begun:
    """Let every method hear the streams without events, and learn from them where that is asked for."""
    if trial.learn and without.count < _LEAST_NEGATIVES:
        raise ConfigError(_NOTHING_TO_LEARN_FROM)
    heard = _hear(trial, bench, without)
    taught = without.count // 2 if trial.learn else 0
    arms = [_arm(name, bench) for name in trial.methods]
    if trial.learn:
        arms = [teach(arm, heard[arm.method][:taught], trial.false_alarms) for arm in arms]
    arms = [ask(arm, bench.names, trial.false_alarms) for arm in arms]
    judged = [judge(arm, heard[arm.method], taught) for arm in arms]
    return _Begun(arms, judged, [one.plan for one in heard[trial.methods[0]]])


def _arm(name: str, bench: Bench) -> Arm:
    """Return one method with the constants of the model where the configuration leaves them to it."""
    config = with_tuning(change(bench.config, METHODS[name]), bench.encoder.info.tuning)
    return Arm(name, config, bench.encoder)


def _hear(trial: StreamTrial, bench: Bench, part: Part) -> dict[str, list[Heard]]:
    """Return what each method hears in a part, and write the list of its streams."""
    methods = {name: METHODS[name] for name in trial.methods}
    ears = EmbeddingStore(bench.encoder, trial.keep)
    heard: dict[str, list[Heard]] = {name: [] for name in methods}
    with progress(part.name, part.count * len(methods)) as advance:
        for one in listen_to(part.streams, ears, bench.classes, bench.config, methods):
            heard[one.method].append(one)
            advance()
    if trial.out is not None and part.count:
        name = "negatives" if part.snr_db is None else f"streams_{part.snr_db:g}dB"
        write_plans(trial.out / f"{name}.jsonl", [one.plan for one in heard[trial.methods[0]]])
    return heard


def _add(report: Report, verdicts: Sequence[Verdict], trial: StreamTrial, bench: Bench) -> None:
    """Add the figures of one SNR at all kinds of thresholds, and the differences of methods."""
    cases = [case for one in verdicts for case in one.cases(bench.names, trial.false_alarms)]
    for case in cases:
        report.rows.extend(rows(case))
        report.rows.extend(f1_rows(case) if is_there() else ())
    reference = REFERENCE if REFERENCE in trial.methods else trial.methods[0]
    compared = {case.thresholds: case for case in cases if case.method == reference}
    for case in cases:
        if case.method != reference and case.thresholds in compared and case.thresholds != CONFIGURED:
            report.rows.extend(differences(case, compared[case.thresholds]))
    for one in verdicts if is_there() else ():
        report.rows.extend(psds_rows(one.arm.method, one.snr_db, one.settings, bench.names, one.truth))


def _choose(path: Path, trial: StreamTrial, bench: Bench, settings: Sequence[Setting]) -> None:
    """Write the best thresholds: per class, and for any other class the best common one."""
    allowed = trial.false_alarms[0]
    common = best_within(settings, allowed) or settings[-1]
    own = best_per_class(settings, trial.events or bench.names, allowed)
    write_thresholds(path, common.threshold, own, bench.config.detector)
