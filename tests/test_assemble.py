from __future__ import annotations

import numpy as np
import pytest

from monitor.assemble import make_stages
from monitor.config import Config, load_config
from monitor.prompts import parse_classes
from monitor.records import Span
from tests.fakes import RATE, FakeEncoder


class Slow(FakeEncoder):
    """A model that wants a window every half second, and has an ensemble of prompts."""

    hop_s = 0.5
    templates = ("{}", "{} and high")


def starts(encoder: FakeEncoder, config: Config) -> list[int]:
    """Where the windows of three seconds begin."""
    stages = make_stages(encoder, parse_classes("low"), config)
    span = Span(0, np.zeros(3 * RATE, np.float32), False, 0.0)
    return [window.start for piece in stages.windower.split(span) for window in stages.windower.push(piece)]


@pytest.mark.parametrize(
    ("hop_s", "expected_s"), [(0.0, 0.5), (0.25, 0.25), (5.0, 1.0)], ids=["model's", "own", "too long"]
)
def test_the_hop_is_the_models_own_unless_configured_and_never_leaves_a_gap(
    hop_s: float, expected_s: float
) -> None:
    found = starts(Slow(), load_config(flags={"window": {"hop_s": hop_s}}))
    assert found == list(range(0, 2 * RATE + 1, round(expected_s * RATE)))


def test_the_prompt_ensemble_of_the_model_is_used() -> None:
    one, two = (make_stages(encoder, parse_classes("low"), Config()) for encoder in (FakeEncoder(), Slow()))
    low = np.array([1, 0, 0, 0], np.float32)
    assert one.scorer.class_cosines(low)[0] == pytest.approx(1.0, abs=1e-6)
    assert two.scorer.class_cosines(low)[0] == pytest.approx(np.cos(np.pi / 8.0), abs=1e-6)
