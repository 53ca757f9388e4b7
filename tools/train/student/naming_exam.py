"""How many recordings that nothing was learnt from a student names rightly, by its logits alone, in noise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from monitor.export.evidence import Evidence
from tools.train.corpus import read_index, words
from tools.train.student.listening import OpenTeacher
from tools.train.student.measure import WINDOW_LEN
from tools.train.student.network import Student
from tools.train.student.sources import held_clips, in_backgrounds, loudest_windows

SNRS_DB = (None, 10.0, 0.0)
"""None is without noise."""
PROMPT = "the sound of a {}"
_SEED = 5
_CHUNK = 64


@dataclass(frozen=True)
class NamingExam:
    """The loudest 2 s of events of folds 1 to 3 that are held out, of classes with two of them at least."""

    mels: dict[str, Tensor]
    """By condition, float16 (n, 1, 128, frames)."""
    truth: Tensor
    """int64 (n,)."""
    texts: Tensor
    """(classes, d), unit norm."""

    @torch.inference_mode()
    def measure(self, student: Student, place: Evidence) -> dict[str, float]:
        """Return the share named rightly among all classes, by condition."""
        student.eval()
        found = {}
        for name, mels in self.mels.items():
            parts = (mel.float().contiguous(memory_format=torch.channels_last) for mel in mels.split(_CHUNK))
            logits = torch.cat([student(part)[1] for part in parts])
            right = (place(logits) @ self.texts.T).argmax(1) == self.truth
            found[name] = float(right.float().mean())
        student.train()
        return found


def naming_exam(
    data: Path, teacher: OpenTeacher, embed: Callable[[list[str]], NDArray[np.float32]]
) -> NamingExam:
    """Make the exam: one held-out background, drawn by a fixed seed, behind each event."""
    index = read_index(data)
    events = held_clips(index, "event")
    often = Counter(clip.canonical for clip in events)
    events = [clip for clip in events if often[clip.canonical] > 1]
    classes = sorted({clip.canonical for clip in events})
    windows = loudest_windows(data, events, WINDOW_LEN)
    backgrounds = loudest_windows(data, held_clips(index, "background"), WINDOW_LEN)
    mels = {}
    for snr_db in SNRS_DB:
        heard = windows if snr_db is None else in_backgrounds(windows, backgrounds, snr_db, _SEED)
        parts = torch.from_numpy(heard).split(_CHUNK)
        name = "clean" if snr_db is None else f"{snr_db:g}_db"
        mels[name] = torch.cat([teacher.listen(part).half() for part in parts])
    texts = torch.from_numpy(embed([PROMPT.format(words(name)) for name in classes]))
    return NamingExam(mels, torch.tensor([classes.index(clip.canonical) for clip in events]), texts)
