"""`monitor eval own` on the command line: what examples of a sound give beside its words."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.cli.arguments import AddVerb, model_flag
from monitor.cli.eval_options import Folds, Kind, add_common, hear_each, open_encoder
from monitor.cli.values import amount, count, numbers, share, snrs, whole
from monitor.config.settings import load_config
from monitor.errors import ConfigError

if TYPE_CHECKING:
    from monitor.config.settings import Config
    from monitor.encoders import Encoder
    from monitor.evaluation.eval_own import OwnExperiment, OwnReport, Streams
    from monitor.evaluation.taught import Teach
    from monitor.learning.examples import Example
    from monitor.records import ClassPrompt, OwnSound


def add_own(kinds: Any, add_verb: AddVerb) -> None:
    """Add `own` to the kinds of `eval`."""
    own = add_verb(kinds, "own", _own, "sounds taught by examples, against their words alone")
    add_common(own)
    own.set_defaults(plans=())
    own.add_argument("--model", metavar="NAME", help="a model of `monitor models list`")
    own.add_argument(
        "--examples",
        type=_counts,
        default="1,3,5,10",
        metavar="N,M",
        help="of each class (default %(default)s)",
    )
    own.add_argument(
        "--example-folds",
        type=whole,
        default=(),
        metavar="N,M",
        help="where examples are from (default: all folds that are neither heard nor 4 or 6 of an index)",
    )
    own.add_argument(
        "--repetitions",
        type=count,
        default=3,
        metavar="N",
        help="choices of the examples, for single sounds (default 3)",
    )
    own.add_argument("--snr", type=snrs, default="clean,6,0", metavar="DB,DB", help="default %(default)s")
    own.add_argument(
        "--min-clips",
        type=count,
        default=4,
        metavar="N",
        help="leave out classes with fewer clips (default 4)",
    )
    own.add_argument(
        "--false-alarm-rate",
        type=share,
        default=0.01,
        metavar="P",
        help="share of the other sounds that may be taken for a class, for recall (default %(default)s)",
    )
    own.add_argument(
        "--takes",
        action="store_true",
        help="also teach by other clips of the very recording, as one does at home",
    )
    _add_streams(own)
    own.add_argument("--no-cache", action="store_true", help="hear all again, and keep no embeddings")


def _add_streams(own: argparse.ArgumentParser) -> None:
    own.add_argument(
        "--streams",
        type=_count_or_none,
        default=0,
        metavar="N",
        help="also so many streams per SNR (default 0)",
    )
    own.add_argument("--classes", metavar="A,B", help="labels of the data that are listened for in streams")
    own.add_argument(
        "--stream-snr", type=numbers, default="20,6,0", metavar="DB,DB", help="default %(default)s"
    )
    own.add_argument("--negative-hours", type=amount, default=1.0, metavar="H", help="default %(default)s")
    own.add_argument(
        "--false-alarms",
        type=numbers,
        default="1",
        metavar="N,N",
        help="per hour, all classes together (default %(default)s)",
    )


def _count_or_none(text: str) -> int:
    """Read 0 or a count."""
    return 0 if text.strip() == "0" else count(text)


def _counts(text: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(count(part) for part in text.split(",")))


def _own(arguments: argparse.Namespace) -> int:
    from monitor.evaluation.clip_task import ClipBench
    from monitor.evaluation.eval_own import run_own
    from monitor.evaluation.reports.own_tables import terminal_table, write_report

    if arguments.streams and not arguments.classes:
        raise ConfigError("--streams needs --classes: the labels that are listened for in them.")
    config = load_config(arguments.config, os.environ, model_flag(arguments))
    encoder = open_encoder(config, config.model.name)
    bench, teach = ClipBench([encoder], config, arguments.subset), teacher_from_files(encoder)

    def run(folds: Folds, out: Path | None) -> OwnReport:
        streams = _streams(arguments, folds, out, encoder, config) if arguments.streams else None
        return run_own(_experiment(arguments, folds), bench, streams, teach)

    return hear_each(arguments, Kind(run, write_report, terminal_table, "own_sounds.png"))


def teacher_from_files(encoder: Encoder) -> Teach:
    """Return what teaches as `monitor learn` does from files; each file is heard once."""
    from monitor.learning.examples import hear_take, own_sound
    from monitor.learning.recordings import takes_from_files

    heard: dict[Path, Example] = {}

    def hear(path: Path) -> Example:
        if path not in heard:
            (take,) = takes_from_files([path], encoder.sample_rate, 1, lambda: None)
            heard[path] = hear_take(take, encoder)
        return heard[path]

    def teach(prompt: ClassPrompt, paths: Sequence[Path]) -> OwnSound:
        return own_sound(prompt, [hear(path) for path in paths])

    return teach


def _experiment(arguments: argparse.Namespace, folds: Folds) -> OwnExperiment:
    from monitor.evaluation.clip_task import ClipExperiment
    from monitor.evaluation.eval_own import OwnExperiment
    from monitor.evaluation.methods.embedding_store import kept_file
    from monitor.evaluation.taught import ExamplePlan

    return OwnExperiment(
        clips=ClipExperiment(
            data=arguments.data,
            backgrounds=arguments.backgrounds,
            folds=folds,
            snrs_db=arguments.snr,
            min_clips=arguments.min_clips,
            seed=arguments.seed,
        ),
        example_plan=ExamplePlan(
            counts=arguments.examples, folds=arguments.example_folds, seed=arguments.seed
        ),
        repetitions=arguments.repetitions,
        false_alarm_rate=arguments.false_alarm_rate,
        takes=arguments.takes,
        keep=None if arguments.no_cache else kept_file(),
    )


def _streams(
    arguments: argparse.Namespace, folds: Folds, out: Path | None, encoder: Encoder, config: Config
) -> Streams:
    from monitor.evaluation.data.unlabelled import KNOWN
    from monitor.evaluation.eval_own import Streams
    from monitor.evaluation.methods.embedding_store import kept_file
    from monitor.evaluation.synthesis.parts import Bench, StreamExperiment
    from monitor.scoring.prompts import parse_classes

    experiment = StreamExperiment(
        data=arguments.data,
        backgrounds=arguments.backgrounds,
        folds=folds,
        n_streams=arguments.streams,
        snrs_db=arguments.stream_snr,
        methods=(),
        seed=arguments.seed,
        distractors=1,
        negative_hours=arguments.negative_hours,
        false_alarms=arguments.false_alarms,
        unlabelled=KNOWN,
        keep=None if arguments.no_cache else kept_file(),
        out=None if out is None else out / "streams",
    )
    classes = parse_classes(arguments.classes, config.prompts.aliases)
    return Streams(experiment, Bench(encoder, classes, config, arguments.subset))
