"""`monitor eval streams`: recall, false alarms and latency of the whole monitor on streams of real sound."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from monitor.config import Config
from monitor.encoders import Encoder
from monitor.errors import ConfigError
from monitor.evaluation.figures import CONFIGURED, Point, Row, curve, differences, rows
from monitor.evaluation.hearing import Ears
from monitor.evaluation.judging import Arm, Judged, Verdict, judge, teach, together
from monitor.evaluation.layouts import Corpus, read_data
from monitor.evaluation.negatives import build_negatives, count_negatives
from monitor.evaluation.operating import Setting, best_per_class, best_within, write_thresholds
from monitor.evaluation.plans import StreamPlan, at_rate, read_plans, render, write_plans
from monitor.evaluation.progress import progress
from monitor.evaluation.related import is_related
from monitor.evaluation.streams import Stream, StreamSpec, build_streams
from monitor.evaluation.tables import draw, markdown, write_csv
from monitor.evaluation.trial import METHODS, Heard, change, listen_to
from monitor.records import ClassPrompt

REFERENCE = "zero-shot"
"""The method that the others are compared with, if it is heard; else the first."""
_LEAST_NEGATIVES = 2
_NOTHING_TO_LEARN_FROM = (
    "Thresholds are learnt from the first half of the streams without events, and there are fewer than two; "
    "set --negative-hours, or give the list of such streams."
)


class StreamTrial(msgspec.Struct, frozen=True, kw_only=True):
    """What `monitor eval streams` was asked for."""

    data: Path
    """An index or a folder, as `read_data` takes them."""
    backgrounds: Path | None = None
    """The same: all backgrounds are taken from there; None: from `data`."""
    folds: tuple[int, ...] = ()
    """Empty: those of `Corpus.usual_folds`."""
    n_streams: int
    snrs_db: tuple[float, ...]
    methods: tuple[str, ...]
    seed: int
    distractors: int
    events: tuple[str, ...] = ()
    """Which of the classes sound in the streams; empty: all. The others can only be false alarms."""
    negative_hours: float = 0.0
    """At least so many hours of streams without any of the classes."""
    false_alarms: tuple[float, ...] = (1.0,)
    """Per hour, all classes together: what each operating point allows."""
    learn: bool = False
    """Whether the first half of the negatives also sets thresholds, which are then held on all the rest."""
    plans: tuple[Path, ...] = ()
    """Lists written by another run; replace all choice by folds, seed, numbers and SNRs."""
    thresholds: Path | None = None
    """Where to write the best thresholds per class of the first method, for the first of `false_alarms`."""
    keep: Path | None = None
    """Where embeddings are kept from run to run; None: nowhere."""
    out: Path | None
    """Folder for results.csv, curve.csv, curve.png, results.md and the list of every mixture."""


class Report(msgspec.Struct, frozen=True):
    """Everything that was measured."""

    rows: list[Row]
    points: list[Point]


class Bench(msgspec.Struct, frozen=True):
    """What is measured, and on which recordings."""

    encoder: Encoder
    classes: Sequence[ClassPrompt]
    config: Config
    subset: Callable[[str], bool] | None = None
    """Takes the name of a recording's group; only groups for which it is true are used."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every class listened for."""
        return tuple(item.name for item in self.classes)


class _Part(msgspec.Struct, frozen=True):
    """Streams of one SNR, or (None) those without events."""

    snr_db: float | None
    count: int
    streams: Iterable[Stream]

    @property
    def name(self) -> str:
        return "negatives" if self.snr_db is None else f"{self.snr_db:g} dB"


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
    without, *parts = _from_lists(corpus, trial, bench) if trial.plans else _from_data(corpus, trial, bench)
    arms, negatives = _begin(trial, bench, without)
    report = Report([], [])
    first = [negatives[0].settings]
    for part in parts:
        heard = _hear(trial, bench, part)
        judged = [judge(arm, heard[arm.method]) for arm in arms]
        snr_db = part.snr_db or 0.0
        _add(
            report,
            [
                Verdict(arm, snr_db, events, without_any, corpus.sources)
                for arm, events, without_any in zip(arms, judged, negatives, strict=True)
            ],
            trial,
            bench,
        )
        first.append(judged[0].settings)
    if trial.thresholds is not None:
        _choose(trial.thresholds, trial, bench, together(first))
    return report


def write_report(out: Path, report: Report) -> bool:
    """Write tables and the curve into a folder; False where the curve needs matplotlib and it is missing."""
    write_csv(out / "results.csv", report.rows)
    write_csv(out / "curve.csv", report.points)
    (out / "results.md").write_text(markdown(report.rows) + "\n", "utf-8")
    return draw(out / "curve.png", report.points, report.rows)


def prepare_streams(corpus: Corpus, trial: StreamTrial, bench: Bench, snr_db: float) -> Iterator[Stream]:
    """Yield the streams of a trial; labels that may hold a listed sound under another name are left out."""
    return build_streams(corpus, _spec(corpus, trial, bench, snr_db), bench.subset)


def prepare_negatives(corpus: Corpus, trial: StreamTrial, bench: Bench) -> Iterator[Stream]:
    """Yield at least `negative_hours` of streams in which there is nothing to find."""
    spec = _spec(corpus, trial, bench, 0.0)
    return build_negatives(corpus, spec, trial.negative_hours, bench.subset)


def _spec(corpus: Corpus, trial: StreamTrial, bench: Bench, snr_db: float) -> StreamSpec:
    sounding = trial.events or bench.names
    for name in sounding:
        if name not in bench.names:
            raise ConfigError(f"{name!r} is to sound but is not listened for; add it to --classes.")
    labels = {name for clip in corpus.clips for name in clip.held}
    return StreamSpec(
        classes=sounding,
        folds=trial.folds or corpus.usual_folds,
        n_streams=trial.n_streams,
        snr_db=snr_db,
        seed=trial.seed,
        sample_rate=bench.encoder.sample_rate,
        distractors=trial.distractors,
        unused=tuple(sorted(set(bench.names) - set(sounding))),
        related=tuple(sorted(name for name in labels if is_related(name, bench.names))),
    )


def _from_data(corpus: Corpus, trial: StreamTrial, bench: Bench) -> list[_Part]:
    """Return the negatives, then a part per SNR."""
    count = count_negatives(trial.negative_hours)
    negatives = _Part(None, count, prepare_negatives(corpus, trial, bench) if count else ())
    return [
        negatives,
        *(
            _Part(snr_db, trial.n_streams, prepare_streams(corpus, trial, bench, snr_db))
            for snr_db in trial.snrs_db
        ),
    ]


def _from_lists(corpus: Corpus, trial: StreamTrial, bench: Bench) -> list[_Part]:
    """Return the negatives, then a part per SNR, of lists that another run wrote."""
    by_snr: dict[float | None, list[StreamPlan]] = {None: []}
    for path in trial.plans:
        for plan in read_plans(path, StreamPlan):
            by_snr.setdefault(plan.snr_db, []).append(plan)
            unheard = {event.class_name for event in plan.references} - set(bench.names)
            if unheard:
                raise ConfigError(
                    f"{path} holds events of {', '.join(sorted(unheard))}; add them to --classes."
                )
    if len(by_snr) == 1:
        raise ConfigError(
            f"There is no stream with events in {', '.join(map(str, trial.plans))}; add the streams_*.jsonl."
        )
    return [
        _Part(snr_db, len(plans), _rendered(plans, corpus, bench.encoder.sample_rate))
        for snr_db, plans in by_snr.items()
    ]


def _rendered(plans: Sequence[StreamPlan], corpus: Corpus, sample_rate: int) -> Iterator[Stream]:
    for plan in plans:
        here = at_rate(plan, sample_rate)
        yield Stream(here, render(here, corpus))


def _refuse(trial: StreamTrial) -> None:
    """Refuse before hours of listening what would fail after them."""
    for method in trial.methods:
        if method not in METHODS:
            raise ConfigError(f"There is no method {method!r}; known: {', '.join(METHODS)}.")
    if trial.learn and not min(trial.false_alarms) > 0.0:
        raise ConfigError("No thresholds of a stream give 0 false alarms an hour; ask for more.")
    if trial.learn and not trial.plans and count_negatives(trial.negative_hours) < _LEAST_NEGATIVES:
        raise ConfigError(_NOTHING_TO_LEARN_FROM)


def _begin(trial: StreamTrial, bench: Bench, without: _Part) -> tuple[list[Arm], list[Judged]]:
    """Return the methods, with the thresholds they learn, and what each makes of streams without events."""
    if trial.learn and without.count < _LEAST_NEGATIVES:
        raise ConfigError(_NOTHING_TO_LEARN_FROM)
    heard = _hear(trial, bench, without)
    taught = without.count // 2 if trial.learn else 0
    arms = [Arm(name, change(bench.config, METHODS[name]), bench.encoder) for name in trial.methods]
    if trial.learn:
        arms = [teach(arm, heard[arm.method][:taught], trial.false_alarms) for arm in arms]
    return arms, [judge(arm, heard[arm.method], taught) for arm in arms]


def _hear(trial: StreamTrial, bench: Bench, part: _Part) -> dict[str, list[Heard]]:
    """Return what each method hears in a part, and write the list of its streams."""
    methods = {name: METHODS[name] for name in trial.methods}
    ears = Ears(bench.encoder, trial.keep)
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
    """Add the figures of one SNR at all kinds of thresholds, the differences of methods, and the curves."""
    cases = [case for one in verdicts for case in one.cases(bench.names, trial.false_alarms)]
    for case in cases:
        report.rows.extend(rows(case))
    reference = REFERENCE if REFERENCE in trial.methods else trial.methods[0]
    compared = {case.thresholds: case for case in cases if case.method == reference}
    for case in cases:
        if case.method != reference and case.thresholds in compared and case.thresholds != CONFIGURED:
            report.rows.extend(differences(case, compared[case.thresholds]))
    for one in verdicts:
        report.points.extend(curve(one.arm.method, one.snr_db, one.settings))


def _choose(path: Path, trial: StreamTrial, bench: Bench, settings: Sequence[Setting]) -> None:
    """Write the best thresholds: per class, and for any other class the best common one."""
    allowed = trial.false_alarms[0]
    common = best_within(settings, allowed) or settings[-1]
    own = best_per_class(settings, trial.events or bench.names, allowed)
    write_thresholds(path, common.threshold, own, bench.config.detector)
