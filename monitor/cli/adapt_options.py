"""The options of `adapt`: which sound is paired with which caption, and how an adapter is trained."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from monitor.cli.arguments import Flags, options_of
from monitor.cli.values import amount, count, number, positive, share
from monitor.errors import ConfigError
from monitor.files.paths import user_path

if TYPE_CHECKING:
    from monitor.learning.adaptation import AdaptOptions
    from monitor.learning.curation import CurationOptions


def add_model(parser: Flags) -> None:
    """Add the flags that say which model is meant."""
    parser.add_argument(
        "--model", metavar="NAME", help="a model of `monitor models list`, or ./FOLDER with model.toml in it"
    )
    parser.add_argument("--config", type=user_path, metavar="FILE", help="TOML file over the defaults")
    parser.add_argument("--json", action="store_true", help="JSON on standard output")


def add_adapt_options(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say how a version is made."""
    add_model(parser)
    parser.add_argument(
        "--classes", metavar="A,B", help="what is listened for (default: the configuration's)"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="say whether it would be kept, and keep nothing"
    )
    add_own_judgement(parser)
    parser.add_argument(
        "--out", type=user_path, metavar="FILE.npz", help="write the adapter there too, kept or not"
    )
    add_curation(parser.add_argument_group("which sound is paired with which caption"))
    _add_training(parser.add_argument_group("how it is trained"))


def add_own_judgement(parser: Flags) -> None:
    """Add the flag by which a trial may rest on the model itself."""
    parser.add_argument(
        "--own-judgement",
        action="store_true",
        help="may be kept though only the model itself says what the left-out sound is",
    )


def add_curation(group: Flags) -> None:
    """Add the flags that say which sound is paired with which caption."""
    group.add_argument(
        "--captions", type=user_path, metavar="FILE", help="one a line (default: names of sounds)"
    )
    group.add_argument("--prompt", metavar="TEXT", help="what names are put into, {} for the name")
    group.add_argument(
        "--domain",
        choices=("targeted", "general"),
        default="targeted",
        help="captions near the classes only, or all (default %(default)s)",
    )
    group.add_argument(
        "--near", type=number, default=0.45, metavar="X", help="cosine of near (default %(default)s)"
    )
    group.add_argument(
        "--share", type=positive, default=0.5, metavar="X", help="of the sound kept (default %(default)s)"
    )
    group.add_argument(
        "--min-cosine", type=number, default=-1.0, metavar="X", help="pairs less alike are left out"
    )
    group.add_argument(
        "--plain-cosines",
        dest="standardised",
        action="store_false",
        help="do not weigh how often a caption fits ordinary sound",
    )
    group.add_argument(
        "--most-per-caption", type=count, default=0, metavar="N", help="sounds of one caption (default: all)"
    )


def _add_training(group: Flags) -> None:
    group.add_argument("--rank", type=count, default=16, metavar="N", help="of the map (default %(default)s)")
    group.add_argument(
        "--temperature", type=positive, default=0.05, metavar="X", help="of the loss (default %(default)s)"
    )
    group.add_argument("--decay", type=amount, default=0.0, metavar="X", help="towards no change")
    add_learning(group, learning_rate=1e-3)


def add_learning(group: Flags, learning_rate: float) -> None:
    """Add the flags that say how anything is trained."""
    group.add_argument(
        "--softness", type=share, default=0.3, metavar="X", help="0: hard labels (default %(default)s)"
    )
    group.add_argument("--epochs", type=count, default=20, metavar="N", help="default %(default)s")
    group.add_argument("--batch", type=count, default=128, metavar="N", help="default %(default)s")
    group.add_argument(
        "--learning-rate", type=positive, default=learning_rate, metavar="X", help="default %(default)s"
    )
    group.add_argument(
        "--last-learning-rate", type=amount, default=1e-8, metavar="X", help="default %(default)s"
    )
    group.add_argument("--seed", type=int, default=0, metavar="N", help="default %(default)s")


def adapt_options(arguments: argparse.Namespace) -> AdaptOptions:
    """Return what these flags say of an adapter.

    Raises
    ------
    ConfigError
        A value does not fit.
    """
    from monitor.learning.adaptation import AdaptOptions
    from monitor.learning.adapter_training import TrainingOptions

    return AdaptOptions(
        curation=curation_options(arguments),
        training=options_of(TrainingOptions, arguments, scale=1.0 / arguments.temperature),
        ignore_labels=getattr(arguments, "ignore_labels", False),
        own_judgement=arguments.own_judgement,
    )


def curation_options(arguments: argparse.Namespace) -> CurationOptions:
    """Return what these flags say of the pairs.

    Raises
    ------
    ConfigError
        A value does not fit.
    """
    from monitor.learning.curation import CurationOptions

    if arguments.share > 1.0:
        raise ConfigError(f"--share is {arguments.share:g}; valid: above 0, up to 1.")
    return options_of(CurationOptions, arguments)
