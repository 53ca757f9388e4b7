"""`monitor eval clips` and `monitor eval noise` on the command line: single sounds in noise, by any model."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.cli.arguments import AddVerb, prompt_flag
from monitor.cli.eval_options import Folds, Kind, add_common, hear_each, open_models
from monitor.cli.values import amount, count, numbers, share, snrs, whole
from monitor.config.settings import load_config
from monitor.files.paths import user_path

if TYPE_CHECKING:
    from monitor.evaluation.clip_task import ClipBench, ClipExperiment
    from monitor.evaluation.eval_clips import ClipReport
    from monitor.evaluation.eval_noise import NoiseReport
    from monitor.evaluation.methods.method_runner import Grid
    from monitor.evaluation.methods.methods import Settings

_METHODS = "zero-shot,text-background,audio-background,drift,tgap,auto"
_TAUS = "0:1.5:.1"
_BETAS = "0,.02,.05,.1,.2,.3,.5,1"
_KS = "1,2,3,5,10,20,35,50,75,100"


_EPILOG = """\
methods:
  zero-shot          nearest words; always measured, and what all others are compared with

  what a sound is compared with, at most one of:
  tgap               the mean of the --k unlabelled clips nearest to the words
  few-shot           the mean of --shots labelled clips        } with labels: what could
  class-means        the mean of all labelled clips            } be reached, not what is
  mlp                a network of three layers, from labels    } offered

  what is taken off, at most one of:
  text-background    words for a background, times --tau-text
  audio-background   other parts of the mixture's background, times --tau-audio
  auto               the same, times how much the mixture at hand sounds like it: no weight to find,
                     and what `monitor run` does

  what may be added:
  drift              --beta times the cosine with where noise takes the words

example:
  monitor eval noise --data ESC-50-master --backgrounds TAU-2020 --snr clean,-5:20:5 \\
      --methods zero-shot,auto,tgap+auto --tau-grid --out DIR
"""


def add_clips(kinds: Any, add_verb: AddVerb) -> None:
    """Add `clips` to the kinds of `eval`."""
    clips = add_verb(kinds, "clips", _clips, "single sounds in noise: which class is it, by any model")
    add_common(clips)
    _add_sounds(clips)
    clips.add_argument(
        "--false-alarm-rate", type=share, default=0.01, metavar="P", help="for recall (default %(default)s)"
    )


def add_noise(kinds: Any, add_verb: AddVerb) -> None:
    """Add `noise` to the kinds of `eval`."""
    noise = add_verb(kinds, "noise", _noise, "single sounds in noise: what each method gains, by any model")
    noise.formatter_class = argparse.RawDescriptionHelpFormatter
    noise.epilog = _EPILOG
    add_common(noise)
    _add_sounds(noise)
    noise.add_argument(
        "--methods",
        default=_METHODS,
        metavar="A,B+C",
        help="methods as below, joined by '+' where they are of different kinds (default %(default)s)",
    )
    noise.add_argument(
        "--prompts",
        type=_prompts,
        default=(),
        metavar="1-5",
        help="zero-shot with these too: 1 {}, 2 I can hear {}, 3 This is an audio of {}, 4 This is {}, "
        "5 This is a sound of {}",
    )
    noise.add_argument(
        "--pool-folds",
        type=whole,
        default=(),
        metavar="N,M",
        help="what tgap, few-shot, class-means and mlp learn from (default: all folds "
        "that are neither heard nor 4 or 6 of an index)",
    )
    _add_settings(noise)
    _add_grids(noise)
    noise.add_argument("--no-cache", action="store_true", help="hear all again, and keep no embeddings")


def _add_sounds(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say which single sounds are heard, how, and by whom."""
    parser.add_argument("--classes", metavar="A,B", help="labels of the data (default: all there are)")
    parser.add_argument(
        "--model",
        metavar="A,B",
        help="models of `monitor models list`, msclap, msclap23, audioclip, wav2clip, or folders; several "
        "are laid side by side, two or three compared pairwise; one that is not here is told and left out",
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


def _add_settings(noise: argparse.ArgumentParser) -> None:
    noise.add_argument(
        "--tau-text", type=amount, metavar="T", help="share of the text background taken off (default 0.2)"
    )
    noise.add_argument(
        "--tau-audio", type=amount, metavar="T", help="share of the background taken off (default 0.7)"
    )
    noise.add_argument("--beta", type=amount, metavar="B", help="weight of the drift bonus (default 0.1)")
    noise.add_argument("--k", type=count, metavar="N", help="clips in a prototype of tgap (default 35)")
    noise.add_argument(
        "--shots", type=count, metavar="N", help="clips of each class for few-shot (default 5)"
    )


def _add_grids(noise: argparse.ArgumentParser) -> None:
    for name, default, read in (("tau", _TAUS, numbers), ("beta", _BETAS, numbers), ("k", _KS, _counts)):
        noise.add_argument(
            f"--{name}-grid",
            nargs="?",
            type=read,
            const=read(default),
            metavar="A,B",
            help=f"also try every method that has a {name} at these values (without any: {default})",
        )


def _clips(arguments: argparse.Namespace) -> int:
    from monitor.evaluation.eval_clips import run_clips
    from monitor.evaluation.reports.clip_tables import terminal_table, write_report

    bench, exit_code = _bench(arguments)

    def run(folds: Folds, _: Path | None) -> ClipReport:
        return run_clips(_experiment(arguments, folds), bench, arguments.false_alarm_rate)

    return hear_each(arguments, Kind(run, write_report, terminal_table, "accuracy.png")) or exit_code


def _noise(arguments: argparse.Namespace) -> int:
    from monitor.evaluation.eval_noise import NoiseExperiment, run_noise
    from monitor.evaluation.methods.embedding_store import kept_file
    from monitor.evaluation.methods.methods import parse_method
    from monitor.evaluation.reports.model_tables import models_side_by_side
    from monitor.evaluation.reports.noise_tables import terminal_table, write_report

    methods = tuple(parse_method(name) for name in arguments.methods.split(","))
    bench, exit_code = _bench(arguments)

    def run(folds: Folds, _: Path | None) -> NoiseReport:
        experiment = NoiseExperiment(
            clips=_experiment(arguments, folds),
            pool_folds=arguments.pool_folds,
            methods=methods,
            prompts=arguments.prompts,
            grids=_grids(arguments),
            settings=_settings(arguments),
            keep=None if arguments.no_cache else kept_file(),
        )
        return run_noise(experiment, bench)

    kind = Kind(run, write_report, terminal_table, "noise.png", models_side_by_side)
    return hear_each(arguments, kind) or exit_code


def _experiment(arguments: argparse.Namespace, folds: Folds) -> ClipExperiment:
    """Return what `_add_sounds` asks for."""
    from monitor.evaluation.clip_task import ClipExperiment
    from monitor.scoring.prompts import parse_classes

    return ClipExperiment(
        data=arguments.data,
        backgrounds=arguments.backgrounds,
        folds=folds,
        snrs_db=arguments.snr,
        classes=() if arguments.classes is None else tuple(parse_classes(arguments.classes)),
        min_clips=arguments.min_clips,
        seed=arguments.seed,
        mixtures=arguments.plans,
    )


def _bench(arguments: argparse.Namespace) -> tuple[ClipBench, int]:
    """Return the models that `_add_sounds` names, loaded, and the exit code: 1 where one is not here."""
    from monitor.evaluation.clip_task import ClipBench

    config = load_config(arguments.config, os.environ, prompt_flag(arguments))
    names = (arguments.model or config.model.name).split(",")
    models = open_models(config, names)
    return ClipBench(models.encoders, config, arguments.subset), models.exit_code


def _settings(arguments: argparse.Namespace) -> Settings:
    from monitor.evaluation.methods.methods import Settings

    names = ("tau_text", "tau_audio", "beta", "k", "shots")
    given = {name: value for name in names if (value := getattr(arguments, name)) is not None}
    return Settings(**given, seed=arguments.seed)


def _grids(arguments: argparse.Namespace) -> tuple[Grid, ...]:
    from monitor.evaluation.methods.method_runner import Grid

    asked = (Grid("tau", arguments.tau_grid), Grid("beta", arguments.beta_grid), Grid("k", arguments.k_grid))
    return tuple(grid for grid in asked if grid.values is not None)


def _prompts(text: str) -> tuple[int, ...]:
    """Read numbers of templates: `1-5`, `3,5`."""
    found: list[int] = []
    for part in text.split(","):
        ends = re.fullmatch(r"([1-5])(?:-([1-5]))?", part.strip())
        if ends is None or int(ends[2] or ends[1]) < int(ends[1]):
            raise argparse.ArgumentTypeError(
                f"{text!r} does not name templates; write 1-5 or a list such as 3,5"
            )
        found += range(int(ends[1]), int(ends[2] or ends[1]) + 1)
    return tuple(dict.fromkeys(found))


def _counts(text: str) -> tuple[float, ...]:
    return tuple(float(count(part)) for part in text.split(","))
