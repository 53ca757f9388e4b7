"""The `models` verb: what there is, whether it is whole, and how to get more."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from monitor.cli.arguments import AddVerb
from monitor.cli.cohort import add_cohort
from monitor.cli.export import add_export
from monitor.console import show, show_json, tell
from monitor.errors import ModelError
from monitor.files.paths import user_path
from monitor.progress import FileProgress

if TYPE_CHECKING:
    from monitor.install.installer import Convert, InstallReport
    from monitor.models.catalogue import CatalogueEntry, CheckpointEntry
    from monitor.models.manifest import ModelEntry
    from monitor.models.store import StoredModel

_BAD_MODEL = 2


class ModelLine(msgspec.Struct, frozen=True):
    """One model in a list."""

    name: str
    state: str
    """`packaged`, `installed`, `installable`, or `damaged`."""
    size: int
    """Bytes of its files; 0 for one that is damaged."""
    folder: str = ""
    note: str = ""
    """What to know; what is wrong with one that is damaged."""
    entry: ModelEntry | CatalogueEntry | CheckpointEntry | None = None


def add_models(verbs: Any, add_verb: AddVerb) -> None:
    """Add `models` and what it can do to the verbs of the program."""
    summary = "list, check, install, export and remove models"
    parser = add_verb(verbs, "models", _list, summary)
    _add_json(parser, "one JSON list on standard output")
    actions = parser.add_subparsers(metavar="ACTION")
    _add_json(add_verb(actions, "list", _list, "what is there, and what can be installed"), "one JSON list")
    verify = add_verb(actions, "verify", _verify, "check the files of all models, or of one")
    verify.add_argument("name", nargs="?", metavar="NAME", help="or a folder with a slash in its name")
    _add_json(verify, "one JSON list")
    install = add_verb(actions, "install", _install, "fetch a model of the catalogue, or take a folder")
    install.add_argument(
        "what", metavar="NAME|FOLDER", help="of `monitor models list`, or with model.toml in it"
    )
    install.add_argument("--name", metavar="N", help="call it N")
    install.add_argument("--offline", action="store_true", help="take only files that are here")
    install.add_argument("--force", action="store_true", help="replace another model of that name")
    _add_json(install, "the report as JSON")
    add_export(actions, add_verb)
    add_cohort(actions, add_verb)
    remove = add_verb(actions, "remove", _remove, "delete an installed model")
    remove.add_argument("name", metavar="NAME")
    _add_json(remove, "what is gone as JSON")


def _add_json(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=what)


def _list(arguments: argparse.Namespace) -> int:
    lines = _lines()
    if _as_json(arguments):
        show_json(msgspec.json.encode(lines))
        return 0
    for line in lines:
        show(_shown(line))
    return 0


def _lines() -> list[ModelLine]:
    """Return all models: those that come with the program, the installed, the catalogue's others."""
    from monitor.models.catalogue import list_catalogue
    from monitor.models.store import model_names

    names = model_names()
    catalogue = list_catalogue()
    here = [_line_of(name, catalogue.get(name)) for name in names]
    return here + [_installable(name, entry) for name, entry in catalogue.items() if name not in names]


def _line_of(name: str, offered: CatalogueEntry | CheckpointEntry | None) -> ModelLine:
    from monitor.models.store import find_model, installed_at, packaged_models

    try:
        model = find_model(name)
        size = _size(model)
    except ModelError as error:
        return ModelLine(name, "damaged", 0, str(installed_at(name)), str(error))
    state = "packaged" if name in packaged_models() else "installed"
    note = offered.note if offered else ""
    return ModelLine(name, state, size, str(model.folder), note, model.entry)


def _size(model: StoredModel) -> int:
    return sum(_size_of(model.path(part)) for part in model.parts)


def _size_of(path: Path) -> int:
    """Return the bytes of a plain file, 0 of anything else."""
    return 0 if path.is_symlink() or not path.is_file() else path.stat().st_size


def _installable(name: str, entry: CatalogueEntry | CheckpointEntry) -> ModelLine:
    from monitor.install.model_directory import ModelDirectory

    try:
        partial = ModelDirectory(name).partial
    except ModelError:  # there is no place to install it in
        return ModelLine(name, "installable", entry.size, note=entry.note, entry=entry)
    fetched = 0 if partial.is_symlink() else sum(map(_size_of, partial.glob("*")))
    note = f"{_megabytes(fetched)} of it are here; {entry.note}" if fetched else entry.note
    return ModelLine(name, "installable", entry.size, str(partial) if fetched else "", note, entry)


def _shown(line: ModelLine) -> str:
    entry = line.entry
    if entry is None:
        return f"{line.name:12s} {line.state:11s} {line.note}"
    window_s = entry.window_len / entry.sample_rate
    note = f" ({line.note})" if line.note else ""
    return (
        f"{line.name:12s} {line.state:11s} {_megabytes(line.size):>9s}  {entry.sample_rate} Hz, "
        f"{window_s:g} s windows, {entry.dim} dims, {entry.licence}{note}"
    )


def _verify(arguments: argparse.Namespace) -> int:
    """Check every model before saying that one is damaged."""
    from monitor.models.store import model_names

    lines = [_verified(name) for name in ([arguments.name] if arguments.name else model_names())]
    if _as_json(arguments):
        show_json(msgspec.json.encode(lines))
    for line in lines:
        if line.state == "damaged":
            tell(line.note)
        elif not _as_json(arguments):
            show(f"{_shown(line)}  verified")
    return _BAD_MODEL if any(line.state == "damaged" for line in lines) else 0


def _verified(name: str) -> ModelLine:
    from monitor.models.store import find_model

    try:
        find_model(name).verify()
    except ModelError as error:
        return ModelLine(name, "damaged", 0, note=str(error))
    return _line_of(name, None)


def _install(arguments: argparse.Namespace) -> int:
    with FileProgress() as watch:
        try:
            report, note = _installed(arguments, watch)
        except KeyboardInterrupt:
            watch.say("interrupted; what was fetched is kept, the same command goes on from there.")
            raise
    if _as_json(arguments):
        show_json(msgspec.json.encode(report))
        return 0
    what = "was installed already, whole" if report.unchanged else "is installed"
    show(f"{report.name} {what}: {_megabytes(report.size)} in {report.folder}")
    if note:
        show(f"Note: {note}.")
    show(f"`monitor run --model {report.name}` uses it.")
    return 0


def _installed(arguments: argparse.Namespace, watch: FileProgress) -> tuple[InstallReport, str]:
    from monitor.install.fetching import InstallOptions
    from monitor.install.installer import install_checkpoint, install_folder, install_remote, is_offline
    from monitor.models.catalogue import CheckpointEntry, list_catalogue

    catalogue = list_catalogue()
    what, folder = arguments.what, user_path(arguments.what)
    options = InstallOptions(
        arguments.name or (what if what in catalogue else folder.resolve().name),
        force=arguments.force,
        offline=arguments.offline or is_offline(),
    )
    promised = catalogue.get(what)
    if isinstance(promised, CheckpointEntry):
        return install_checkpoint(promised, _converter, options, watch), promised.note
    if promised:
        return install_remote(promised, options, watch), promised.note
    if folder.is_dir():
        return install_folder(folder, options, watch), ""
    raise ModelError(
        f"There is no model {what!r} to install; valid: {', '.join(catalogue)}, or a folder with model.toml."
    )


def _converter() -> Convert:
    """Return what makes a model folder of a checkpoint.

    Raises
    ------
    ModelError
        A library for it is missing.
    """
    from monitor.export.needs import MAKERS, require_libraries

    require_libraries(MAKERS)
    from monitor.export.tagger_model import make_folder

    return make_folder


def _remove(arguments: argparse.Namespace) -> int:
    from monitor.install.installer import remove

    folder = str(remove(arguments.name))
    if _as_json(arguments):
        show_json(msgspec.json.encode({"name": arguments.name, "folder": folder}))
    else:
        show(f"{folder} is gone.")
    return 0


def _as_json(arguments: argparse.Namespace) -> bool:
    return bool(getattr(arguments, "json", False))


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
