"""Scenes that both teachers have heard, kept in files to learn from again, each time in other noise.

A teacher hears five seconds as well as two, and costs more than the student's whole step; a scene that lies
in other noise each time is hardly learnt by heart. One process may fill a pool while another learns from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tools.train.student.listening import OpenTeacher
from tools.train.student.measure import WINDOW_LEN
from tools.train.student.network import HIDDEN, LOGITS
from tools.train.student.view import STARTS, cut
from tools.train.yamnet import CLASSES, Yamnet

Numbers = NDArray[Any]


@dataclass(frozen=True)
class _Kind:
    width: int
    dtype: type[np.generic]

    @property
    def size(self) -> int:
        """Return the bytes of one scene."""
        return self.width * np.dtype(self.dtype).itemsize


KINDS = {
    "audio": _Kind(WINDOW_LEN, np.int16),
    "hidden": _Kind(HIDDEN, np.float16),
    "logits": _Kind(LOGITS, np.float16),
    "second": _Kind(CLASSES, np.float16),
    "label": _Kind(1, np.int16),
}
"""What is kept of a scene: samples, full scale 32767; the first teacher's hidden layer, in its own units, and
its logits; the second one's log-odds; of these three, up to a half is that of a longer view (view.py). The
class of a scene of one labelled sound (labelled.py), or UNLABELLED."""
UNLABELLED = -1
LABELLED_STARTS = 12
"""Places drawn for a window of a labelled scene: the loudest has the sound in it."""


class Pool:
    """Files below a folder, one for each of KINDS."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._kept: dict[str, Numbers] = {}

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.bin"

    def __len__(self) -> int:
        """Count the scenes that are whole."""
        return min(
            self._path(name).stat().st_size // kind.size if self._path(name).exists() else 0
            for name, kind in KINDS.items()
        )

    def mend(self) -> None:
        """Cut off what a process that was ended had begun to write."""
        length = len(self)
        for name, kind in KINDS.items():
            with self._path(name).open("ab") as file:
                file.truncate(length * kind.size)

    def add(self, scenes: dict[str, Numbers]) -> None:
        """Append scenes: of each of KINDS (n, width)."""
        for name, kind in KINDS.items():
            with self._path(name).open("ab") as file:
                file.write(scenes[name].astype(kind.dtype).tobytes())

    def draw(self, rows: NDArray[np.int64]) -> dict[str, Tensor]:
        """Return scenes, float32; audio in full scale +-1.0."""
        if not self._kept or len(self._kept["audio"]) <= int(rows.max()):
            length = len(self)
            for name, kind in KINDS.items():
                whole: Numbers = np.memmap(self._path(name), kind.dtype, mode="r")
                self._kept[name] = whole[: length * kind.width].reshape(length, kind.width)
        drawn = {name: torch.from_numpy(kept[rows].astype(np.float32)) for name, kept in self._kept.items()}
        drawn["audio"] /= 32767
        return drawn


class Teachers:
    """Both, in two seconds and in a longer view."""

    def __init__(self, first: OpenTeacher, second: Yamnet) -> None:
        self._first, self._second = first, second

    def hear(
        self, scenes: Tensor, generator: torch.Generator, labels: NDArray[np.int16] | None = None
    ) -> dict[str, Numbers]:
        """Cut a window out of each scene (n, longer), and hear it: (n, width) of each of KINDS."""
        starts = STARTS if labels is None else LABELLED_STARTS
        audio, weights = cut(scenes, WINDOW_LEN, generator, starts)
        near, far = self._first.hear(audio), self._first.hear(scenes)
        second_near, second_far = (
            torch.from_numpy(np.stack([self._second.hear(one) for one in part.numpy()]))
            for part in (audio, scenes)
        )
        return {
            "audio": np.round(audio.numpy() * 32767),
            "hidden": near.hidden.lerp(far.hidden, weights).numpy(),
            "logits": near.logits.lerp(far.logits, weights).numpy(),
            "second": second_near.lerp(second_far, weights).numpy(),
            "label": np.full((len(scenes), 1), UNLABELLED) if labels is None else labels[:, None],
        }
