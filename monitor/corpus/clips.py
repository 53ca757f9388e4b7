"""Recordings to evaluate with: clips, the index they are listed in, and the audible part of each."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.errors import ConfigError
from monitor.files.reading import open_stored, read_stored
from monitor.units import seconds_to_len

SILENT_DB = -55.0
"""Clips with an RMS level below this hold nothing to hear and are not used."""
BEYOND = "beyond the columns"
"""Key of a row's fields that no column is for."""
_COLUMNS = ("path", "canonical", "kind", "fold5", "group", "duration_s", "rms_db")
_STEP_S = 0.02


class Clip(msgspec.Struct, frozen=True):
    """One recording, or a part of one."""

    path: str
    """As `Corpus.find` takes it: below the root of the data."""
    label: str
    """The class, or the kind of background; of several classes the first."""
    kind: str
    """`event`, `background`, `speech` or `music`."""
    fold: int | None
    """None: heard with every fold."""
    group: str
    """The recording it was cut from."""
    duration_s: float | None = None
    """None: unknown until the file is opened."""
    rms_db: float | None = None
    """RMS level, dB re full scale; None: unknown."""
    labels: tuple[str, ...] = ()
    """Every class it holds; empty: only `label`."""
    source: str = ""
    """The collection its recording comes from; empty: unknown."""

    @property
    def held(self) -> tuple[str, ...]:
        """Every class it holds, `label` among them."""
        return self.labels or (self.label,)

    @property
    def is_audible(self) -> bool:
        """False where its level is known to be next to silence."""
        return self.rms_db is None or self.rms_db >= SILENT_DB

    def is_in(self, folds: Sequence[int]) -> bool:
        """Say whether it is heard with these folds."""
        return self.fold is None or self.fold in folds


class Dialect(msgspec.Struct, frozen=True):
    """How a table of text is written."""

    delimiter: str = ","
    head: tuple[str, ...] | None = None
    """The names of its columns where it does not say them; None: its first line does."""


COMMAS = Dialect()


class Span(msgspec.Struct, frozen=True):
    """A part of a clip, in samples at the rate it was loaded with; half open."""

    start: int
    stop: int
    power: float
    """Mean square of its active steps."""


def read_index(path: Path) -> list[Clip]:
    """Return the clips of an index, a CSV file with at least the columns of `_COLUMNS`.

    `canonical` is the label, `fold5` the fold; no group may be in two folds. A column `source`, if there is
    one, says which collection a recording comes from.

    Raises
    ------
    ConfigError
        The file is missing, lacks a column, or holds a value that does not fit.
    """
    return read_table(path, _COLUMNS, _clip, "fold5, duration_s and rms_db are numbers")


def read_table(
    path: Path,
    columns: Sequence[str],
    to_clip: Callable[[dict[str, str]], Clip],
    valid: str,
    dialect: Dialect = COMMAS,
) -> list[Clip]:
    """Return a clip per row of a CSV file.

    Parameters
    ----------
    columns
        Those that must be there.
    to_clip
        Turns a row into a clip; raises ValueError, with words that say why, where it cannot.
    valid
        What the values of a row must be, for the error.

    Raises
    ------
    ConfigError
        The file is missing, lacks a column, or holds a row that does not fit.
    """
    clips: list[Clip] = []
    try:
        with io.StringIO(read_stored(path).decode("utf-8-sig"), newline="") as file:
            rows = csv.DictReader(file, dialect.head, delimiter=dialect.delimiter, restkey=BEYOND)
            _refuse_missing(path, columns, rows.fieldnames or (), dialect.delimiter)
            for number, row in enumerate(rows, start=2 if dialect.head is None else 1):
                try:
                    clips.append(to_clip(_complete(row, columns)))
                except ValueError as error:
                    raise ConfigError(f"{path}, line {number}: {error}; {valid}.") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"Cannot read the index {path}: {why}; give a CSV file of clips, or the folder of a data set."
        ) from None
    return clips


def load(path: Path, sample_rate: int) -> NDArray[np.float32]:
    """Return a clip as mono float32 (n,) at `sample_rate`, read-only.

    Raises
    ------
    ConfigError
        It is missing or not sound.
    """
    return _load(path, sample_rate)


def duration_of(path: Path) -> float:
    """Return how long a clip is, in seconds, from the head of its file.

    Raises
    ------
    ConfigError
        It is missing or not sound.
    """
    return _duration_of(path)


def active_span(samples: NDArray[np.float32], sample_rate: int, below_db: float, max_s: float) -> Span:
    """Return the audible part: first to last 20 ms step within `below_db` of the loudest, cut to `max_s`.

    Its power is the mean over its active steps, those within `below_db`, so that pauses between barks or
    beeps do not count as a weak sound.
    """
    step = seconds_to_len(_STEP_S, sample_rate)
    padded = np.pad(samples, (0, -len(samples) % step))
    power = np.square(padded, dtype=np.float64).reshape(-1, step).mean(axis=1)
    active = power >= power.max() * 10.0 ** (-below_db / 10.0)
    first = int(np.argmax(active))
    last = min(int(np.flatnonzero(active)[-1]), first + max(1, round(max_s / _STEP_S)) - 1)
    inside = slice(first, last + 1)
    return Span(
        first * step, min((last + 1) * step, len(samples)), float(power[inside][active[inside]].mean())
    )


def _refuse_missing(path: Path, columns: Sequence[str], there: Sequence[str], delimiter: str) -> None:
    missing = [name for name in columns if name not in there]
    if missing:
        how = " (separated by tabs)" if delimiter == "\t" else ""
        raise ConfigError(
            f"{path} lacks the columns {', '.join(missing)}; needed: {', '.join(columns)}{how}."
        )


def _complete(row: dict[str, str], columns: Sequence[str]) -> dict[str, str]:
    for name in columns:
        if row[name] is None:
            raise ValueError(f"it ends before {name}")
    return row


def _clip(row: dict[str, str]) -> Clip:
    return Clip(
        path=row["path"],
        label=row["canonical"],
        kind=row["kind"],
        fold=int(row["fold5"]),
        group=row["group"],
        duration_s=float(row["duration_s"]),
        rms_db=float(row["rms_db"]),
        source=row.get("source") or "",
    )


@lru_cache(maxsize=32)
def _load(path: Path, sample_rate: int) -> NDArray[np.float32]:
    import soundfile
    import soxr

    try:
        os.close(open_stored(path))  # a pipe or a device would be waited for
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise _unreadable(path, error) from None
    if not len(samples):
        raise ConfigError(f"The clip {path} holds no samples; take it out of the index.")
    mono = samples.mean(axis=1, dtype=np.float32)
    resampled = np.asarray(
        mono if rate == sample_rate else soxr.resample(mono, rate, sample_rate), np.float32
    )
    resampled.flags.writeable = False
    return resampled


@lru_cache(maxsize=65536)
def _duration_of(path: Path) -> float:
    import soundfile

    try:
        os.close(open_stored(path))
        return float(soundfile.info(path).duration)
    except (OSError, soundfile.LibsndfileError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> ConfigError:
    why = getattr(error, "error_string", None) or getattr(error, "strerror", None) or str(error)
    return ConfigError(
        f"Cannot read the sound file {path}: {why.rstrip('.')}; restore it, or take it out of the index."
    )
