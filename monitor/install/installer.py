"""Models of the user: fetched from the catalogue, or copied from a folder; checked; moved into place.

Everything happens in ``NAME.partial`` beside the place where the model will be. Only after sizes, hashes,
graphs, tokenizer and a self-test are right do the files take their place; until then the model that was
there before stays as it was. What was fetched waits in ``NAME.partial`` for the next try, and files that
were brought there by hand are taken as if they had been fetched. One install at a time.

Environment: ``HF_HUB_OFFLINE=1`` keeps it off the network; ``HF_ENDPOINT`` replaces the address of the hub,
``MONITOR_MIRROR`` that of releases on GitHub, for which there is no usual name.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from monitor.config.settings import ModelConfig
from monitor.errors import ModelError
from monitor.install.download import Watcher
from monitor.install.fetching import InstallOptions, fetch_all
from monitor.install.model_directory import ModelDirectory, writing
from monitor.install.partial_file import Download
from monitor.install.self_test import SelfTest, self_test
from monitor.models.address import below, shown_below
from monitor.models.catalogue import (
    CatalogueEntry,
    CheckpointEntry,
    hub_address,
    local_name,
    release_address,
)
from monitor.models.manifest import ModelEntry
from monitor.models.store import StoredModel, installed_folder, is_model_name, packaged_models, read_folder

Convert = Callable[[Path, Path], object]
"""Makes a model folder of a checkpoint: (checkpoint, folder)."""


@dataclass(frozen=True)
class InstallReport:
    """What an install did."""

    name: str
    folder: str
    unchanged: bool
    """The model was there already, whole: nothing was done."""
    size: int
    """Bytes of its files."""
    entry: ModelEntry
    self_test: SelfTest | None
    """None where nothing was done."""


def is_offline() -> bool:
    """Return whether the environment forbids the network."""
    return os.environ.get("HF_HUB_OFFLINE", "").lower() in {"1", "true", "yes", "on"}


def install_remote(model: CatalogueEntry, options: InstallOptions, watcher: Watcher) -> InstallReport:
    """Install a model of the catalogue.

    Raises
    ------
    ModelUnreachable
        Offline or unreachable, and files are missing; it says which, and where to put them.
    ModelError
        Another model has the name, another install is at work, the disk is full, or the files are not
        what they should be.
    ConfigError
        The mirror is not a safe address.
    """
    hub = hub_address()

    def fill(directory: ModelDirectory) -> None:
        items = [
            Download(
                model.url(file, hub),
                directory.partial / local_name(file),
                file.bytes,
                file.sha256,
                shown_below(hub, model.remote_path(file)),
            )
            for file in model.remote_files
        ]
        fetch_all(items, options, watcher)

    return _install(model.entry(), options, fill, watcher)


def install_checkpoint(
    promised: CheckpointEntry, converter: Callable[[], Convert], options: InstallOptions, watcher: Watcher
) -> InstallReport:
    """Install a model of the catalogue that is made here, of a checkpoint.

    The checkpoint is pinned: what is made of it depends on the libraries that make it. It waits in
    ``NAME.partial``, so that a conversion that fails is tried again without the network.

    Parameters
    ----------
    converter
        Gives what makes the model; asked before anything is fetched, for a library may be missing.

    Raises
    ------
    ModelError
        As `install_remote`, and what `converter` and what it gives raise.
    """
    _check_name(options.name)
    directory, base = ModelDirectory(options.name), release_address()
    path = promised.remote_path
    item = Download(
        below(base, path),
        directory.partial / local_name(promised.checkpoint),
        promised.checkpoint.bytes,
        promised.checkpoint.sha256,
        shown_below(base, path),
    )
    with directory.locked():
        there = directory.current()
        if there and not options.force:
            if item.sha256 not in there.entry.source:
                raise _another(there)
            if _is_whole(there):
                return _report(there, None)
        write_folder = converter()
        directory.prepare()
        fetch_all([item], options, watcher)
    with writing(directory.place), tempfile.TemporaryDirectory() as made:
        watcher.say(f"converting {item.path.name}")
        write_folder(item.path, Path(made))
        return install_folder(Path(made), replace(options, force=True), watcher)


def install_folder(folder: Path, options: InstallOptions, watcher: Watcher) -> InstallReport:
    """Install the model in `folder`: `model.toml` and its files.

    Raises
    ------
    ModelError
        As `install_remote`.
    """
    model = read_folder(folder)

    def fill(directory: ModelDirectory) -> None:
        for part in model.parts:
            directory.put(part, model.read(part))

    return _install(model.entry, options, fill, watcher)


def remove(name: str) -> Path:
    """Remove an installed model, and what was fetched of it; return the folder that is gone.

    Raises
    ------
    ModelError
        It comes with the program, or is not there.
    """
    if name in packaged_models():
        raise ModelError(f"{name!r} comes with the program and cannot be removed.")
    if not is_model_name(name) or not ModelDirectory(name).is_used:
        raise ModelError(f"No model {name!r} is installed in {installed_folder()}.")
    directory = ModelDirectory(name)
    with directory.locked():
        directory.empty()
    return directory.place


def _install(
    wanted: ModelEntry, options: InstallOptions, fill: Callable[[ModelDirectory], None], watcher: Watcher
) -> InstallReport:
    _check_name(options.name)
    directory = ModelDirectory(options.name)
    with directory.locked():
        if directory.place.is_file():
            raise ModelError(
                f"{directory.place} is a file and no model; move it away, or give another --name."
            )
        there = directory.current()
        if there and not options.force:
            if _same(there.entry, wanted) and _is_whole(there):
                return _report(there, None)
            _check_replaceable(there, wanted)
        directory.prepare()
        if there:
            _reuse(there, wanted, directory)
        fill(directory)
        watcher.say("checking graphs, tokenizer and embeddings")
        model, result = _checked(StoredModel(options.name, wanted, directory.partial))
        directory.settle(model)
        return _report(StoredModel(options.name, model.entry, directory.place), result)


def _check_name(name: str) -> None:
    if not is_model_name(name):
        raise ModelError(
            f"A model cannot be called {name!r}; valid: at most 64 letters, digits, '.', '_' and '-'. "
            "--name gives it another name."
        )
    if name in packaged_models():
        raise ModelError(f"{name!r} comes with the program; --name gives the new model another name.")


def _check_replaceable(there: StoredModel, wanted: ModelEntry) -> None:
    parts = ("audio", "text", "tokenizer")
    if any(getattr(there.entry, part).sha256 != getattr(wanted, part).sha256 for part in parts):
        raise _another(there)


def _another(there: StoredModel) -> ModelError:
    return ModelError(
        f"Another model is installed as {there.name!r} ({there.entry.source}); --force replaces it, "
        "--name keeps both."
    )


def _same(installed: ModelEntry, wanted: ModelEntry) -> bool:
    """Return whether `installed` is `wanted` but for what was read off the graphs."""
    return installed == msgspec.structs.replace(
        wanted, front_end=installed.front_end, text_mask=installed.text_mask
    )


def _is_whole(model: StoredModel) -> bool:
    try:
        model.verify()
    except ModelError:
        return False
    return True


def _reuse(there: StoredModel, wanted: ModelEntry, directory: ModelDirectory) -> None:
    """Copy the files that are right already, so that a repair fetches only what is damaged."""
    for part in StoredModel(there.name, wanted, directory.partial).parts:
        for old in there.parts:
            if old.sha256 == part.sha256 and not os.path.lexists(directory.partial / part.file):
                try:
                    content = there.read(old)
                except ModelError:
                    continue
                directory.put(part, content)


def _checked(model: StoredModel) -> tuple[StoredModel, SelfTest]:
    """Return the model with the entry its graphs need, and what its self-test gave."""
    from monitor.encoders.onnx import OnnxEngine, describe
    from monitor.models.signature import fit_entry

    audio, text = (describe(model, part) for part in (model.entry.audio, model.entry.text))
    entry = fit_entry(model.name, model.entry, audio, text)
    fitted = StoredModel(model.name, entry, model.folder)
    return fitted, self_test(fitted, OnnxEngine(fitted, ModelConfig()))


def _report(model: StoredModel, result: SelfTest | None) -> InstallReport:
    size = sum((model.folder / part.file).stat().st_size for part in model.parts)
    return InstallReport(model.name, str(model.folder), result is None, size, model.entry, result)
