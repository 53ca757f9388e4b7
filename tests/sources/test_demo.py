"""The demo scene: reproducible, unclipped, its sounds where it says they are, paced like a microphone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.records import Block
from monitor.sources import Source
from monitor.sources.demo import SCENE_S, DemoSource, Scene, SceneEvent, demo_scene
from monitor.units import mean_power, power_to_dbfs


class FakeTime:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def clock(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        assert seconds > 0.0
        self.now_s += seconds


def level_dbfs(scene: Scene, start_s: float, stop_s: float) -> float:
    rate = scene.sample_rate
    return power_to_dbfs(mean_power(scene.samples[round(start_s * rate) : round(stop_s * rate)]))


def floor_dbfs(scene: Scene) -> float:
    """Return the level of the quieter half-seconds: a fifth of them are below it."""
    parts = np.square(scene.samples.reshape(-1, scene.sample_rate // 2)).mean(axis=1)
    return power_to_dbfs(float(np.percentile(parts, 20)))


def blocks(source: Source) -> Iterator[Block]:
    source.open()
    try:
        while True:
            block = source.read(1.0)
            assert block is not None
            yield block
    except EOFError:
        source.close()


def drained(source: Source) -> NDArray[np.float32]:
    return np.concatenate([block.samples[:, 0] for block in blocks(source)])


def test_the_same_seed_makes_the_same_scene_and_another_seed_another() -> None:
    again = demo_scene.__wrapped__()

    assert np.array_equal(again.samples, demo_scene().samples)
    assert again.events == demo_scene().events
    assert not np.array_equal(demo_scene(seed=3).samples, demo_scene().samples)


def test_the_scene_is_finite_float32_that_never_clips_nor_falls_silent() -> None:
    scene = demo_scene()
    per_second = scene.samples.reshape(-1, scene.sample_rate)

    assert scene.samples.dtype == np.float32
    assert not scene.samples.flags.writeable
    assert len(scene.samples) == round(SCENE_S * scene.sample_rate)
    assert np.abs(scene.samples).max() < 0.9
    assert np.sqrt(np.mean(per_second**2, axis=1)).min() > 1e-3


def test_five_seconds_of_background_come_first_and_events_are_well_apart() -> None:
    events = demo_scene().events

    assert events[0].onset_s >= 5.0
    assert events[-1].offset_s <= SCENE_S
    assert all(after.onset_s - before.offset_s >= 2.5 for before, after in pairwise(events))
    assert {event.class_name for event in events} == {
        "car_horn", "dog_bark", "door_knock", "doorbell", "siren", "smoke_alarm",
    }  # fmt: skip


@pytest.mark.parametrize("event", demo_scene().events, ids=lambda event: event.class_name)
def test_each_event_is_heard_from_its_onset_to_its_offset(event: SceneEvent) -> None:
    scene = demo_scene()

    during = level_dbfs(scene, event.onset_s, event.offset_s)
    before = level_dbfs(scene, event.onset_s - 0.5, event.onset_s)
    after = level_dbfs(scene, event.offset_s + 0.2, event.offset_s + 0.7)

    assert 9.0 < during - floor_dbfs(scene) < 17.0
    assert before < during - 6.0
    assert after < during - 6.0


def test_the_source_delivers_the_whole_scene_however_it_is_paced() -> None:
    time = FakeTime()
    paced = DemoSource(clock=time.clock, sleep=time.sleep)
    started_s = time.now_s

    assert np.array_equal(drained(paced), demo_scene().samples)
    assert time.now_s - started_s == pytest.approx(SCENE_S, abs=1e-6)
    assert np.array_equal(drained(DemoSource(fast=True)), demo_scene().samples)


def test_a_paced_scene_is_live_and_its_blocks_are_due_when_their_last_sample_has_passed() -> None:
    time = FakeTime()
    source: Source = DemoSource(clock=time.clock, sleep=time.sleep)
    source.open()

    first, second = source.read(1.0), source.read(1.0)

    assert source.live
    assert not DemoSource(fast=True).live
    assert first is not None
    assert second is not None
    assert first.captured_s == pytest.approx(100.0 + len(first.samples) / source.sample_rate)
    assert second.captured_s - first.captured_s == pytest.approx(len(second.samples) / source.sample_rate)


def test_a_read_gives_up_when_its_time_is_over_and_loses_nothing() -> None:
    time = FakeTime()
    source = DemoSource(clock=time.clock, sleep=time.sleep)
    source.open()

    assert source.read(0.01) is None
    block = source.read(1.0)

    assert block is not None
    assert np.array_equal(block.samples[:, 0], demo_scene().samples[: len(block.samples)])


def test_opening_again_starts_over() -> None:
    source = DemoSource(fast=True)
    source.open()
    first = source.read(0.0)
    source.open()
    again = source.read(0.0)

    assert first is not None
    assert again is not None
    assert np.array_equal(first.samples, again.samples)


def test_sources_that_are_opened_side_by_side_share_one_scene() -> None:
    demo_scene.cache_clear()
    sources = [DemoSource(fast=True) for _ in range(4)]
    threads = [threading.Thread(target=source.open) for source in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert demo_scene.cache_info().misses == 1
