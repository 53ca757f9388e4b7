"""Examples as they come: what is no use is not taken, and what was odd is found once the others are there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monitor.config.settings import Config
from monitor.learning.candidates import Candidates
from monitor.learning.examples import Example
from monitor.learning.listed import listed_with, read_class
from monitor.learning.takes import Take
from monitor.storage.own_sound_file import ExampleNote
from monitor.units import unit_norm
from tests.fakes import RATE, FakeEncoder, noise, tone


@pytest.fixture(autouse=True)
def _data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


def candidates(insist: bool = False) -> Candidates:
    encoder, config = FakeEncoder(), Config()
    return Candidates(listed_with(read_class("glumbrix", config), encoder, config), encoder, (), insist)


def example(*direction: float) -> Example:
    vector = unit_norm(np.array([direction], np.float32))
    return Example(ExampleNote("test", 1.0), vector)


def take(snr_db: float) -> Take:
    samples = np.concatenate([noise(1.0, 0.002), tone("middle", 1.0), noise(1.0, 0.002)])
    return Take(samples, RATE, RATE, 2 * RATE, "test", -13.0, snr_db)


def test_an_example_that_is_too_quiet_is_taken_only_where_the_user_insists() -> None:
    for insist in (False, True):
        gathered = candidates(insist)
        considered = gathered.consider_take(take(snr_db=2.0))
        assert considered.taken is insist
        assert considered.grave is not None
        assert len(gathered.examples) == insist
    assert gathered.examples[0].note.remarks == tuple(one.sentence for one in considered.doubts)


def test_the_last_example_can_be_taken_back() -> None:
    gathered = candidates()
    assert gathered.consider_take(take(snr_db=30.0)).taken
    assert gathered.news == 1
    assert gathered.drop_last()
    assert (gathered.examples, gathered.news) == ([], 0)
    assert not gathered.drop_last()


def test_an_odd_example_among_the_first_is_left_out_in_the_end_and_three_always_stay() -> None:
    gathered = candidates()
    odd = example(0, 0, 1, 0)
    for one in (odd, example(1, 0, 0, 0), example(1, 0.1, 0, 0), example(1, 0, 0, 0.1)):
        gathered.consider(one)
    assert [one.vectors.tolist() for one in gathered.review()] == [odd.vectors.tolist()]
    assert len(gathered.examples) == 3
    few = candidates()
    for one in (odd, example(1, 0, 0, 0), example(0, 1, 0, 0)):
        few.consider(one)
    assert few.review() == []
