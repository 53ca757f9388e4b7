"""Examples from sound files: the part of each that stands out most, or all sounds of one that is alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.config.settings import CaptureConfig
from monitor.errors import OwnSoundError, SourceError
from monitor.learning.takes import TICK_S, Take, cut_take, levels_of, share_of, sounds_in
from monitor.records import Span
from monitor.sources.file import FileSource
from monitor.sources.opened import opened
from monitor.units import seconds_to_len

MOST_S = 1800.0
"""Of a longer file the rest is not heard."""
_BESIDE_DB = 15.0
"""In a file with several sounds one so much quieter than the loudest is something else."""
_KINDS = frozenset(
    {".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".aac", ".aiff", ".aif", ".au", ".caf", ".w64"}
)


def sound_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files that are named, and those of the folders that are, by name.

    Raises
    ------
    OwnSoundError
        A folder has no sound file in it.
    """
    found: list[Path] = []
    for path in paths:
        inside = (
            [one for one in sorted(path.iterdir()) if one.suffix.lower() in _KINDS]
            if path.is_dir()
            else [path]
        )
        if not inside:
            raise OwnSoundError(
                f"There is no sound file in the folder {path}; name files, or another folder."
            )
        found += inside
    return found


def takes_from_files(paths: Sequence[Path], rate: int, most: int, heard: Callable[[], None]) -> list[Take]:
    """Return an example from each file, at `rate` Hz; of one that is alone all its sounds, at most `most`.

    Parameters
    ----------
    heard
        Called once a file.

    Raises
    ------
    SourceError
        One is no sound file.
    OwnSoundError
        One holds no sound.
    """
    takes = []
    for path in paths:
        found = _takes_in(path, rate)
        takes += _best(found, most) if len(paths) == 1 else _best(found, 1)
        heard()
    return takes


def _takes_in(path: Path, rate: int) -> list[Take]:
    samples, clipped = read_file(path, rate)
    sounds, floor = sounds_in(levels_of(samples, rate))
    if not sounds:
        raise OwnSoundError(f"{path} is too short to be an example; valid: {TICK_S:g} s of sound or more.")
    length = seconds_to_len(TICK_S, rate)
    return [
        msgspec.structs.replace(
            cut_take(samples, rate, ticks, floor, _origin(path, ticks, len(sounds))),
            clipped=share_of(clipped, ticks[0] * length, ticks[1] * length),
        )
        for ticks in sounds
    ]


def _origin(path: Path, ticks: tuple[int, int], sounds: int) -> str:
    return path.name if sounds == 1 else f"{path.name} at {ticks[0] * TICK_S:.1f} s"


def read_file(path: Path, rate: int) -> tuple[NDArray[np.float32], list[tuple[int, int]]]:
    """Return the sound of a file at `rate` Hz, float32 (n,), at most `MOST_S`, and where it is clipped.

    Raises
    ------
    SourceError
        It is no sound file, or cannot be read.
    """
    spans: list[Span] = []
    with opened(FileSource(path, fast=True), CaptureConfig(), rate) as reading:
        while not reading.ended and sum(len(span.samples) for span in spans) < MOST_S * rate:
            if (span := reading.read()) is not None:
                spans.append(span)
        if reading.ended and reading.error is not None and not spans:
            raise reading.error
    if not spans:
        raise SourceError(f"{path} holds no sound.")
    clipped = [stretch for span in spans for stretch in span.clipped]
    return np.concatenate([span.samples for span in spans]), clipped


def _best(takes: Sequence[Take], most: int) -> list[Take]:
    """Return the takes that stand out most, in the order in which they are heard."""
    order = sorted(range(len(takes)), key=lambda at: -takes[at].level_dbfs)[:most]
    least_dbfs = takes[order[0]].level_dbfs - _BESIDE_DB
    return [takes[at] for at in sorted(order) if takes[at].level_dbfs >= least_dbfs]
