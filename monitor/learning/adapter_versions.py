"""Which adapters were made for a model, which is in use, and why the others are not.

Below ``$XDG_DATA_HOME/monitor/adapters/<identity of the model>`` (``~/.local/share/monitor/…``): each version
that was kept as ``N.npz``, the one in use again as ``in_use.npz``, and ``history.json`` with all that were
tried, refused ones too, without a path of anybody's sound.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec.structs import replace

from monitor.bus.codec import decode_with, encode_json
from monitor.errors import ModelError, WireError
from monitor.files.reading import read_stored
from monitor.files.state_files import write_private
from monitor.learning.adaptation import AdaptOptions
from monitor.learning.heard_sound import SoundDescription
from monitor.learning.trial import Verdict
from monitor.models.adapter import IN_USE, MOST_BYTES, Adapter, adapters_folder, pack_adapter, unpack_adapter
from monitor.records import Instant

_HISTORY = "history.json"
_MOST_BYTES = 16 << 20


class AdapterVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One adapter that was made."""

    number: int
    """From 1."""
    fingerprint: str
    made: Instant
    sound: SoundDescription
    listened_for: tuple[str, ...]
    pairs: int
    captions: int
    own_captions: bool
    losses: tuple[float, ...]
    """Mean of each epoch."""
    options: AdaptOptions
    verdict: Verdict
    rolled_back: Instant | None = None
    """When it was put aside; None: it was not."""

    @property
    def can_be_used(self) -> bool:
        """Whether it was kept and not put aside."""
        return self.verdict.kept and self.rolled_back is None


class _History(msgspec.Struct, frozen=True):
    versions: tuple[AdapterVersion, ...] = ()


_DECODER = msgspec.json.Decoder(_History)


class AdapterVersions:
    """The adapters of one model.

    Raises
    ------
    ModelError
        There is no home folder, or what lies there is no history.
    """

    def __init__(self, identity: str) -> None:
        folder = adapters_folder(identity)
        if folder is None:
            raise ModelError("There is no home folder to keep an adapter in; set HOME or XDG_DATA_HOME.")
        self.folder: Path = folder
        self.all: tuple[AdapterVersion, ...] = self._read()
        """Oldest first."""

    @property
    def in_use(self) -> AdapterVersion | None:
        """The newest that can be used."""
        return next((one for one in reversed(self.all) if one.can_be_used), None)

    def adapters(self) -> list[Adapter]:
        """Return all that were ever kept, those put aside too: something may have been heard through them.

        Raises
        ------
        ModelError
            One cannot be read.
        """
        return [self._load(one) for one in self.all if one.verdict.kept]

    def adapter_in_use(self) -> Adapter | None:
        """Return the adapter of `in_use`; errors as `adapters`."""
        return None if self.in_use is None else self._load(self.in_use)

    def add(self, adapter: Adapter, version: AdapterVersion) -> AdapterVersion:
        """Take down a version with its number; use it if it was kept.

        Raises
        ------
        ModelError
            It cannot be written.
        """
        version = replace(version, number=len(self.all) + 1)
        if version.verdict.kept:
            self._write(self._file(version), pack_adapter(adapter))
        self._set((*self.all, version))
        return version

    def roll_back(self, now: datetime) -> AdapterVersion | None:
        """Put the version in use aside, and return the one that is used instead; None: the model as it is.

        Raises
        ------
        ModelError
            None is in use, or it cannot be written.
        """
        if (last := self.in_use) is None:
            raise ModelError(
                "No adapter of this model is in use, so there is none to put aside; `monitor adapt history` "
                "lists what was tried."
            )
        self._set([replace(one, rolled_back=now) if one is last else one for one in self.all])
        return self.in_use

    def _set(self, versions: Sequence[AdapterVersion]) -> None:
        """Write which versions there are, then which is in use: the next mends a stop between the two."""
        self._write(self.folder / _HISTORY, encode_json(_History(tuple(versions))))
        self.all = tuple(versions)
        used = self.folder / IN_USE
        if self.in_use is not None:
            self._write(used, self._file(self.in_use).read_bytes())
            return
        try:
            used.unlink(missing_ok=True)
        except OSError as error:
            raise ModelError(f"Cannot remove {used}: {error.strerror}.") from None

    def _file(self, version: AdapterVersion) -> Path:
        return self.folder / f"{version.number}.npz"

    def _load(self, version: AdapterVersion) -> Adapter:
        path = self._file(version)
        try:
            return unpack_adapter(read_stored(path, MOST_BYTES), str(path))
        except OSError as error:
            raise ModelError(f"Cannot read the adapter {path}: {error.strerror}.") from None

    def _read(self) -> tuple[AdapterVersion, ...]:
        path = self.folder / _HISTORY
        try:
            return decode_with(_DECODER, read_stored(path, _MOST_BYTES)).versions
        except FileNotFoundError:
            return ()
        except (OSError, WireError) as error:
            why = getattr(error, "strerror", None) or error
            raise ModelError(
                f"{path} is no history of adapters: {why}; remove it and what lies beside it to begin again."
            ) from None

    def _write(self, path: Path, content: bytes) -> None:
        try:
            write_private(path, content)
        except OSError as error:
            raise ModelError(f"Cannot write {path}: {error.strerror}.") from None
