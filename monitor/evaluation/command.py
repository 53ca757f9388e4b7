"""`monitor eval streams`: recall, false alarms and latency of the whole monitor on streams of real sound."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from monitor.config import Config
from monitor.encoders import Encoder
from monitor.errors import ConfigError
from monitor.evaluation.clips import read_index
from monitor.evaluation.metrics import summarise
from monitor.evaluation.plans import write_plans
from monitor.evaluation.streams import Stream, StreamSpec, build_streams
from monitor.evaluation.tables import Point, Row, curve, draw, markdown, rows, write_csv
from monitor.evaluation.trial import METHODS, Heard, listen_to
from monitor.records import ClassPrompt


class StreamTrial(msgspec.Struct, frozen=True, kw_only=True):
    """What `monitor eval streams` was asked for."""

    index: Path
    """A CSV index like the one `read_index` documents; clips are found relative to its folder."""
    folds: tuple[int, ...]
    n_streams: int
    snrs_db: tuple[float, ...]
    methods: tuple[str, ...]
    seed: int
    distractors: int
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


def run_streams(trial: StreamTrial, bench: Bench) -> Report:
    """Build the streams, let every method hear them, and write what `trial.out` asks for.

    Raises
    ------
    ConfigError
        An unknown method, or an index without what is needed.
    """
    for method in trial.methods:
        if method not in METHODS:
            raise ConfigError(f"There is no method {method!r}; known: {', '.join(METHODS)}.")
    found = Report([], [])
    for snr_db in trial.snrs_db:
        heard = list(_heard(trial, bench, snr_db))
        _add(found, trial, bench, heard, snr_db)
        if trial.out is not None:
            trial.out.mkdir(parents=True, exist_ok=True)
            plans = [one.stream.plan for one in heard if one.method == trial.methods[0]]
            write_plans(trial.out / f"streams_{snr_db:g}dB.jsonl", plans)
    if trial.out is not None:
        _write(trial.out, found)
    return found


def _heard(trial: StreamTrial, bench: Bench, snr_db: float) -> Iterator[Heard]:
    """Yield what each method makes of each stream, with a progress bar on standard error."""
    methods = {name: METHODS[name] for name in trial.methods}
    columns = (TextColumn(f"{snr_db:g} dB"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task("streams", total=trial.n_streams * len(methods))
        streams = prepare_streams(trial, bench, snr_db)
        for one in listen_to(streams, bench.encoder, bench.classes, bench.config, methods):
            bar.advance(task)
            yield one


def prepare_streams(trial: StreamTrial, bench: Bench, snr_db: float) -> Iterator[Stream]:
    """Yield the streams of a trial; labels that may hold a listed sound under another name are left out."""
    clips = read_index(trial.index)
    names = tuple(item.name for item in bench.classes)
    spec = StreamSpec(
        classes=names,
        folds=trial.folds,
        n_streams=trial.n_streams,
        snr_db=snr_db,
        seed=trial.seed,
        sample_rate=bench.encoder.sample_rate,
        distractors=trial.distractors,
        unused=tuple(sorted({clip.label for clip in clips if _is_related(clip.label, names)})),
    )
    return build_streams(clips, trial.index.parent, spec, bench.subset)


def _is_related(label: str, classes: Sequence[str]) -> bool:
    """Say whether a label shares a word with a listed one: `dog_whine` may hold a `dog_bark`."""
    words = {word for name in classes for word in re.split(r"[_-]", name)}
    return label not in classes and bool(words & set(re.split(r"[_-]", label)))


def _add(found: Report, trial: StreamTrial, bench: Bench, heard: Sequence[Heard], snr_db: float) -> None:
    """Add the figures at the configured threshold, curves, and the others at the first one's false alarms."""
    allowed: float | None = None
    for method in trial.methods:
        own = [one for one in heard if one.method == method]
        outcomes = [one.outcome for one in own]
        found.rows.extend(rows(method, snr_db, bench.config.detector.onset_threshold, outcomes))
        points = curve(own, snr_db, bench.config, bench.encoder)
        found.points.extend(point for point, _ in points)
        if allowed is None:
            allowed = summarise(outcomes).false_alarms_per_hour.value
            continue
        within = [entry for entry in points if entry[0].false_alarms_per_hour <= allowed]
        if within:
            point, outcomes = max(within, key=lambda entry: entry[0].recall)
            name = f"{method}, as few false alarms"
            found.rows.extend(rows(name, snr_db, point.threshold, outcomes))


def _write(out: Path, found: Report) -> None:
    write_csv(out / "results.csv", found.rows)
    write_csv(out / "curve.csv", found.points)
    (out / "results.md").write_text(markdown(found.rows) + "\n", "utf-8")
    if not draw(out / "curve.png", found.points):
        _tell("curve.png needs matplotlib (pip install 'monitor[eval]'); curve.csv has the points.")


def _tell(sentence: str) -> None:
    print(f"monitor: {sentence}", file=sys.stderr)  # noqa: T201
