"""An adapter learns what its pairs say, begins as no change, and is the same each time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.learning.adapter_training import TrainingOptions, train
from monitor.models.adapter import Adapter
from monitor.units import unit_norm

DIM = 6
OPTIONS = TrainingOptions(rank=4, epochs=40, batch=32, learning_rate=0.02, softness=0.0, scale=10.0)


def turned_pairs() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Sounds of which each lies where the words of another are: a turn of the space."""
    rng = np.random.default_rng(0)
    text = np.eye(DIM, dtype=np.float32)[rng.integers(0, 3, 200)]
    noise = rng.normal(0.0, 0.05, text.shape)
    return unit_norm((np.roll(text, 3, axis=1) + noise).astype(np.float32)), text


def adapter(trained_on: TrainingOptions) -> Adapter:
    trained = train(*turned_pairs(), trained_on)
    return Adapter("fake-0", trained.down, trained.up)


def test_sounds_come_nearer_to_their_captions() -> None:
    audio, text = turned_pairs()
    captions = np.eye(DIM, dtype=np.float32)[:3]
    before, after = ((sound @ captions.T).argmax(axis=1) for sound in (audio, adapter(OPTIONS).apply(audio)))
    assert (before == text.argmax(axis=1)).mean() < 0.6
    assert (after == text.argmax(axis=1)).mean() > 0.95


def test_the_loss_falls() -> None:
    losses = train(*turned_pairs(), OPTIONS).losses
    assert len(losses) == OPTIONS.epochs
    assert losses[-1] < losses[0]


def test_without_steps_it_changes_nothing_in_the_last_bit() -> None:
    audio, _ = turned_pairs()
    untrained = adapter(TrainingOptions(rank=4, epochs=0))
    np.testing.assert_array_equal(untrained.apply(audio), audio)


def test_the_same_seed_gives_the_same_adapter() -> None:
    assert adapter(OPTIONS).fingerprint == adapter(OPTIONS).fingerprint
