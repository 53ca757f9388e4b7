"""The `eval` verb: what it takes on the command line, and what it prints."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.config import Config, load_config
from monitor.errors import ConfigError

if TYPE_CHECKING:
    from rich.table import Table

    from monitor.encoders import Encoder

_PIPED_WIDTH = 200
"""Columns of a table that goes into a file or a pipe."""
_NEEDS_MATPLOTLIB = "needs matplotlib (pip install 'monitor[eval]'); the CSV files have the points."

AddVerb = Callable[[Any, str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]


def add_eval(verbs: Any, add_verb: AddVerb) -> None:
    """Add `eval` and its kinds to the verbs of the program."""
    parser = verbs.add_parser("eval", help="measure models and the monitor on real sound", allow_abbrev=False)
    kinds = parser.add_subparsers(required=True, metavar="KIND")
    clips = add_verb(kinds, "clips", _clips, "single sounds in noise: which class is it, by any model")
    _add_common(clips)
    clips.add_argument("--classes", metavar="A,B", help="labels of the index (default: all there are)")
    clips.add_argument(
        "--model", metavar="A,B", help="models of `monitor models list`; two are compared pairwise"
    )
    clips.add_argument(
        "--snr", type=_snrs, default="clean,20,10,6,3,0,-5", metavar="DB,DB", help="default %(default)s"
    )
    clips.add_argument("--prompt", metavar="TEMPLATE", help="with one {}; default each model's own")
    clips.add_argument(
        "--min-clips", type=_count, default=4, metavar="N", help="per class, at least (default %(default)s)"
    )
    clips.add_argument(
        "--false-alarm-rate", type=_share, default=0.01, metavar="P", help="for recall (default %(default)s)"
    )
    clips.add_argument("--plans", type=Path, metavar="FILE", help="hear the mixtures.jsonl of another run")
    streams = add_verb(kinds, "streams", _streams, "60 s streams: backgrounds with sounds at known times")
    _add_common(streams)
    streams.add_argument("--classes", default="siren,dog_bark", metavar="A,B", help="labels of the index")
    streams.add_argument(
        "--events", metavar="A,B", help="those of them that sound in the streams (default: all)"
    )
    streams.add_argument("--model", metavar="NAME", help="a model of `monitor models list`")
    streams.add_argument(
        "--streams", type=_count, default=40, metavar="N", help="per SNR (default %(default)s)"
    )
    streams.add_argument("--snr", type=_numbers, default="10,0", metavar="DB,DB", help="default %(default)s")
    streams.add_argument("--methods", default="monitor,zero-shot", metavar="A,B", help="default %(default)s")
    streams.add_argument(
        "--distractors", type=int, default=1, metavar="N", help="other sounds per stream (default 1)"
    )
    streams.add_argument(
        "--negative-hours",
        type=_amount,
        default=0.0,
        metavar="H",
        help="also so many hours of backgrounds, speech and music without any of the classes",
    )
    streams.add_argument(
        "--false-alarms",
        type=_amount,
        default=1.0,
        metavar="N",
        help="per hour, all classes together: report the best point of the curve within it (default 1)",
    )
    streams.add_argument(
        "--thresholds", type=Path, metavar="FILE", help="thresholds chosen elsewhere, over --config"
    )
    streams.add_argument(
        "--write-thresholds",
        type=Path,
        metavar="FILE",
        help="the best thresholds per class within --false-alarms, as configuration",
    )
    streams.add_argument(
        "--plans", type=Path, nargs="+", default=(), metavar="FILE", help="hear the lists of another run"
    )


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(subset=None)  # tools take a part of a fold: Bench.subset
    parser.add_argument("--data", type=Path, required=True, metavar="INDEX", help="CSV index of clips")
    parser.add_argument("--folds", type=_whole, default="4", metavar="N,M", help="default %(default)s")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--config", type=Path, metavar="FILE", help="TOML file over the defaults")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="tables, pictures and the list of all mixtures"
    )
    parser.add_argument(
        "--json", action="store_true", help="all figures as one JSON object on standard output"
    )


def _clips(arguments: argparse.Namespace) -> int:
    from monitor.evaluation.clip_tables import terminal_table, write_report
    from monitor.evaluation.recognition import ClipBench, ClipTrial, run_clips
    from monitor.prompts import parse_classes

    flags = {} if arguments.prompt is None else {"prompts": {"template": arguments.prompt}}
    config = load_config(arguments.config, os.environ, flags)
    _make_folder(arguments.out)
    names = (arguments.model or config.model.name).split(",")
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"The model {name!r} is listed twice; give each model once.")
    trial = ClipTrial(
        index=arguments.data,
        folds=arguments.folds,
        snrs_db=arguments.snr,
        classes=() if arguments.classes is None else tuple(parse_classes(arguments.classes)),
        min_clips=arguments.min_clips,
        false_alarm_rate=arguments.false_alarm_rate,
        seed=arguments.seed,
        mixtures=arguments.plans,
    )
    bench = ClipBench([_encoder(config, name) for name in names], config, arguments.subset)
    report = run_clips(trial, bench)
    if arguments.out is not None and not write_report(arguments.out, report):
        _tell(f"accuracy.png {_NEEDS_MATPLOTLIB}")
    _show(report, terminal_table(report), as_json=arguments.json)
    return 0


def _streams(arguments: argparse.Namespace) -> int:
    from monitor.evaluation.command import Bench, StreamTrial, run_streams, write_report
    from monitor.evaluation.operating import with_thresholds
    from monitor.evaluation.tables import terminal_table
    from monitor.prompts import parse_classes

    flags = {} if arguments.model is None else {"model": {"name": arguments.model}}
    config = load_config(arguments.config, os.environ, flags)
    _make_folder(arguments.out)
    if arguments.write_thresholds is not None and not arguments.write_thresholds.parent.is_dir():
        raise ConfigError(f"There is no folder for {arguments.write_thresholds}; make it first.")
    if arguments.thresholds is not None:
        config = with_thresholds(config, arguments.thresholds)
    trial = StreamTrial(
        index=arguments.data,
        folds=arguments.folds,
        n_streams=arguments.streams,
        snrs_db=arguments.snr,
        methods=tuple(arguments.methods.split(",")),
        seed=arguments.seed,
        distractors=arguments.distractors,
        events=() if arguments.events is None else tuple(arguments.events.split(",")),
        negative_hours=arguments.negative_hours,
        false_alarms=arguments.false_alarms,
        plans=tuple(arguments.plans),
        thresholds=arguments.write_thresholds,
        out=arguments.out,
    )
    classes = parse_classes(arguments.classes, config.prompts.aliases)
    bench = Bench(_encoder(config, config.model.name), classes, config, arguments.subset)
    report = run_streams(trial, bench)
    if arguments.out is not None and not write_report(arguments.out, report):
        _tell(f"curve.png {_NEEDS_MATPLOTLIB}")
    _show(report, terminal_table(report.rows), as_json=arguments.json)
    return 0


def _make_folder(out: Path | None) -> None:
    """Refuse a folder that cannot be written before hours of listening rather than after."""
    if out is None:
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"Cannot write to the folder {out}: {error.strerror}; name another --out."
        ) from None


def _encoder(config: Config, name: str) -> Encoder:
    from msgspec.structs import replace

    from monitor.encoders import load

    return load(replace(config.model, name=name))


def _show(report: Any, table: Table, *, as_json: bool) -> None:
    import msgspec
    from rich.console import Console

    if as_json:
        print(msgspec.json.encode(report).decode(), flush=True)  # noqa: T201
        return
    Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH).print(table)


def _tell(sentence: str) -> None:
    print(f"monitor: {sentence}", file=sys.stderr)  # noqa: T201


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(_number(part) for part in text.split(","))


def _snrs(text: str) -> tuple[float, ...]:
    """Read decibels; `clean` is without a background."""
    return tuple(math.inf if part == "clean" else _number(part) for part in text.split(","))


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number; a list is written as 10,0")
    return value


def _whole(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of whole numbers such as 3,4") from None


def _count(text: str) -> int:
    value = int(text) if text.isdecimal() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number above 0")
    return value


def _amount(text: str) -> float:
    value = _number(text)
    if value < 0.0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return value


def _share(text: str) -> float:
    value = _number(text)
    if not 0.0 <= value < 1.0:
        raise argparse.ArgumentTypeError(f"{text} is not a share such as 0.01")
    return value
