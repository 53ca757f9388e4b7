"""The second audio teacher, YAMNet (Google, Apache-2.0), as its public TFLite file has it; never shipped.

It tells 521 of AudioSet's 527 classes apart, .975 s at a time, on 64 mel bands of 16 kHz audio.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

RATE, WINDOW_LEN = 16_000, 15_600
"""Hz, and samples of what it hears at a time: .975 s."""
CLASSES = 521
FILE, LABELS = "yamnet_classification.tflite", "yamnet_label_list.txt"
LEAST = 1e-6
"""Probabilities are kept this far from 0 and 1."""


class Yamnet:
    """Sound -> log-odds of its classes."""

    def __init__(self, folder: Path, least: float = LEAST) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._least = least
        self._network: Any = Interpreter(str(folder / FILE), num_threads=1)
        self._network.allocate_tensors()
        self._given = self._network.get_input_details()[0]["index"]
        self._made = self._network.get_output_details()[0]["index"]

    def hear_windows(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return log-odds (n, CLASSES) of windows (n, WINDOW_LEN) at RATE, full scale +-1.0."""
        found = []
        for window in windows:
            self._network.set_tensor(self._given, window)
            self._network.invoke()
            found.append(self._network.get_tensor(self._made)[0].copy())
        shares = np.clip(np.stack(found), self._least, 1 - self._least)
        return np.asarray(np.log(shares / (1 - shares)), np.float32)

    def hear(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the mean log-odds (CLASSES,) of a sound at 32 kHz; windows overlap by a half at least."""
        sound = np.asarray(soxr.resample(samples, 2 * RATE, RATE), np.float32)
        sound = np.pad(sound, (0, max(0, WINDOW_LEN - len(sound))))
        last = len(sound) - WINDOW_LEN
        starts = np.linspace(0, last, 1 + -(-last // (WINDOW_LEN // 2))).astype(int)
        windows = np.stack([sound[at : at + WINDOW_LEN] for at in starts])
        return np.asarray(self.hear_windows(windows).mean(axis=0))


def labels_of(folder: Path) -> list[str]:
    """Return the names of its classes."""
    lines = (folder / LABELS).read_text("utf-8").splitlines()
    return [line.strip() for line in lines if line.strip()]


def columns(labels: Sequence[str], classes: Sequence[str]) -> NDArray[np.int64]:
    """Return where each label stands among `classes`, AudioSet's 527.

    Raises
    ------
    SystemExit
        A label is none of them.
    """
    places = {name: at for at, name in enumerate(classes)}
    for label in labels:
        if label not in places:
            raise SystemExit(f"AudioSet's list of 527 has no class {label!r}.")
    return np.array([places[label] for label in labels])
