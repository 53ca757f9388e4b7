"""`monitor eval streams`: recall, false alarms and latency of the whole monitor on streams of real sound."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from monitor.config import Config
from monitor.detector import rule_for
from monitor.encoders import Encoder
from monitor.errors import ConfigError
from monitor.evaluation.layouts import Corpus, read_data
from monitor.evaluation.metrics import Outcome
from monitor.evaluation.negatives import build_negatives, count_negatives
from monitor.evaluation.operating import (
    Setting,
    at_thresholds,
    best_per_class,
    best_within,
    sweep,
    write_thresholds,
)
from monitor.evaluation.plans import StreamPlan, at_rate, read_plans, render, write_plans
from monitor.evaluation.progress import progress
from monitor.evaluation.related import is_related
from monitor.evaluation.streams import Stream, StreamSpec, build_streams
from monitor.evaluation.tables import (
    CONFIGURED,
    Condition,
    Point,
    Row,
    curve,
    draw,
    markdown,
    rows,
    write_csv,
)
from monitor.evaluation.trial import METHODS, Heard, change, listen_to
from monitor.records import ClassPrompt


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
    false_alarms: float = 1.0
    """Per hour, all classes together: what the operating point allows."""
    plans: tuple[Path, ...] = ()
    """Lists written by another run; replace all choice by folds, seed, numbers and SNRs."""
    thresholds: Path | None = None
    """Where to write the best thresholds per class of the first method."""
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


class _Result(msgspec.Struct, frozen=True):
    """What one method made of one part."""

    outcomes: list[Outcome]
    """At the configured thresholds."""
    settings: list[Setting]


def run_streams(trial: StreamTrial, bench: Bench) -> Report:
    """Build the streams, let every method hear them, and write what the trial asks for.

    Raises
    ------
    ConfigError
        An unknown method, or data or a list without what is needed.
    """
    for method in trial.methods:
        if method not in METHODS:
            raise ConfigError(f"There is no method {method!r}; known: {', '.join(METHODS)}.")
    if trial.out is not None:
        trial.out.mkdir(parents=True, exist_ok=True)
    report = Report([], [])
    corpus = read_data(trial.data, trial.backgrounds)
    without, *parts = _from_lists(corpus, trial, bench) if trial.plans else _from_data(corpus, trial, bench)
    negatives = _hear(trial, bench, without)
    first = [negatives[trial.methods[0]].settings]
    for part in parts:
        for method, events in _hear(trial, bench, part).items():
            found = _measure(trial, bench, method, part, (events, negatives[method]))
            report.rows.extend(found.rows)
            report.points.extend(found.points)
            if method == trial.methods[0]:
                first.append(events.settings)
    if trial.thresholds is not None:
        _choose(trial.thresholds, trial, bench, _together(first))
    return report


def write_report(out: Path, report: Report) -> bool:
    """Write tables and the curve into a folder; False where the curve needs matplotlib and it is missing."""
    write_csv(out / "results.csv", report.rows)
    write_csv(out / "curve.csv", report.points)
    (out / "results.md").write_text(markdown(report.rows) + "\n", "utf-8")
    return draw(out / "curve.png", report.points)


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


def _hear(trial: StreamTrial, bench: Bench, part: _Part) -> dict[str, _Result]:
    """Return what each method makes of a part, and write the list of its streams."""
    methods = {name: METHODS[name] for name in trial.methods}
    heard: dict[str, list[Heard]] = {name: [] for name in methods}
    with progress(part.name, part.count * len(methods)) as advance:
        for one in listen_to(part.streams, bench.encoder, bench.classes, bench.config, methods):
            heard[one.method].append(one)
            advance()
    if trial.out is not None and part.count:
        name = "negatives" if part.snr_db is None else f"streams_{part.snr_db:g}dB"
        write_plans(trial.out / f"{name}.jsonl", [one.plan for one in heard[trial.methods[0]]])
    return {
        method: _Result(
            [one.outcome for one in own], sweep(own, change(bench.config, methods[method]), bench.encoder)
        )
        for method, own in heard.items()
    }


def _measure(
    trial: StreamTrial, bench: Bench, method: str, part: _Part, results: tuple[_Result, _Result]
) -> Report:
    """Return the figures at the configured thresholds, the curve, and the figures at its operating point."""
    events, negatives = results
    snr_db = 0.0 if part.snr_db is None else part.snr_db
    detector = change(bench.config, METHODS[method]).detector
    configured = {
        name: rule_for(name, detector, bench.encoder.sample_rate).onset_threshold for name in bench.names
    }
    found = rows(Condition(method, snr_db, CONFIGURED, configured), events.outcomes, negatives.outcomes)
    settings = _together([events.settings, negatives.settings])
    count = len(events.outcomes)
    best, name = best_within(settings, trial.false_alarms), f"{trial.false_alarms:g}/h"
    if best is not None:
        chosen = Condition(method, snr_db, name, dict.fromkeys(bench.names, best.threshold))
        found += rows(chosen, best.outcomes[:count], best.outcomes[count:])
        own = best_per_class(settings, bench.names, trial.false_alarms)
        outcomes = at_thresholds(settings, own)
        chosen = Condition(method, snr_db, f"{name}, per class", own)
        found += rows(chosen, outcomes[:count], outcomes[count:])
    return Report(found, curve(method, snr_db, settings))


def _together(parts: Sequence[Sequence[Setting]]) -> list[Setting]:
    """Return, per threshold, the outcomes of all parts, in their order."""
    return [
        Setting(settings[0].threshold, tuple(outcome for one in settings for outcome in one.outcomes))
        for settings in zip(*parts, strict=True)
    ]


def _choose(path: Path, trial: StreamTrial, bench: Bench, settings: Sequence[Setting]) -> None:
    """Write the best thresholds: per class, and for any other class the best common one."""
    common = best_within(settings, trial.false_alarms) or settings[-1]
    own = best_per_class(settings, trial.events or bench.names, trial.false_alarms)
    write_thresholds(path, common.threshold, own, bench.config.detector)
