"""A phrase that is not in the table learns from its neighbours in it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.tools.load import load_tool

known_words = load_tool("tools.train.known_words")

SIREN, BARK, AMBULANCE, PUPPY = np.eye(8, dtype=np.float32)[:4]
AFAR = np.eye(8, dtype=np.float32)[4]


@pytest.fixture
def memory() -> Any:
    return known_words.Memory(np.stack([AMBULANCE, PUPPY]), np.stack([SIREN, BARK]))


def near(point: NDArray[np.float32], cosine: float) -> NDArray[np.float32]:
    return np.asarray(cosine * point + np.sqrt(1 - cosine**2) * AFAR, np.float32)


def test_a_phrase_near_an_entry_is_drawn_to_its_sound(memory: Any) -> None:
    pull = memory.pull(near(AMBULANCE, 0.9)[None])[0]
    assert pull @ SIREN == pytest.approx(1, abs=1e-3)
    assert abs(pull @ BARK) < 1e-3


def test_a_phrase_far_from_all_entries_is_left_alone(memory: Any) -> None:
    assert not memory.pull(near(AMBULANCE, known_words.FAR - 0.01)[None]).any()


def test_the_pull_grows_between_far_and_near(memory: Any) -> None:
    middle = (known_words.FAR + known_words.NEAR) / 2
    asked = np.stack([near(PUPPY, cosine) for cosine in (middle, known_words.NEAR, 0.99)])
    found = memory.pull(asked) @ BARK
    assert found == pytest.approx([0.5, 1, 1], abs=1e-3)


def test_a_phrase_between_two_entries_is_drawn_to_both(memory: Any) -> None:
    asked = known_words.unit((AMBULANCE + PUPPY)[None])
    pull = memory.pull(asked)[0]
    assert pull @ SIREN == pytest.approx(pull @ BARK)
    assert pull @ SIREN > 0.4


def test_the_answer_does_not_depend_on_how_many_are_asked_at_once(
    memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = known_words.unit(np.random.default_rng(1).normal(size=(50, 8)).astype(np.float32))
    whole = memory.pull(asked)
    monkeypatch.setattr(known_words, "CHUNK", 7)
    np.testing.assert_allclose(memory.pull(asked), whole, atol=1e-6)
