"""An engine that hears pitch and reads token ids, and remembers what it was asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.models.store import StoredModel, find_model
from tests.fakes import RATE, FakeEncoder


def pitch_model(**changes: Any) -> StoredModel:
    """A model of 1 s windows in the space of `FakeEncoder`, with the tokenizer of the model in the box."""
    box = find_model("embedded")
    space = {"sample_rate": RATE, "window_len": RATE, "dim": FakeEncoder().dim, "prompt": "{}"}
    plain = {"front_end": "waveform", "mel": "slaney", "identity": ""}
    entry = msgspec.structs.replace(box.entry, **(space | plain | changes))
    return StoredModel("pitch", entry, Path(box.folder))


class PitchEngine:
    """Satisfies `Engine` and `TextTower`."""

    batches = False

    def __init__(self, dim: int = FakeEncoder().dim) -> None:
        self.heard: list[tuple[int, ...]] = []
        """Shapes of what the audio tower was given."""
        self.read: list[tuple[int, ...]] = []
        """Shapes of what the text tower was given."""
        self.loads = 0
        self._dim = dim

    def audio(self, sound: NDArray[np.float32]) -> NDArray[np.float32]:
        self.heard.append(sound.shape)
        return FakeEncoder().embed_audio(sound.reshape(len(sound), -1))

    def open_text(self) -> PitchEngine:
        self.loads += 1
        return self

    def embed(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        self.read.append(ids.shape)
        directions = np.random.default_rng(0).standard_normal((12_000, self._dim))
        return np.asarray(directions[ids].sum(axis=1), np.float32)
