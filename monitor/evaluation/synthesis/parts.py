"""What an experiment of streams hears, part by part: planned from the data, or from another run's lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from monitor.config.settings import Config
from monitor.corpus.layouts import Corpus
from monitor.encoders import Encoder
from monitor.errors import ConfigError
from monitor.evaluation.data.related import is_related
from monitor.evaluation.data.unlabelled import KNOWN, Unlabelled, annotate, read_unlabelled
from monitor.evaluation.synthesis.negatives import build_negatives, count_negatives
from monitor.evaluation.synthesis.plans import StreamPlan, at_rate, read_plans, render
from monitor.evaluation.synthesis.streams import Stream, StreamSpec, build_streams
from monitor.records import ClassPrompt, OwnSound


class StreamExperiment(msgspec.Struct, frozen=True, kw_only=True):
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
    unlabelled: Path | None = KNOWN
    """Sounds that are there though nobody labelled them; None: nothing is known of any."""
    plans: tuple[Path, ...] = ()
    """Lists written by another run; replace all choice by folds, seed, numbers and SNRs."""
    thresholds: Path | None = None
    """Where to write the best thresholds per class of the first method, for the first of `false_alarms`."""
    keep: Path | None = None
    """Where embeddings are kept from run to run; None: nowhere."""
    out: Path | None
    """Folder for results.csv, curve.csv, curve.png, results.md and the list of every mixture."""


class Bench(msgspec.Struct, frozen=True):
    """What is measured, and on which recordings."""

    encoder: Encoder
    classes: Sequence[ClassPrompt]
    config: Config
    subset: Callable[[str], bool] | None = None
    """Takes the name of a recording's group; only groups for which it is true are used."""
    own: Mapping[str, Mapping[str, OwnSound]] = {}
    """Methods that are the program as configured, with these sounds taught before it listens."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every class listened for."""
        return tuple(item.name for item in self.classes)


class Part(msgspec.Struct, frozen=True):
    """Streams of one SNR, or (None) those without events."""

    snr_db: float | None
    count: int
    streams: Iterable[Stream]

    @property
    def name(self) -> str:
        """What is written beside the progress bar."""
        return "negatives" if self.snr_db is None else f"{self.snr_db:g} dB"


def prepare_streams(
    corpus: Corpus, experiment: StreamExperiment, bench: Bench, snr_db: float
) -> Iterator[Stream]:
    """Yield the streams of an experiment, without labels that may hold a listed sound by another name."""
    return build_streams(corpus, _spec(corpus, experiment, bench, snr_db), bench.subset)


def prepare_negatives(corpus: Corpus, experiment: StreamExperiment, bench: Bench) -> Iterator[Stream]:
    """Yield at least `negative_hours` of streams in which there is nothing to find."""
    spec = _spec(corpus, experiment, bench, 0.0)
    return build_negatives(corpus, spec, experiment.negative_hours, bench.subset)


def _spec(corpus: Corpus, experiment: StreamExperiment, bench: Bench, snr_db: float) -> StreamSpec:
    sounding = experiment.events or bench.names
    for name in sounding:
        if name not in bench.names:
            raise ConfigError(f"{name!r} is to sound but is not listened for; add it to --classes.")
    labels = {name for clip in corpus.clips for name in clip.held}
    folds = experiment.folds or corpus.usual_folds
    sounding = _sounding(corpus, sounding, folds, bench) or sounding
    return StreamSpec(
        classes=sounding,
        folds=folds,
        n_streams=experiment.n_streams,
        snr_db=snr_db,
        seed=experiment.seed,
        sample_rate=bench.encoder.sample_rate,
        distractors=experiment.distractors,
        unused=tuple(sorted(set(bench.names) - set(sounding))),
        related=tuple(sorted(name for name in labels if is_related(name, bench.names))),
    )


def _sounding(corpus: Corpus, names: Sequence[str], folds: Sequence[int], bench: Bench) -> tuple[str, ...]:
    """Return the classes that these folds have clips of, and those that are nowhere, to be refused."""
    events = [clip for clip in corpus.clips if clip.kind != "background" and clip.is_audible]
    anywhere = {name for clip in events for name in clip.held}
    here = {
        name
        for clip in events
        if clip.is_in(folds) and (bench.subset is None or bench.subset(clip.group))
        for name in clip.held
    }
    return tuple(name for name in names if name in here or name not in anywhere)


def parts_from_data(corpus: Corpus, experiment: StreamExperiment, bench: Bench) -> list[Part]:
    """Return the negatives, then a part per SNR."""
    known = _known(experiment)
    count = count_negatives(experiment.negative_hours)
    negatives = prepare_negatives(corpus, experiment, bench) if count else ()
    return [
        Part(None, count, _annotated(negatives, corpus, known)),
        *(
            Part(
                snr_db,
                experiment.n_streams,
                _annotated(prepare_streams(corpus, experiment, bench, snr_db), corpus, known),
            )
            for snr_db in experiment.snrs_db
        ),
    ]


def parts_from_lists(corpus: Corpus, experiment: StreamExperiment, bench: Bench) -> list[Part]:
    """Return the negatives, then a part per SNR, of lists that another run wrote."""
    known = _known(experiment)
    by_snr: dict[float | None, list[StreamPlan]] = {None: []}
    for path in experiment.plans:
        for plan in read_plans(path, StreamPlan):
            by_snr.setdefault(plan.snr_db, []).append(plan)
            unheard = {event.class_name for event in plan.references} - set(bench.names)
            if unheard:
                raise ConfigError(
                    f"{path} holds events of {', '.join(sorted(unheard))}; add them to --classes."
                )
    if len(by_snr) == 1:
        raise ConfigError(
            f"No stream in {', '.join(map(str, experiment.plans))} has events; add the streams_*.jsonl."
        )
    return [
        Part(
            snr_db,
            len(plans),
            _annotated(_rendered(plans, corpus, bench.encoder.sample_rate), corpus, known),
        )
        for snr_db, plans in by_snr.items()
    ]


def _known(experiment: StreamExperiment) -> list[Unlabelled]:
    return [] if experiment.unlabelled is None else read_unlabelled(experiment.unlabelled)


def _annotated(streams: Iterable[Stream], corpus: Corpus, known: Sequence[Unlabelled]) -> Iterator[Stream]:
    for stream in streams:
        yield replace(stream, plan=annotate(stream.plan, corpus, known))


def _rendered(plans: Sequence[StreamPlan], corpus: Corpus, sample_rate: int) -> Iterator[Stream]:
    for plan in plans:
        here = at_rate(plan, sample_rate)
        yield Stream(here, render(here, corpus))
