"""What turns dBFS into dB of sound pressure, per microphone: one file each, written by `monitor calibrate`.

Files are ``$XDG_STATE_HOME/monitor/levels/<source id>.json`` (``~/.local/state/monitor/…``), for their owner
only. What cannot be read is said, and that microphone's levels are dBFS only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from monitor.bus.codec import encode_json
from monitor.errors import ConfigError
from monitor.files.paths import own_folder
from monitor.files.state_files import slug, write_private
from monitor.storage.kept_file import read_kept

_MOST_BYTES = 1 << 16


class LevelCalibration(msgspec.Struct, frozen=True):
    """How loud full scale is at one microphone."""

    source_id: str
    source_name: str
    offset_db: float
    """dB to be added to a level in dBFS: `level_db - measured_dbfs`."""
    level_db: float
    """dB re 20 uPa of the calibrator."""
    measured_dbfs: float
    """What arrived of it."""
    frequency_hz: float
    calibrated_at: datetime
    """UTC."""


_DECODER = msgspec.json.Decoder(LevelCalibration)


class StoredLevel(NamedTuple):
    """What a run begins with."""

    calibration: LevelCalibration | None
    note: str = ""
    """What to tell the user, one sentence; empty: nothing."""


def keep_level(calibration: LevelCalibration) -> Path:
    """Store the calibration of a microphone in place of an earlier one; return where.

    Raises
    ------
    ConfigError
        It cannot be written.
    """
    folder = _folder()
    if folder is None:
        raise ConfigError("There is no home folder to keep a calibration in; set XDG_STATE_HOME or HOME.")
    path = folder / f"{slug(calibration.source_id)}.json"
    try:
        write_private(path, encode_json(calibration))
    except OSError as error:
        raise ConfigError(f"Cannot write {path}: {error.strerror}.") from None
    return path


def stored_level(source_id: str) -> StoredLevel:
    """Return the calibration of a source; what is wrong with its file ends no run."""
    folder = _folder()
    return StoredLevel(None) if folder is None else _read(folder / f"{slug(source_id)}.json")


def stored_levels() -> Sequence[StoredLevel]:
    """Return all that are stored, by source."""
    folder = _folder()
    return [] if folder is None else [_read(path) for path in sorted(folder.glob("*.json"))]


def remove_level(source_id: str) -> bool:
    """Forget the calibration of a source; False: there was none.

    Raises
    ------
    ConfigError
        Its file cannot be deleted.
    """
    folder = _folder()
    if folder is None:
        return False
    path = folder / f"{slug(source_id)}.json"
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ConfigError(f"Cannot remove {path}: {error.strerror}.") from None
    return True


def _folder() -> Path | None:
    state = own_folder("state")
    return None if state is None else state / "levels"


def _read(path: Path) -> StoredLevel:
    found = read_kept(path, _MOST_BYTES, _DECODER, _is_sound)
    if not isinstance(found, str):
        return StoredLevel(found)
    note = (
        f"The calibration {path} cannot be used: {found}; levels are dBFS until `monitor calibrate` is run."
    )
    return StoredLevel(None, note)


def _is_sound(one: LevelCalibration) -> bool:
    return math.isfinite(one.offset_db) and one.calibrated_at.tzinfo is not None
