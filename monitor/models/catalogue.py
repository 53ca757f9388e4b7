"""The catalogue: public models that can be installed, each file pinned by revision, size and sha256.

An entry of ``[models.NAME]`` is that of an installed model, with the repository and the revision its files
come from, and the size of each of them. One of ``[checkpoints.NAME]`` is a file of a release on GitHub, of
which a model is made on the user's machine.

``catalogue.toml`` lies beside the manifest; ``$MONITOR_MODELS/catalogue.toml``, if it is there, replaces it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from ipaddress import ip_address
from pathlib import PurePosixPath
from urllib.parse import quote, urlsplit

import msgspec

from monitor.errors import ConfigError, ModelError
from monitor.files.reading import read_toml
from monitor.models.address import below, is_unclear, shown_place
from monitor.models.manifest import ModelEntry, ModelFile, manifest_folder, packaged_folder

HUB = "https://huggingface.co"
RELEASES = "https://github.com"


class RemoteFile(ModelFile, frozen=True, kw_only=True):
    """One pinned file of a repository; `file` is its path there."""

    bytes: int


class CatalogueEntry(ModelEntry, frozen=True, kw_only=True):
    """A model that can be installed."""

    repository: str
    """Owner and name on the hub."""
    revision: str
    """The commit: a branch may move, a commit cannot."""
    note: str = ""
    """What to know before it is used."""
    audio: RemoteFile
    text: RemoteFile
    tokenizer: RemoteFile
    cohort: RemoteFile | None = None

    @property
    def remote_files(self) -> tuple[RemoteFile, ...]:
        """Audio tower, text tower, tokenizer; the cohort where there is one."""
        towers = self.audio, self.text, self.tokenizer
        return towers if self.cohort is None else (*towers, self.cohort)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.bytes for file in self.remote_files)

    def url(self, file: RemoteFile, hub: str) -> str:
        """Return the address of one of its files below `hub`."""
        return below(hub, self.remote_path(file))

    def remote_path(self, file: RemoteFile) -> str:
        """Return where one of its files lies on a hub."""
        return f"{self.repository}/resolve/{self.revision}/{quote(file.file)}"

    def entry(self) -> ModelEntry:
        """Return the entry the model has once installed; files keep their last name."""
        values = {field: getattr(self, field) for field in ModelEntry.__struct_fields__}
        for field, value in values.items():
            if isinstance(value, RemoteFile):
                values[field] = ModelFile(local_name(value), value.sha256)
        return ModelEntry(**values)


class CheckpointEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A model that can be made of a checkpoint."""

    repository: str
    """Owner and name on GitHub."""
    release: str
    """Its tag; a tag may move, so the hash is what counts."""
    checkpoint: RemoteFile
    """A file of the release."""
    sample_rate: int
    """Hz."""
    window_len: int
    """Samples."""
    dim: int
    licence: str
    note: str = ""
    """What to know before it is used."""

    @property
    def size(self) -> int:
        """Bytes to fetch."""
        return self.checkpoint.bytes

    @property
    def remote_path(self) -> str:
        """Return where the checkpoint lies on GitHub."""
        return f"{self.repository}/releases/download/{self.release}/{quote(self.checkpoint.file)}"


def local_name(file: ModelFile) -> str:
    """Return the name a file has in the folder of its model: the one a browser would save it under."""
    return PurePosixPath(file.file).name


def list_catalogue() -> dict[str, CatalogueEntry | CheckpointEntry]:
    """Return the models that can be installed, by name: of `$MONITOR_MODELS/catalogue.toml` or the program's.

    Raises
    ------
    ModelError
        The catalogue cannot be read or is not valid.
    """
    path = manifest_folder() / "catalogue.toml"
    if not path.exists():
        path = packaged_folder() / "catalogue.toml"
    try:
        content = read_toml(path)
        models = msgspec.convert(content.get("models", {}), dict[str, CatalogueEntry])
        checkpoints = msgspec.convert(content.get("checkpoints", {}), dict[str, CheckpointEntry])
    except OSError as error:
        raise ModelError(f"Cannot read the catalogue {path}: {error.strerror}.") from None
    except (ValueError, OverflowError, msgspec.ValidationError) as error:
        raise ModelError(f"The catalogue {path} is not valid: {error}.") from None
    return {**models, **checkpoints}


def hub_address() -> str:
    """Return where files come from: `HF_ENDPOINT`, else the hub itself.

    Raises
    ------
    ConfigError
        The mirror is neither https nor http on this machine.
    """
    return _mirror("HF_ENDPOINT") or HUB


def release_address() -> str:
    """Return where checkpoints come from: `MONITOR_MIRROR`, else GitHub.

    Raises
    ------
    ConfigError
        The mirror is neither https nor http on this machine.
    """
    return _mirror("MONITOR_MIRROR") or RELEASES


def _mirror(variable: str) -> str:
    """Return the address in an environment variable, empty if there is none."""
    mirror = os.environ.get(variable, "").rstrip("/")
    if mirror and not is_safe(mirror):
        raise ConfigError(
            f"{variable} is {shown_place(mirror)!r}; valid: https://…, or http:// on this machine."
        )
    return mirror


def is_safe(url: str) -> bool:
    """Return whether `url` is https, or http on this machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:  # no address at all
        return False
    if is_unclear(url) or not host or "@" in parts.path + parts.fragment:  # a password with / or # in it
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))


def is_loopback(host: str) -> bool:
    """Return whether `host` is this machine."""
    if host == "localhost":
        return True
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return False
