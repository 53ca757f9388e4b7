"""`monitor eval paper` on the command line: our figures beside those of a paper."""

from __future__ import annotations

import argparse
import os
from typing import Any

import msgspec

from monitor.cli.adapted_models import AdaptedModels
from monitor.cli.arguments import AddVerb
from monitor.cli.eval_options import OpenModels, add_common, make_folder, needs_matplotlib, open_models
from monitor.cli.values import count
from monitor.config.settings import Config, load_config
from monitor.console import show, show_json, show_table, tell
from monitor.files.paths import user_path

_PAPERS = ("2306.12300", "2506.04376", "2606.04844", "2305.01864")
_EPILOG = """\
papers (numbers of arXiv):
  2306.12300   Kushwaha & Fuentes 2023: zero-shot, prototypes from unlabelled clips (tgap), supervised bounds;
               prompts 1 to 5, k 1 to 100
  2506.04376   Acevedo, Rocamora & Fuentes 2025: the background taken off, four variants; tau, k
  2606.04844   Vo, Zaheer & Park 2026: a bonus for drift, over these variants; beta
  2305.01864   Wang et al. 2023: models adapted to unlabelled clips, as `monitor adapt` does

data: ESC-50 and UrbanSound8K are heard fold by fold, and the mean is the figure; of FSD50K its eval part; of
an index folds 4 and 6, each by itself. Sound in noise needs backgrounds, in the papers TAU Urban Acoustic
Scenes (--backgrounds).

example:
  monitor eval paper --paper 2306.12300 --data ESC-50-master --model clap,msclap,audioclip,wav2clip --out DIR
"""


def add_paper(kinds: Any, add_verb: AddVerb) -> None:
    """Add `paper` to the kinds of `eval`."""
    paper = add_verb(kinds, "paper", _paper, "the trial of a paper, and its figures beside ours")
    paper.formatter_class = argparse.RawDescriptionHelpFormatter
    paper.epilog = _EPILOG
    paper.add_argument("--paper", choices=_PAPERS, required=True, help="its number on arXiv")
    add_common(paper)
    paper.add_argument(
        "--model",
        metavar="A,B",
        help="models as for `eval noise` (default: the configured one, and those of the paper that are here)",
    )
    paper.add_argument(
        "--min-clips", type=count, default=4, metavar="N", help="per class, at least (default %(default)s)"
    )
    paper.add_argument(
        "--captions",
        type=user_path,
        metavar="FILE",
        help="2305.01864: a caption a line, to pair with the clips (default: the program's names of sounds)",
    )
    paper.add_argument("--no-cache", action="store_true", help="hear all again, and keep no embeddings")


def _paper(arguments: argparse.Namespace) -> int:
    from monitor.evaluation.clip_task import ClipBench, ClipExperiment
    from monitor.evaluation.eval_paper import PaperExperiment, run_paper
    from monitor.evaluation.papers.protocols import PROTOCOLS
    from monitor.evaluation.reports.paper_tables import terminal_tables, write_report
    from monitor.learning.captions import read_captions

    make_folder(arguments.out)
    config = load_config(arguments.config, os.environ, {})
    models = _models(arguments, config)
    clips = ClipExperiment(
        data=arguments.data,
        backgrounds=arguments.backgrounds,
        snrs_db=PROTOCOLS[arguments.paper].snrs_db,
        min_clips=arguments.min_clips,
        seed=arguments.seed,
    )
    experiment = PaperExperiment(
        paper=arguments.paper, clips=clips, folds=arguments.folds, keeps=not arguments.no_cache
    )
    variants = AdaptedModels(() if arguments.captions is None else read_captions(arguments.captions))
    report = run_paper(experiment, ClipBench(models.encoders, config, arguments.subset), variants)
    report.left_out[:0] = models.absent
    if arguments.out is not None and not write_report(arguments.out, report):
        tell(f"published.png {needs_matplotlib()}")
    if arguments.json:
        show_json(msgspec.json.encode(report))
    else:
        for table in terminal_tables(report):
            show_table(table)
        for sentence in report.left_out if arguments.model is None else report.left_out[len(models.absent) :]:
            show(f"not run: {sentence}")
    return models.exit_code if arguments.model is not None else 0


def _models(arguments: argparse.Namespace, config: Config) -> OpenModels:
    """Return the models that were asked for, else the configured one and the paper's that are here."""
    from monitor.evaluation.papers.protocols import PROTOCOLS

    if arguments.model is not None:
        return open_models(config, arguments.model.split(","))
    names = dict.fromkeys([config.model.name, *PROTOCOLS[arguments.paper].models])
    return open_models(config, list(names), quiet=True)
