"""What is taught is kept only if it can be heard."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.config.settings import ClassConfig, Config, DetectorConfig
from monitor.learning.examples import Example
from monitor.learning.listed import listed_with, read_class, tried_among
from monitor.learning.teaching import Taught, teach
from monitor.storage.own_sound_file import ExampleNote
from tests.fakes import FakeEncoder


@pytest.fixture(autouse=True)
def _data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


def taught(directions: Sequence[NDArray[np.float32]]) -> Taught:
    detector = DetectorConfig(classes={"glumbrix": ClassConfig(onset_threshold=0.6)})
    encoder, config = FakeEncoder(), Config(detector=detector)
    listed = listed_with(read_class("glumbrix", config), encoder, config)
    examples = [Example(ExampleNote("test", 1.0), one[np.newaxis]) for one in directions]
    now = datetime(2026, 11, 30, tzinfo=UTC)
    return teach(listed.prompt, examples, encoder, tried_among(listed, encoder), now)


def test_what_finds_none_of_its_left_out_examples_is_not_kept() -> None:
    axes = np.eye(FakeEncoder().dim, dtype=np.float32)
    alike = taught([axes[1]] * 3)
    assert alike.kept
    assert alike.reason.startswith("Found 3 of 3")
    apart = taught([-axes[0], -axes[1], -axes[2]])
    assert not apart.kept
    assert "none of 3 examples that are left out is found by the others" in apart.reason


@pytest.mark.parametrize("threshold", [0.3, 0.999])
def test_a_left_out_example_is_found_from_the_threshold_on_that_is_set_for_its_class(
    threshold: float,
) -> None:
    encoder = FakeEncoder()
    detector = DetectorConfig(classes={"glumbrix": ClassConfig(onset_threshold=threshold)})
    listed = listed_with(read_class("glumbrix", Config()), encoder, Config(detector=detector))
    assert listed.thresholds["glumbrix"] == threshold
    assert tried_among(listed, encoder).per_hour == pytest.approx((1.0 - threshold) / threshold)
