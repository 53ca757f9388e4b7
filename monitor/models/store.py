"""Which models there are, and whether their files are what they should be.

A model is an entry with three files, an audio tower, a text tower and a tokenizer, and perhaps a cohort of
ordinary sound. Entries are in

- ``manifest.toml``, ``[models.NAME]`` each: the models that come with the program;
- ``FOLDER/NAME/model.toml``, one entry beside its files: the models the user installed. FOLDER is
  ``$XDG_DATA_HOME/monitor/models`` (``~/.local/share/monitor/models``).

``MONITOR_MODELS=DIR`` replaces both: ``DIR/manifest.toml``, if it is there, and ``DIR/NAME/model.toml``.

Every entry names each file with its sha256. A file that differs is refused, and so are links, what is no
plain file, and an ONNX graph that keeps weights in other files (they would escape the hash) or cannot be
read to its last byte. Pickles are never read.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from monitor.errors import ModelAbsent, ModelError
from monitor.files.folder_files import parts_below, read_below
from monitor.files.paths import own_folder, user_path
from monitor.files.reading import open_stored, parse_toml, stored_text
from monitor.files.toml import toml_lines
from monitor.models.manifest import ModelEntry, ModelFile, manifest_folder
from monitor.models.onnx_file import NotOneGraph, check_one_graph

MODEL_FILE = "model.toml"
"""The entry of a model that has a folder of its own."""
PARTIAL = ".partial"
"""Ends the name of a folder that is being filled."""
REPLACED = ".old"
"""Ends the name of a folder for the moment in which another takes its place."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

_T = TypeVar("_T")


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, in hexadecimal digits, without holding it in memory."""
    with os.fdopen(open_stored(path), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class StoredModel(msgspec.Struct, frozen=True):
    """A model and the folder its files are in."""

    name: str
    entry: ModelEntry
    folder: Path

    @property
    def parts(self) -> tuple[ModelFile, ...]:
        """Audio tower, text tower, tokenizer; the cohort where there is one."""
        towers = self.entry.audio, self.entry.text, self.entry.tokenizer
        return towers if self.entry.cohort is None else (*towers, self.entry.cohort)

    @property
    def is_pinned(self) -> bool:
        """Whether the hashes of the entry were written before its files were read."""
        return True

    @property
    def graphs(self) -> tuple[ModelFile, ...]:
        """The files that are ONNX graphs."""
        return self.entry.audio, self.entry.text

    @property
    def text_identity(self) -> str:
        """What the embedding of a text depends on, beside the text."""
        return f"{self.entry.text.sha256} {self.entry.tokenizer.sha256} {self.entry.max_tokens}"

    def read(self, part: ModelFile) -> bytes:
        """Return the content of a file after checking its hash.

        Raises
        ------
        ModelError
            The file is missing, outside the folder, a link, differs from its hash, or is not one ONNX graph
            with all its weights inside.
        """
        path = self.path(part)
        try:
            content = read_below(self.folder, part.file)
        except OSError as error:
            raise ModelError(f"Model {self.name!r}: cannot read {path}: {error.strerror}.") from None
        found = hashlib.sha256(content).hexdigest()
        if found != part.sha256:
            raise ModelError(
                f"Model {self.name!r}: {path} has sha256 {found[:12]}…, the manifest says "
                f"{part.sha256[:12]}…; the file was altered or is incomplete, install the model again."
            )
        if part in self.graphs or part not in {self.entry.tokenizer, self.entry.cohort}:
            self._check_graph(path, content)
        return content

    def path(self, part: ModelFile) -> Path:
        """Return where a file lies.

        Raises
        ------
        ModelError
            That would be outside the model's folder.
        """
        try:
            return self.folder.joinpath(*parts_below(part.file))
        except OSError:
            raise ModelError(
                f"Model {self.name!r}: the file {part.file!r} is outside the model's folder; valid: a path "
                "below it."
            ) from None

    def _check_graph(self, path: Path, content: bytes) -> None:
        try:
            check_one_graph(content)
        except NotOneGraph as error:
            raise ModelError(
                f"Model {self.name!r}: {path} is refused, {error}; valid: ONNX, all weights in the one file."
            ) from None

    def verify(self) -> None:
        """Raise `ModelError` unless every file is there and unaltered."""
        for part in self.parts:
            self.read(part)


def installed_folder() -> Path:
    """Return the folder of installed models, one folder each; it need not exist.

    Raises
    ------
    ModelError
        There is no home folder it could be in.
    """
    if (folder := _installed_folder()) is None:
        raise ModelError(
            "There is no home folder to keep models in; set HOME, XDG_DATA_HOME or MONITOR_MODELS."
        )
    return folder


def _installed_folder() -> Path | None:
    if override := os.environ.get("MONITOR_MODELS"):
        return user_path(override)
    data = own_folder("data")
    return None if data is None else data / "models"


def is_model_name(name: str) -> bool:
    """Return whether a model may be called `name`: letters, digits, `.`, `_`, `-`."""
    return bool(_NAME.fullmatch(name)) and not name.endswith((PARTIAL, REPLACED))


def model_names() -> list[str]:
    """Return the names of all models, those of the manifest first, whether or not they can be read."""
    packaged = list(packaged_models())
    return packaged + [name for name in _installed_names() if name not in packaged]


def list_models() -> list[StoredModel]:
    """Return every model that comes with the program or is installed.

    Raises
    ------
    ModelError
        The manifest or an entry is not valid.
    """
    return [find_model(name) for name in model_names()]


def find_model(name_or_path: str) -> StoredModel:
    """Return the model of that name, or the one in a folder when the name has a slash in it.

    Raises
    ------
    ModelAbsent
        There is none, and it can be installed.
    ModelError
        There is none, or its entry cannot be read.
    """
    if "/" in name_or_path:
        return read_folder(user_path(name_or_path))
    packaged = packaged_models()
    if name_or_path in packaged:
        return packaged[name_or_path]
    if name_or_path in _installed_names():
        return read_folder(installed_at(name_or_path), name_or_path)
    from monitor.models.catalogue import list_catalogue

    if name_or_path in list_catalogue():
        raise ModelAbsent(
            f"There is no model {name_or_path!r}; `monitor models install {name_or_path}` fetches it."
        )
    raise ModelError(f"There is no model {name_or_path!r}; {_what_there_is()}")


def _what_there_is() -> str:
    known = ", ".join(model_names()) or f"none in {_installed_folder()}"
    return f"known: {known}; `monitor models list` shows what can be installed."


def packaged_models() -> dict[str, StoredModel]:
    """Return the models of the manifest, by name; none where `MONITOR_MODELS` names a folder without one.

    Raises
    ------
    ModelError
        The manifest is missing from the program, or is not valid.
    """
    path = manifest_folder() / "manifest.toml"
    if os.environ.get("MONITOR_MODELS") and not path.exists():
        return {}
    return read_manifest(path)


def read_manifest(path: Path) -> dict[str, StoredModel]:
    """Return the models of a manifest, by name.

    Raises
    ------
    ModelError
        It is missing or not valid.
    """
    entries = _convert(_read_toml(path).get("models"), dict[str, ModelEntry], path)
    return {name: StoredModel(name, entry, path.parent) for name, entry in entries.items()}


def installed_at(name: str) -> Path:
    """Return the folder of the installed model `name`, also if the last install died while replacing it."""
    folder = installed_folder() / name
    replaced = folder.with_name(name + REPLACED)
    return replaced if replaced.is_dir() and not folder.exists() else folder


def _installed_names() -> list[str]:
    folder = _installed_folder()
    found = [] if folder is None else folder.glob(f"*/{MODEL_FILE}")
    names = {path.parent.name.removesuffix(REPLACED) for path in found}
    return sorted(name for name in names if is_model_name(name))


def read_folder(folder: Path, name: str = "") -> StoredModel:
    """Return the model in `folder`, called `name` or else like the folder.

    Raises
    ------
    ModelError
        There is no `model.toml`, or it is not valid.
    """
    path = folder / MODEL_FILE
    name = name or folder.resolve().name.removesuffix(PARTIAL)
    advice = " `monitor models export` makes a model folder of a CLAP checkpoint."
    return StoredModel(name, _convert(_read_toml(path, advice), ModelEntry, path), folder)


def write_entry(entry: ModelEntry, folder: Path) -> None:
    """Write `entry` as the `model.toml` of `folder`."""
    (folder / MODEL_FILE).write_text(toml_lines(msgspec.to_builtins(entry)), "utf-8")


def _read_toml(path: Path, if_missing: str = "") -> dict[str, Any]:
    try:
        return parse_toml(stored_text(read_below(path.parent, path.name)))
    except FileNotFoundError as error:
        raise ModelError(f"Cannot read the model manifest {path}: {error.strerror}.{if_missing}") from None
    except OSError as error:
        raise ModelError(f"Cannot read the model manifest {path}: {error.strerror}.") from None
    except ValueError as error:
        raise ModelError(f"The model manifest {path} is not valid: {error}.") from None


def _convert(values: Any, kind: type[_T], path: Path) -> _T:
    try:
        return msgspec.convert(values, kind)
    except (msgspec.ValidationError, OverflowError) as error:
        raise ModelError(f"The model manifest {path} is not valid: {error}.") from None
