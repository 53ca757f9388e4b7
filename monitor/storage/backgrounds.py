"""Backgrounds that the user has stored: what each sounds like, one file per source and model.

Files are ``$XDG_STATE_HOME/monitor/backgrounds/<source id>@<model>.json`` (below ``~/.local/state``), for
their owner only: they tell what somebody's home sounds like. A mean embedding means nothing to another model,
so what a file holds must name the source and the model it is asked for.

Before, the folder was called ``rooms``, with the same files: what lies there is moved at first use.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.bus.codec import decode_with, encode_json
from monitor.bus.messages import BackgroundProfile
from monitor.errors import BackgroundError, WireError
from monitor.files.paths import own_folder
from monitor.files.reading import read_stored
from monitor.files.state_files import file_name, slug, write_private
from monitor.records import Instant, Tally
from monitor.storage.kept_file import read_all

VERSION = 1
_FOLDER, _FORMER_FOLDER = "backgrounds", "rooms"
_SUFFIX = ".json"
_MOST_BYTES = 4 << 20
"""Far more than any background has; a larger file is nobody's background, and not read."""
_LENGTH_SLACK = 1e-3
"""By how much rounding may make a mean of unit vectors longer than 1."""


class StoredBackground(msgspec.Struct, frozen=True):
    """What one source sounded like to one model."""

    version: int
    """`VERSION` of the program that wrote it."""
    source_id: str
    source_name: str
    model: str
    """Identity of the model whose embeddings these are."""
    saved: Instant
    windows: Tally
    """Low-activity windows it rests on."""
    likeness: float
    """How alike these windows were, [0, 1]."""
    mean: list[float]
    """Mean of the unit embeddings of its windows, (d,)."""

    def vector(self, dim: int) -> NDArray[np.float32]:
        """Return the mean, float32 (dim,).

        Raises
        ------
        BackgroundError
            It has another number of dimensions, or cannot be the mean of unit vectors.
        """
        path = background_file(self.source_id, self.model)
        if len(self.mean) != dim:
            raise _unusable(path, f"it has {len(self.mean)} dimensions, and the model has {dim}")
        if not 0.0 < math.hypot(*self.mean) <= 1.0 + _LENGTH_SLACK:
            raise _unusable(path, "it is not the mean of anything that was heard")
        return np.array(self.mean, np.float32)


_STORED = msgspec.json.Decoder(StoredBackground)


class Memory(msgspec.Struct, frozen=True):
    """What a run begins with."""

    mean: NDArray[np.float32] | None
    """float32 (dim,); None: nothing is stored, or nothing that can be used."""
    note: str = ""
    """What to tell the user, one sentence; empty: nothing."""


def backgrounds_folder() -> Path:
    """Return the folder of stored backgrounds, once what lies in the former one is there; it may not exist.

    Raises
    ------
    BackgroundError
        There is no home folder it could be in.
    """
    if (state := own_folder("state")) is None:
        raise BackgroundError(
            "There is no home folder to keep what a place sounds like; set HOME or XDG_STATE_HOME."
        )
    _move_former_files(state / _FORMER_FOLDER, state / _FOLDER)
    return state / _FOLDER


def _move_former_files(former: Path, folder: Path) -> None:
    """Move what an earlier version kept; a file of this version stays, and none is deleted.

    Where that cannot be done (a disk that only reads) the backgrounds are learnt again.
    """
    with suppress(OSError):
        if not former.is_dir():
            return
        if not folder.exists():
            former.rename(folder)
            return
        for path in former.glob("*" + _SUFFIX):
            if not (folder / path.name).exists():
                path.rename(folder / path.name)


def background_file(source_id: str, model: str) -> Path:
    """Return where the background of this source and model is stored."""
    return backgrounds_folder() / (file_name(source_id, model) + _SUFFIX)


def save(background: BackgroundProfile, now: datetime) -> StoredBackground:
    """Store `background`, as it is at `now`, in place of what was stored for its source and model.

    Raises
    ------
    BackgroundError
        Too little was heard of it, or it cannot be written.
    """
    state = background.state
    if not state.ready or not background.mean:
        raise BackgroundError(
            f"The background of {background.source_name} ({background.source_id}) is not known well enough: "
            f"{state.windows} of {state.needed or '?'} windows so far; wait until `monitor background "
            "show` says that it is known."
        )
    stored = StoredBackground(
        version=VERSION,
        source_id=background.source_id,
        source_name=background.source_name,
        model=background.model,
        saved=now,
        windows=state.windows,
        likeness=state.likeness,
        mean=background.mean,
    )
    _write(background_file(background.source_id, background.model), encode_json(stored))
    return stored


def load(source_id: str, model: str) -> StoredBackground | None:
    """Return what is stored for this source and model; None: nothing.

    Raises
    ------
    BackgroundError
        The file cannot be read, or holds something else.
    """
    if own_folder("state") is None:
        return None
    path = background_file(source_id, model)
    stored = _read(path)
    if stored is not None and (stored.source_id, stored.model) != (source_id, model):
        raise _unusable(
            path, f"it is the background of {stored.source_id} as the model {stored.model} hears it"
        )
    return stored


def remember(source_id: str, model: str, dim: int) -> Memory:
    """Return the stored background of this source to begin with; what is wrong with it ends no run."""
    try:
        stored = load(source_id, model)
        mean = None if stored is None else stored.vector(dim)
    except BackgroundError as error:
        return Memory(None, f"{error} This run learns the background again.")
    if stored is None:
        return Memory(None)
    return Memory(mean, f"{stored.source_name} begins with its background as saved on {when(stored.saved)}.")


def when(time: datetime) -> str:
    """Return date and time where the reader is."""
    return f"{time.astimezone():%Y-%m-%d %H:%M}"


def stored_backgrounds() -> tuple[list[StoredBackground], list[str]]:
    """Return all stored backgrounds, by name of file, and a sentence about each file that holds none."""
    return read_all(_files("*"), _read)


def remove(source_ids: Sequence[str] | None) -> list[str]:
    """Delete what is stored for these sources, by whichever model, or for all; return the files' names.

    Raises
    ------
    BackgroundError
        A file cannot be deleted.
    """
    patterns = ["*"] if source_ids is None else [f"{slug(source_id)}@*" for source_id in source_ids]
    gone = []
    for path in [path for pattern in patterns for path in _files(pattern)]:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise BackgroundError(f"Cannot remove {path}: {error.strerror}.") from None
        gone.append(path.name)
    return gone


def _files(pattern: str) -> list[Path]:
    if own_folder("state") is None:
        return []
    return sorted(backgrounds_folder().glob(pattern + _SUFFIX))


def _read(path: Path) -> StoredBackground | None:
    """Return what a file holds, its text safe to print; None: there is no file."""
    try:
        stored = decode_with(_STORED, read_stored(path, _MOST_BYTES))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(path, f"it cannot be read ({error.strerror})") from None
    except WireError:
        raise _unusable(path, "it is damaged, or no background") from None
    if stored.version != VERSION:
        raise _unusable(path, f"it is of version {stored.version}, and this program reads {VERSION}")
    return stored


def _unusable(path: Path, why: str) -> BackgroundError:
    return BackgroundError(
        f"The stored background {path} cannot be used: {why}; save it again, or delete that file."
    )


def _write(path: Path, content: bytes) -> None:
    try:
        write_private(path, content)
    except OSError as error:
        raise BackgroundError(f"Cannot write {path}: {error.strerror}.") from None
