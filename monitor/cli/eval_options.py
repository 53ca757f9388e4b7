"""What the kinds of `eval` share on the command line: flags, and how results are shown."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.cli.values import count, fold_sets, snrs
from monitor.config.settings import Config, load_config
from monitor.console import show_json, show_table
from monitor.errors import ConfigError
from monitor.files.paths import user_path

if TYPE_CHECKING:
    from rich.table import Table

    from monitor.encoders import Encoder
    from monitor.evaluation.eval_clips import ClipBench, ClipExperiment

NEEDS_MATPLOTLIB = "needs matplotlib (pip install 'monitor[eval]'); the CSV files have the points."
NEEDS_SED = "need sed_eval and psds_eval (pip install 'monitor[eval]'); they are left out."
Folds = tuple[int, ...]
"""Folds that are heard together; empty: what lists of another run name."""


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add the flags of every kind."""
    parser._negative_number_matcher = re.compile(r"-\.?\d")  # noqa: SLF001 - else -5,0 and -5:20:1 are no values
    parser.set_defaults(subset=None)  # tools take a part of a fold: Bench.subset
    parser.add_argument(
        "--data",
        type=user_path,
        required=True,
        metavar="INDEX|DIR",
        help="CSV index of clips, or a folder laid out as ESC-50, UrbanSound8K or FSD50K",
    )
    parser.add_argument(
        "--backgrounds",
        type=user_path,
        metavar="INDEX|DIR",
        help="take all backgrounds from there, whatever their fold: an index, TAU Urban Acoustic Scenes, or "
        "any folder of sound files (default: those of --data)",
    )
    parser.add_argument(
        "--folds",
        type=fold_sets,
        default=(),
        metavar="N,M+K",
        help="each by itself, with tables of its own; joined by '+' together (default: 4 and 6 of an index, "
        "else the last: ESC-50 5, UrbanSound8K 10, FSD50K 3, its eval part)",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--config", type=user_path, metavar="FILE", help="TOML file over the defaults")
    parser.add_argument(
        "--out", type=user_path, metavar="DIR", help="tables, plots and the list of all mixtures"
    )
    parser.add_argument(
        "--json", action="store_true", help="all figures as one JSON object on standard output"
    )


def add_clip_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say which single sounds are heard, how, and by whom."""
    parser.add_argument("--classes", metavar="A,B", help="labels of the data (default: all there are)")
    parser.add_argument(
        "--model", metavar="A,B", help="models of `monitor models list`; two are compared pairwise"
    )
    parser.add_argument(
        "--snr",
        type=snrs,
        default="clean,20,10,6,3,0,-5",
        metavar="DB,DB",
        help="clean, decibels, or a range such as -5:20:1 (default %(default)s)",
    )
    parser.add_argument("--prompt", metavar="TEMPLATE", help="with one {}; default each model's own")
    parser.add_argument(
        "--min-clips", type=count, default=4, metavar="N", help="per class, at least (default %(default)s)"
    )
    parser.add_argument(
        "--plans", type=user_path, metavar="FILE", help="hear the mixtures.jsonl of another run"
    )


def clip_experiment(
    arguments: argparse.Namespace, folds: Folds, false_alarm_rate: float = 0.01
) -> ClipExperiment:
    """Return what `add_clip_flags` asks for."""
    from monitor.evaluation.eval_clips import ClipExperiment
    from monitor.scoring.prompts import parse_classes

    return ClipExperiment(
        data=arguments.data,
        backgrounds=arguments.backgrounds,
        folds=folds,
        snrs_db=arguments.snr,
        classes=() if arguments.classes is None else tuple(parse_classes(arguments.classes)),
        min_clips=arguments.min_clips,
        false_alarm_rate=false_alarm_rate,
        seed=arguments.seed,
        mixtures=arguments.plans,
    )


def clip_bench(arguments: argparse.Namespace) -> ClipBench:
    """Return the models that `add_clip_flags` names, loaded."""
    from monitor.evaluation.eval_clips import ClipBench

    flags = {} if arguments.prompt is None else {"prompts": {"template": arguments.prompt}}
    config = load_config(arguments.config, os.environ, flags)
    names = (arguments.model or config.model.name).split(",")
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"The model {name!r} is listed twice; give each model once.")
    return ClipBench([open_encoder(config, name) for name in names], config, arguments.subset)


def make_folder(out: Path | None) -> None:
    """Refuse a folder that cannot be written before hours of listening rather than after."""
    if out is None:
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"Cannot write to the folder {out}: {error.strerror}; name another --out."
        ) from None


def open_encoder(config: Config, name: str) -> Encoder:
    """Return a model by name, otherwise as configured."""
    from msgspec.structs import replace

    from monitor.encoders import load

    return load(replace(config.model, name=name))


def hear_each(arguments: argparse.Namespace, hear: Callable[[Folds, Path | None], tuple[Any, Table]]) -> None:
    """Print, fold by fold, the report that `hear` returns, or the table that stands for it.

    Of several folds each has a folder of its own below `--out`, with `results.md` of all of them beside it;
    the JSON object then has the folds as its keys.

    Parameters
    ----------
    hear
        Takes the folds that are heard together and the folder to write to, if any.
    """
    import msgspec

    sets = {"+".join(map(str, folds)): folds for folds in sets_of_folds(arguments)}
    folders = dict.fromkeys(sets, arguments.out)
    if arguments.out is not None and len(sets) > 1:
        folders = {name: arguments.out / f"fold_{name}" for name in sets}
    reports = {}
    for name, folds in sets.items():
        make_folder(folders[name])
        reports[name], table = hear(folds, folders[name])
        if not arguments.json:
            table.title = f"fold {name}: {table.title or 'all figures'}" if name else table.title
            show_table(table)
    if arguments.json:
        show_json(msgspec.json.encode(reports if len(sets) > 1 else reports.popitem()[1]))
    if arguments.out is not None and len(sets) > 1:
        parts = [
            f"## Fold {name}\n\n{(at / 'results.md').read_text('utf-8')}" for name, at in folders.items()
        ]
        (arguments.out / "results.md").write_text("\n".join(parts), "utf-8")


def sets_of_folds(arguments: argparse.Namespace) -> tuple[Folds, ...]:
    """Return the folds that are heard together, set by set; lists of another run are one set."""
    from monitor.evaluation.data.layouts import read_data

    if arguments.plans:
        return ((),)
    if arguments.folds:
        return tuple(arguments.folds)
    return tuple((fold,) for fold in read_data(arguments.data, arguments.backgrounds).usual_folds)
