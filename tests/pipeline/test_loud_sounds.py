"""A loud sound that nothing recognises is an event of the line, and changes nothing else in it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from numpy.typing import NDArray

from monitor.bus.messages import Event, Request, ScoresMessage
from monitor.config.settings import Config
from tests.fakes import RATE, noise, tone
from tests.pipeline.test_pipeline import CONFIG, Bench, comparable

OFF = replace(CONFIG, detector=replace(CONFIG.detector, loud_sound_db=0.0))


def scene() -> NDArray[np.float32]:
    """A listed class, then a sound as loud that is none, then the class again."""
    samples = noise(24.0, 0.002)
    samples[RATE * 7 : RATE * 9] += tone("low", 2.0)
    samples[RATE * 13 : RATE * 14] += tone("middle", 1.0)
    samples[RATE * 19 : RATE * 20] += tone("low", 1.0)
    return samples


def heard(config: Config = CONFIG, block_lens: tuple[int, ...] = (8000,)) -> Bench:
    bench = Bench(config=config)
    bench.play(scene(), block_lens)
    bench.finish()
    return bench


def loud(bench: Bench) -> list[Event]:
    return [event for event in bench.events if event.class_ == "loud_sound"]


def test_it_is_an_event_with_what_it_is_like_and_never_urgent() -> None:
    onset, offset = loud(heard())
    assert (onset.type, offset.type, offset.ended_by) == ("onset", "offset", "quiet")
    assert onset.id == offset.id == "run-loud_sound-104000"
    assert onset.label == "loud sound, like middle"
    assert onset.snr_db == pytest.approx(40.0, abs=2.0)
    assert offset.offset_position_s == pytest.approx(14.0, abs=0.2)
    assert not onset.urgent
    assert [one.class_ for one in onset.candidates] == ["low", "high"]


def test_it_changes_nothing_for_the_listed_classes() -> None:
    with_it, without = heard(), heard(OFF)
    assert loud(without) == []
    listed = [event for event in with_it.events if event.class_ != "loud_sound"]
    assert [event.class_ for event in listed if event.type == "onset"] == ["low", "low"]
    assert comparable(listed) == comparable(without.events)
    assert with_it.of(ScoresMessage) == without.of(ScoresMessage)
    assert with_it.health.background == without.health.background
    assert with_it.health.classes == without.health.classes


@settings(max_examples=6, deadline=None)
@given(st.lists(st.integers(50, 5000), min_size=1, max_size=4))
def test_it_does_not_depend_on_how_the_stream_was_cut(block_lens: list[int]) -> None:
    assert comparable(heard(block_lens=tuple(block_lens)).events) == comparable(heard().events)


def test_pausing_ends_it_and_while_paused_there_is_none() -> None:
    bench = Bench()
    samples = scene()
    samples[RATE * 14 : RATE * 18] += tone("middle", 4.0)
    bench.play(samples[: RATE * 16])
    bench.pipeline.handle(Request(request="pause", value=True, client="test"))
    bench.play(samples[RATE * 16 : RATE * 18])
    bench.finish()
    assert [(event.type, event.ended_by) for event in loud(bench)] == [("onset", None), ("offset", "paused")]
