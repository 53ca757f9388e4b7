"""The loss is the published one, and its gradient is what small differences say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.learning.adapter_training import TrainingOptions, step_loss
from monitor.learning.soft_labels import contrastive_loss, soft_targets

Floats = NDArray[np.float64]
STEP = 1e-6


def unit(values: Floats) -> Floats:
    return np.asarray(values / np.linalg.norm(values, axis=-1, keepdims=True))


def batch(seed: int, count: int = 5, dim: int = 4) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    return unit(rng.normal(size=(count, dim))), unit(rng.normal(size=(count, dim)))


@given(st.integers(0, 1000), st.floats(0.0, 1.0), st.floats(0.5, 50.0))
def test_targets_add_up_to_one_along_their_axis(seed: int, softness: float, scale: float) -> None:
    targets = soft_targets(*batch(seed), scale, softness)
    np.testing.assert_allclose(targets.of_sounds.sum(axis=1), 1.0)
    np.testing.assert_allclose(targets.of_captions.sum(axis=0), 1.0)


def test_hard_labels_are_the_identity() -> None:
    targets = soft_targets(*batch(0), 20.0, 0.0)
    np.testing.assert_array_equal(targets.of_sounds, np.eye(5))


def test_of_two_sounds_of_one_caption_soft_labels_give_it_to_both() -> None:
    audio, text = batch(1, count=2)
    audio[1] = audio[0]
    text[1] = text[0]
    np.testing.assert_allclose(soft_targets(audio, text, 20.0, 1.0).of_sounds, 0.5)


def test_the_loss_of_sounds_that_are_their_captions_is_small() -> None:
    text = np.eye(4)
    targets = soft_targets(text, text, 50.0, 0.0)
    assert contrastive_loss(text, text, 50.0, targets)[0] < 1e-9
    assert contrastive_loss(np.roll(text, 1, axis=0), text, 50.0, targets)[0] > 10.0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([0.0, 0.3, 1.0]), st.floats(1.0, 20.0), st.booleans())
def test_the_gradient_is_what_small_differences_say(
    seed: int, softness: float, scale: float, of_up: bool
) -> None:
    rng = np.random.default_rng(seed)
    audio, text = batch(seed)
    parts = [rng.normal(0.0, 0.5, (4, 2)), rng.normal(0.0, 0.5, (2, 4))]
    options = TrainingOptions(rank=2, softness=softness, scale=scale)

    def loss() -> float:
        return step_loss(parts[0], parts[1], audio, text, options)[0]

    slopes = step_loss(parts[0], parts[1], audio, text, options)[1][of_up]
    part = parts[of_up]
    at = rng.integers(part.shape[0]), rng.integers(part.shape[1])
    kept = part[at]
    part[at] = kept + STEP
    above = loss()
    part[at] = kept - STEP
    below = loss()
    assert slopes[at] == pytest.approx((above - below) / (2 * STEP), rel=1e-4, abs=1e-6)
