"""The development audio: its index, its splits and its clips."""

from __future__ import annotations

import argparse
import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf
import soxr
from numpy.typing import NDArray

from monitor.names import as_words

VALIDATION_PERCENT = 15
REPORT_FOLD = 4
"""Only reported on, once, never tuned on."""
UNSEEN_FOLD = 6
"""Of other sources, for `monitor eval` alone: never learnt from, nor tuned on."""


def is_validation(group: str) -> bool:
    """Say whether a recording of folds 1-3 is held out to tune on; about 15 % of groups, stable for ever."""
    return int(hashlib.sha256(group.encode()).hexdigest(), 16) % 100 < VALIDATION_PERCENT


@dataclass(frozen=True)
class Clip:
    """One row of the index."""

    row: int
    """Row of index.csv, from 0; the teacher's logits refer to it."""
    path: str
    source: str
    label: str
    """The source's own word."""
    canonical: str
    """The class word, such as dog_bark."""
    kind: str
    """event | background | speech | music."""
    group: str
    """Recording; near duplicates share one."""
    fold: int
    rms_db: float

    @property
    def split(self) -> str:
        """Name the split: train, validation, report or unseen."""
        if self.fold == REPORT_FOLD:
            return "report"
        if self.fold == UNSEEN_FOLD:
            return "unseen"
        return "validation" if is_validation(self.group) else "train"


def read_index(data: Path) -> list[Clip]:
    """Read index.csv below `data`, in file order."""
    with (data / "index.csv").open(newline="") as file:
        return [
            Clip(
                row=row,
                path=line["path"],
                source=line["source"],
                label=line["label"],
                canonical=line["canonical"],
                kind=line["kind"],
                group=line["group"],
                fold=int(line["fold5"]),
                rms_db=float(line["rms_db"]),
            )
            for row, line in enumerate(csv.DictReader(file))
        ]


def read_clip(path: Path, sample_rate: int) -> NDArray[np.float32]:
    """Read one clip as mono float32 (n,) at `sample_rate` Hz, full scale +-1.0."""
    samples, rate = sf.read(path, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1)
    return np.asarray(mono if rate == sample_rate else soxr.resample(mono, rate, sample_rate), np.float32)


def words(canonical: str) -> str:
    """Write a class word as people do: dog_bark -> dog bark."""
    return as_words(canonical).strip().lower()


def loudest_start(samples: NDArray[np.float32], window_len: int, hop_len: int) -> int:
    """Find the first sample of the window of most energy; 0 in a shorter clip."""
    if len(samples) <= window_len:
        return 0
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    starts = np.arange(0, len(samples) - window_len + 1, hop_len)
    return int(starts[np.argmax(energy[starts + window_len] - energy[starts])])


def loudest_window(samples: NDArray[np.float32], window_len: int, hop_len: int) -> NDArray[np.float32]:
    """Cut the window of most energy; a shorter clip is placed in the middle of silence."""
    if len(samples) <= window_len:
        before = (window_len - len(samples)) // 2
        return np.pad(samples, (before, window_len - len(samples) - before))
    start = loudest_start(samples, window_len, hop_len)
    return samples[start : start + window_len]


def mix(event: NDArray[np.float32], background: NDArray[np.float32], snr_db: float) -> NDArray[np.float32]:
    """Add a background to an event, both of one length, at a ratio of mean powers, without clipping."""
    ratio = (np.mean(event**2) + 1e-12) / (np.mean(background**2) + 1e-12) / 10 ** (snr_db / 10)
    mixture = event + background * np.float32(np.sqrt(ratio))
    return np.asarray(mixture / max(1.0, float(np.abs(mixture).max())), np.float32)


def parser_of(doc: str | None) -> argparse.ArgumentParser:
    """Make the parser of a tool that reads the audio and its teacher; `doc` is said as it is written."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with index.csv")
    parser.add_argument(
        "--teacher", type=Path, default=Path("../shared/models/teacher"), help="audio teacher's folder"
    )
    return parser
