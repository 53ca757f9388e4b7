"""Examples from an open source: each ends by itself, and what is wrong with the source is said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.config.settings import CaptureConfig
from monitor.errors import SourceError
from monitor.learning.recorder import Moment, TakeRecorder
from monitor.learning.takes import TICK_S
from monitor.sources.opened import opened
from tests.fakes import RATE, ArraySource, noise
from tests.learning.test_takes import scene


@contextmanager
def recording(samples: NDArray[np.float32], seen: list[Moment] | None = None) -> Iterator[TakeRecorder]:
    with opened(ArraySource(samples), CaptureConfig(), RATE) as source:
        yield TakeRecorder(source, RATE, "test", ([] if seen is None else seen).append)


def test_each_sound_is_a_take_of_its_own_and_the_place_comes_before_all() -> None:
    seen: list[Moment] = []
    with recording(scene(4.0, 8.0), seen) as recorder:
        recorder.learn_place()
        takes = [recorder.take(), recorder.take()]
    assert len(recorder.place) >= 3 * RATE
    for take in takes:
        assert take is not None
        assert take.seconds == pytest.approx(0.6, abs=2 * TICK_S)
        assert take.clipped == 0.0
    states = [moment.state for moment in seen]
    assert states.index("waits") < states.index("sounds")
    assert states[0] == "place"


def test_a_take_that_is_to_be_done_again_is_given_up() -> None:
    with recording(scene(4.0)) as recorder:
        recorder.learn_place()
        assert recorder.take(lambda: True) is None
        assert recorder.take() is not None


def test_a_source_that_ends_says_so() -> None:
    with recording(scene(4.0, seconds=6.0)) as recorder:
        recorder.learn_place()
        assert recorder.take() is not None
        with pytest.raises(SourceError, match=r"test has ended\."):
            recorder.take()


def test_where_nothing_stands_out_for_a_minute_it_says_what_to_do() -> None:
    with recording(noise(70.0, 0.002)) as recorder:
        recorder.learn_place()
        with pytest.raises(SourceError, match="Nothing stood out from the place for 60 s"):
            recorder.take()


def test_a_source_that_is_silent_says_so_with_what_to_do_and_the_place_is_learnt_from_sound_alone() -> None:
    said: list[str] = []
    samples = np.concatenate([np.zeros(5 * RATE, np.float32), scene(4.0)])
    with opened(ArraySource(samples), CaptureConfig(), RATE) as source:
        recorder = TakeRecorder(source, RATE, "test", tell=said.append)
        recorder.learn_place()
        take = recorder.take()
    assert take is not None
    assert take.seconds == pytest.approx(0.6, abs=2 * TICK_S)
    assert [one.partition(":")[0] for one in said] == ["test is SILENT", "test brings sound again."]
    assert "unmute it or choose another" in said[0]


def test_a_source_that_stays_silent_is_given_up_after_a_minute() -> None:
    silent = pytest.raises(SourceError, match=r"test was SILENT for 60 s: .*unmute it")
    with recording(np.zeros(65 * RATE, np.float32)) as recorder, silent:
        recorder.learn_place()


def test_sound_at_full_scale_is_noticed() -> None:
    samples = scene(4.0)
    samples[4 * RATE : 4 * RATE + 4000] = np.sign(samples[4 * RATE : 4 * RATE + 4000])
    with recording(samples) as recorder:
        recorder.learn_place()
        take = recorder.take()
    assert take is not None
    assert take.clipped > 0.5
