"""Models adapted to unlabelled clips, for the paper's four ways."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from monitor.cli.adapted_models import AdaptedModels
from monitor.config.settings import Config
from monitor.evaluation.methods.method_runner import MethodRunner, words_of
from monitor.evaluation.methods.window_batch import MethodInput
from monitor.records import ClassPrompt
from tests.fakes import FakeEncoder

CLASSES = [ClassPrompt("siren", "siren"), ClassPrompt("dog_bark", "dog bark")]


def at_work(clips: int) -> MethodRunner:
    """A model that has heard one window of noise at two SNRs, and `clips` clips to learn from."""
    encoder = FakeEncoder()
    rng = np.random.default_rng(0)

    def directions(*shape: int) -> Any:
        found = rng.standard_normal((*shape, encoder.dim))
        return (found / np.linalg.norm(found, axis=-1, keepdims=True)).astype(np.float32)

    given = MethodInput(directions(2, 1), directions(1, 1), directions(clips), ())
    return MethodRunner(encoder, Config(), CLASSES, words_of(encoder, Config(), CLASSES), given, ())


def test_four_ways_to_adapt_move_sound_and_leave_words() -> None:
    runner = at_work(clips=200)
    found = dict(AdaptedModels(["siren", "dog bark"])(runner))
    assert set(found) == {
        f"adapt, {domain}, {labels}"
        for domain in ("general", "targeted")
        for labels in ("hard labels", "soft labels")
    }
    for adapted in found.values():
        windows = adapted.given.windows
        assert windows.shape == runner.given.windows.shape
        assert np.linalg.norm(windows, axis=-1) == pytest.approx(1.0, abs=1e-5)
        assert np.abs(windows - runner.given.windows).max() > 1e-6
        assert adapted.words is runner.words


def test_too_few_clips_adapt_nothing() -> None:
    runner = at_work(clips=8)
    assert not list(AdaptedModels()(replace(runner, config=Config())))
