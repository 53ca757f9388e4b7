"""What the kinds of `eval` share on the command line: flags, and how results are shown."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from monitor.cli.values import fold_sets
from monitor.config.settings import Config
from monitor.console import show_json, show_table, tell
from monitor.errors import ConfigError, ModelAbsent
from monitor.extras import install
from monitor.files.paths import user_path

if TYPE_CHECKING:
    from rich.table import Table

    from monitor.encoders import Encoder

Found = TypeVar("Found")
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


def needs_matplotlib() -> str:
    """Return why a plot is left out, for after its name."""
    return f"needs matplotlib ({install(extra='eval')}); the CSV files have the points."


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
    """Return a model by name, otherwise as configured; `NAME+adapter`, `NAME+FILE.npz`: with an adapter.

    By its name alone it is measured as it is, whatever was adapted here.
    """
    from msgspec.structs import replace

    from monitor.encoders import load
    from monitor.encoders.adapted import AdaptedEncoder

    plain, plus, adapter = name.rpartition("+")
    if not plus or not (adapter == "adapter" or adapter.endswith(".npz")):
        return load(replace(config.model, name=name, adapter="none"))
    which = "auto" if adapter == "adapter" else adapter
    encoder = load(replace(config.model, name=plain, adapter=which))
    if not isinstance(encoder, AdaptedEncoder):
        raise ConfigError(f"No adapter of the model {plain!r} is in use; `monitor adapt history` lists all.")
    encoder.info = replace(encoder.info, name=f"{encoder.info.name}+{Path(adapter).stem}")
    return encoder


class OpenModels(msgspec.Struct, frozen=True):
    """The models that were asked for, as far as they are here."""

    encoders: tuple[Encoder, ...]
    absent: tuple[str, ...]
    """Of each of the others why it is not, as a sentence."""

    @property
    def exit_code(self) -> int:
        """1 where something that was asked for was left out."""
        return 1 if self.absent else 0


def open_models(config: Config, names: Sequence[str], *, quiet: bool = False) -> OpenModels:
    """Return models by name; one that is known and not here is left out and told, if another one is here.

    Parameters
    ----------
    quiet
        What is left out is told by the caller.

    Raises
    ------
    ConfigError
        A model is listed twice.
    ModelAbsent
        None is here.
    ModelError
        One is unknown or damaged.
    """
    encoders: list[Encoder] = []
    absent: list[str] = []
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"The model {name!r} is listed twice; give each model once.")
        try:
            encoders.append(open_encoder(config, name))
        except ModelAbsent as error:
            absent.append(str(error))
    for sentence in [] if quiet and encoders else absent if encoders else absent[:-1]:
        tell(f"left out: {sentence}")
    if not encoders:
        raise ModelAbsent(absent[-1])
    return OpenModels(tuple(encoders), tuple(absent))


class Kind(msgspec.Struct, Generic[Found], frozen=True):
    """A kind of `eval`: how it measures, and how what it found is shown."""

    run: Callable[[Folds, Path | None], Found]
    """Takes the folds that are heard together and the folder to write to, if any."""
    write: Callable[[Path, Found], bool]
    """Writes all of it into a folder; false where a plot needs matplotlib and it is missing."""
    table: Callable[[Found], Table]
    """What of it a terminal shows."""
    plot: str
    """Name of the plot that needs matplotlib."""
    beside: Callable[[Found], Table | None] = lambda _: None
    """A second table, of models side by side; None: there is one model."""


def hear_each(arguments: argparse.Namespace, kind: Kind[Any]) -> int:
    """Measure fold by fold; print each report, or the table that stands for it; return the exit code.

    Of several folds each has a folder of its own below `--out`, with `results.md` of all of them beside it;
    the JSON object then has the folds as its keys.
    """
    sets = {"+".join(map(str, folds)): folds for folds in sets_of_folds(arguments)}
    folders = dict.fromkeys(sets, arguments.out)
    if arguments.out is not None and len(sets) > 1:
        folders = {name: arguments.out / f"fold_{name}" for name in sets}
    reports = {}
    for name, folds in sets.items():
        make_folder(folders[name])
        reports[name] = kind.run(folds, folders[name])
        if folders[name] is not None and not kind.write(folders[name], reports[name]):
            tell(f"{kind.plot} {needs_matplotlib()}")
        if not arguments.json:
            for table in filter(None, (kind.table(reports[name]), kind.beside(reports[name]))):
                table.title = f"fold {name}: {table.title or 'all figures'}" if name else table.title
                show_table(table)
    if arguments.json:
        show_json(msgspec.json.encode(reports if len(sets) > 1 else reports.popitem()[1]))
    if arguments.out is not None and len(sets) > 1:
        parts = [
            f"## Fold {name}\n\n{(at / 'results.md').read_text('utf-8')}" for name, at in folders.items()
        ]
        (arguments.out / "results.md").write_text("\n".join(parts), "utf-8")
    return 0


def sets_of_folds(arguments: argparse.Namespace) -> tuple[Folds, ...]:
    """Return the folds that are heard together, set by set; lists of another run are one set."""
    from monitor.corpus.layouts import read_data

    if arguments.plans:
        return ((),)
    if arguments.folds:
        return tuple(arguments.folds)
    return tuple((fold,) for fold in read_data(arguments.data, arguments.backgrounds).usual_folds)
