"""`monitor eval streams` on the command line: the monitor itself on streams with sounds at known times."""

from __future__ import annotations

import argparse
import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.cli.arguments import AddVerb, Flags, model_flag
from monitor.cli.eval_options import Folds, Kind, add_common, hear_each, open_encoder, sets_of_folds
from monitor.cli.values import amount, count, numbers
from monitor.config.settings import load_config
from monitor.console import tell
from monitor.errors import ConfigError
from monitor.extras import install
from monitor.files.paths import user_path

if TYPE_CHECKING:
    from monitor.evaluation.eval_streams import Report
    from monitor.evaluation.synthesis.parts import StreamExperiment


def add_streams(kinds: Any, add_verb: AddVerb) -> None:
    """Add `streams` to the kinds of `eval`."""
    streams = add_verb(kinds, "streams", _streams, "60 s streams: backgrounds with sounds at known times")
    add_common(streams)
    streams.add_argument("--classes", default="siren,dog_bark", metavar="A,B", help="labels of the data")
    streams.add_argument(
        "--events", metavar="A,B", help="those of them that sound in the streams (default: all)"
    )
    streams.add_argument("--model", metavar="NAME", help="a model of `monitor models list`")
    streams.add_argument(
        "--streams", type=count, default=40, metavar="N", help="per SNR (default %(default)s)"
    )
    streams.add_argument("--snr", type=numbers, default="10,0", metavar="DB,DB", help="default %(default)s")
    streams.add_argument("--methods", default="monitor,zero-shot", metavar="A,B", help="default %(default)s")
    streams.add_argument(
        "--distractors", type=int, default=1, metavar="N", help="other sounds per stream (default 1)"
    )
    streams.add_argument(
        "--negative-hours",
        type=amount,
        default=0.0,
        metavar="H",
        help="also so many hours of backgrounds, speech and music without any of the classes",
    )
    _add_thresholds(streams)
    streams.add_argument(
        "--plans", type=user_path, nargs="+", default=(), metavar="FILE", help="hear the lists of another run"
    )
    streams.add_argument(
        "--unlabelled",
        type=user_path,
        metavar="FILE",
        help="sounds that are there without a label, from tools/maintain/annotate_negatives.py; all is then "
        "counted with and without them (default: those known of the development data)",
    )
    streams.add_argument("--no-cache", action="store_true", help="hear all again, and keep no embeddings")


def _add_thresholds(streams: Flags) -> None:
    streams.add_argument(
        "--false-alarms",
        type=_rates,
        default=(1.0,),
        metavar="N,N",
        help="per hour, all classes together: report the best point of the curve within each (default 1)",
    )
    streams.add_argument(
        "--learn-thresholds",
        action="store_true",
        help="also set thresholds for each of --false-alarms from half of the streams without events, as "
        "`monitor run --false-alarms` does, and report what they give on the rest",
    )
    streams.add_argument(
        "--thresholds", type=user_path, metavar="FILE", help="thresholds chosen elsewhere, over --config"
    )
    streams.add_argument(
        "--write-thresholds",
        type=user_path,
        metavar="FILE",
        help="the best thresholds per class within the first of --false-alarms, as configuration",
    )


def _rates(text: str) -> tuple[float, ...]:
    """Read numbers of false alarms per hour."""
    return tuple(dict.fromkeys(amount(part) for part in text.split(",")))


def _streams(arguments: argparse.Namespace) -> int:
    from monitor.evaluation.eval_streams import run_streams, write_report
    from monitor.evaluation.metrics.operating_points import with_thresholds
    from monitor.evaluation.metrics.sed import is_there
    from monitor.evaluation.reports.stream_tables import terminal_table
    from monitor.evaluation.synthesis.parts import Bench
    from monitor.scoring.prompts import parse_classes

    if find_spec("scipy") is None:
        raise ConfigError(f"`monitor eval streams` needs scipy for its intervals: {install(extra='eval')}")
    config = load_config(arguments.config, os.environ, model_flag(arguments))
    if arguments.write_thresholds is not None and not arguments.write_thresholds.parent.is_dir():
        raise ConfigError(f"There is no folder for {arguments.write_thresholds}; make it first.")
    if arguments.write_thresholds is not None and len(sets_of_folds(arguments)) > 1:
        raise ConfigError("--write-thresholds chooses on one set of folds; join them, as --folds 1+2+3.")
    if arguments.thresholds is not None:
        config = with_thresholds(config, arguments.thresholds)
    classes = parse_classes(arguments.classes, config.prompts.aliases)
    bench = Bench(open_encoder(config, config.model.name), classes, config, arguments.subset)

    def run(folds: Folds, out: Path | None) -> Report:
        report = run_streams(_stream_experiment(arguments, folds, out), bench)
        if not is_there():
            needed = f"need sed_eval and psds_eval ({install(extra='eval')}); they are left out."
            tell(f"Event-based F1 and PSDS {needed}")
        return report

    return hear_each(
        arguments, Kind(run, write_report, lambda report: terminal_table(report.rows), "curve.png")
    )


def _stream_experiment(arguments: argparse.Namespace, folds: Folds, out: Path | None) -> StreamExperiment:
    from monitor.evaluation.data.unlabelled import KNOWN
    from monitor.evaluation.methods.embedding_store import kept_file
    from monitor.evaluation.synthesis.parts import StreamExperiment

    return StreamExperiment(
        data=arguments.data,
        backgrounds=arguments.backgrounds,
        folds=folds,
        n_streams=arguments.streams,
        snrs_db=arguments.snr,
        methods=tuple(arguments.methods.split(",")),
        seed=arguments.seed,
        distractors=arguments.distractors,
        events=() if arguments.events is None else tuple(arguments.events.split(",")),
        negative_hours=arguments.negative_hours,
        false_alarms=arguments.false_alarms,
        learn=arguments.learn_thresholds,
        unlabelled=arguments.unlabelled or KNOWN,
        plans=tuple(arguments.plans),
        thresholds=arguments.write_thresholds,
        keep=None if arguments.no_cache else kept_file(),
        out=out,
    )
