"""Own sounds for tests: vectors that need no model."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from monitor.records import OwnSound
from monitor.storage.own_sound_file import ExampleNote, Quality, TaughtSound
from monitor.units import unit_norm

MODEL = "fake-0"
DIM = 4


def own_sound(name: str = "doorbell", examples: int = 3, dim: int = DIM) -> OwnSound:
    """Two windows of each example."""
    rng = np.random.default_rng(len(name))
    return OwnSound(
        name=name,
        words=name.replace("_", " "),
        vectors=unit_norm(rng.standard_normal((2 * examples, dim)).astype(np.float32)),
        example_of=np.arange(examples).repeat(2),
    )


def taught(name: str = "doorbell", model: str = MODEL, examples: int = 3, dim: int = DIM) -> TaughtSound:
    notes = tuple(ExampleNote(f"{name}-{number}.wav", 1.5, 20.0) for number in range(examples))
    return TaughtSound(
        label=name,
        sound=own_sound(name, examples, dim),
        model=model,
        taught=datetime(2026, 11, 30, 12, tzinfo=UTC),
        examples=notes,
        quality=Quality(found=3, by_words=1, false_alarms_per_hour=0.2),
    )
