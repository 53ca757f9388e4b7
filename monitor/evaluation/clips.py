"""Recordings to evaluate with: an index of clips, and the audible part of each."""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.errors import ConfigError
from monitor.units import seconds_to_len

SILENT_DB = -55.0
"""Clips with an RMS level below this hold nothing to hear and are not used."""
_COLUMNS = ("path", "canonical", "kind", "fold5", "group", "duration_s", "rms_db")
_STEP_S = 0.02


class Clip(msgspec.Struct, frozen=True):
    """One row of an index."""

    path: str
    """Below the folder of the index."""
    label: str
    """Column `canonical`: the class, or the kind of background."""
    kind: str
    """`event`, `background`, `speech` or `music`."""
    fold: int
    """Column `fold5`."""
    group: str
    """The recording it was cut from; a group is never in two folds."""
    duration_s: float
    rms_db: float
    """RMS level, dB re full scale."""


class Span(msgspec.Struct, frozen=True):
    """A part of a clip, in samples at the rate it was loaded with; half open."""

    start: int
    stop: int
    power: float
    """Mean square of its active steps."""


def read_index(path: Path) -> list[Clip]:
    """Return the clips of an index, a CSV file with at least the columns of `_COLUMNS`.

    Raises
    ------
    ConfigError
        The file is missing, lacks a column, or holds a value that does not fit.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            missing = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                raise ConfigError(
                    f"{path} lacks the columns {', '.join(missing)}; needed: {', '.join(_COLUMNS)}."
                )
            return [_clip(row, path, number) for number, row in enumerate(rows, start=2)]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"Cannot read the index {path}: {error}; give a CSV file of clips.") from None


def load(path: Path, sample_rate: int) -> NDArray[np.float32]:
    """Return a clip as mono float32 (n,) at `sample_rate`, read-only.

    Raises
    ------
    ConfigError
        It is missing or not sound.
    """
    return _load(path, sample_rate)


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


def _clip(row: dict[str, str], path: Path, number: int) -> Clip:
    try:
        return Clip(
            path=row["path"],
            label=row["canonical"],
            kind=row["kind"],
            fold=int(row["fold5"]),
            group=row["group"],
            duration_s=float(row["duration_s"]),
            rms_db=float(row["rms_db"]),
        )
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"{path}, line {number}: {error}; fold5, duration_s and rms_db are numbers."
        ) from None


@lru_cache(maxsize=32)
def _load(path: Path, sample_rate: int) -> NDArray[np.float32]:
    import soundfile
    import soxr

    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise ConfigError(
            f"Cannot read the clip {path}: {error}; correct the index or restore the file."
        ) from None
    if not len(samples):
        raise ConfigError(f"The clip {path} holds no samples; take it out of the index.")
    mono = samples.mean(axis=1, dtype=np.float32)
    resampled = np.asarray(
        mono if rate == sample_rate else soxr.resample(mono, rate, sample_rate), np.float32
    )
    resampled.flags.writeable = False
    return resampled
