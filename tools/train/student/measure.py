"""How near the student comes to the teacher on sound that nothing was learnt from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tools.train.corpus import read_index
from tools.train.student.listening import OpenTeacher
from tools.train.student.network import Student
from tools.train.student.sources import (
    RATE,
    held_clips,
    in_backgrounds,
    length_s,
    loudest_windows,
    measuring_clips,
)

EXAMS = ("validation", "validation_wide", "validation_10db", "validation_0db", "fold4", "fold6")
"""What the student is asked: to answer as the teacher does on the same 2 s; on 5 s round them, of clips that
are as long; and, in a background that nothing was learnt from, at so many dB, as the teacher without it."""
WINDOW_LEN, WIDE_LEN = 2 * RATE, 5 * RATE
_CHUNK = 32


@dataclass(frozen=True)
class Exam:
    """The loudest 2 s of each clip of one set, and the teacher's answers."""

    name: str
    mel: Tensor
    """float16 (n, 1, 128, frames)."""
    pooled: Tensor
    hidden: Tensor
    logits: Tensor
    """float32 (n, 384), (n, 512) and (n, 527)."""


@dataclass(frozen=True)
class Marks:
    """What the student got in one exam."""

    pooled: float
    hidden: float
    """Share of the variance explained (R2) of all channels together."""
    logits: float
    """Correlation over clips, the mean of all 527 classes."""
    scale: float
    """R2 of the hidden layer, each channel counting alike."""


@torch.inference_mode()
def load_exam(name: str, data: Path, teacher: OpenTeacher, work: Path) -> Exam:
    """Return one of EXAMS, heard by the teacher once and kept in `work`."""
    path = work / f"exam_{name}.pt"
    if not path.exists():
        wanted, heard = exam_sound(name, data)
        answers = [teacher.hear(part) for part in torch.from_numpy(wanted).split(_CHUNK)]
        stored = {
            key: torch.cat([getattr(one, key) for one in answers]) for key in ("pooled", "hidden", "logits")
        }
        mels = [teacher.listen(part) for part in torch.from_numpy(heard).split(_CHUNK)]
        stored["mel"] = torch.cat(mels).half()
        torch.save(stored, path.with_suffix(".unfinished"))
        path.with_suffix(".unfinished").replace(path)
    return Exam(name, **torch.load(path, weights_only=True))


def exam_sound(name: str, data: Path) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return what the teacher hears and what the student hears: each (n, samples) at RATE."""
    index, (kind, _, variant) = read_index(data), name.partition("_")
    clips = measuring_clips(index, kind)
    if variant == "wide":
        clips = [clip for clip in clips if length_s(data / clip.path) >= WIDE_LEN / RATE]
    windows = loudest_windows(data, clips, WINDOW_LEN)
    if variant == "wide":
        return loudest_windows(data, clips, WINDOW_LEN, WIDE_LEN), windows
    if variant:
        backgrounds = loudest_windows(data, held_clips(index, "background"), WINDOW_LEN)
        return windows, in_backgrounds(windows, backgrounds, float(variant.removesuffix("db")), seed=1)
    return windows, windows


def load_exams(data: Path, teacher: OpenTeacher, work: Path) -> list[Exam]:
    """Return all exams."""
    return [load_exam(name, data, teacher, work) for name in EXAMS]


def explained(found: Tensor, wanted: Tensor) -> float:
    """Return R2 of all columns together: 1 is perfect, 0 is knowing each column's mean."""
    missed = (found - wanted).square().sum()
    return 1 - float(missed / (wanted - wanted.mean(0)).square().sum())


def explained_alike(found: Tensor, wanted: Tensor) -> float:
    """Return R2, each column counting alike; columns that hardly move are left out."""
    moved = (wanted - wanted.mean(0)).square().mean(0)
    kept = moved > 0.01 * moved.mean()
    return 1 - float(((found - wanted).square().mean(0) / moved)[kept].mean())


def correlation(found: Tensor, wanted: Tensor) -> float:
    """Correlate each column over rows; return the mean."""
    a, b = found - found.mean(0), wanted - wanted.mean(0)
    each = (a * b).sum(0) / (a.norm(dim=0) * b.norm(dim=0) + 1e-9)
    return float(each.mean())


@torch.inference_mode()
def measure(student: Student, exam: Exam) -> Marks:
    """Put the student to one exam."""
    student.eval()
    parts = []
    for mel in exam.mel.split(_CHUNK):
        pooled = student.pool(student.maps(mel.float().contiguous(memory_format=torch.channels_last))[-1])
        hidden = student.think(pooled)
        parts.append((pooled, hidden, student.logits(hidden)))
    student.train()
    pooled, hidden, logits = (torch.cat(part) for part in zip(*parts, strict=True))
    hidden = student.hidden_scale.undo(hidden)
    return Marks(
        pooled=explained(student.pooled_scale.undo(pooled), exam.pooled),
        hidden=explained(hidden, exam.hidden),
        logits=correlation(logits, exam.logits),
        scale=explained_alike(hidden, exam.hidden),
    )
