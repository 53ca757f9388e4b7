from __future__ import annotations

import threading
from typing import TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.assemble import make_stages
from monitor.bus.messages import Event, Health, PublishedRecord, Request, ScoresMessage
from monitor.encoders.watched import AsyncEncoder, BlockingEncoder
from monitor.pipeline.acknowledgements import Acknowledgements
from monitor.pipeline.pipeline import Pipeline
from monitor.pipeline.reporter import Clock, Stream
from monitor.pipeline.scheduler import FEW, Scheduler
from monitor.records import CaptureStatus
from monitor.scoring.prompts import parse_classes
from monitor.stream.ring import Ring
from tests.fakes import RATE, Collector, FakeEncoder, FixedStatus, noise, tone
from tests.pipeline.test_batch import Counting
from tests.pipeline.test_pipeline import CONFIG, Steady, comparable, scene

CLASSES = parse_classes("low,high")
T = TypeVar("T", bound=PublishedRecord)


class Bench:
    """Several pipelines on a bench, one ring each."""

    def __init__(
        self,
        *names: str,
        encoder: FakeEncoder | None = None,
        live: bool = False,
        watched: AsyncEncoder | None = None,
    ) -> None:
        self.encoder = encoder or FakeEncoder()
        self.time = Steady()
        self.sink = Collector()
        arrived = threading.Event()
        self.rings = {name: Ring(RATE * 60, arrived) for name in names}
        self.status = {name: FixedStatus() for name in names}
        clock = self.time.clock()
        self.watched = watched or BlockingEncoder(self.encoder, clock.monotonic)
        self.pipelines = [self._pipeline(name, live, clock) for name in names]
        self.scheduler = Scheduler(
            self.pipelines,
            self.watched,
            arrived,
            Acknowledgements(self.sink.emit, clock.utc),
        )

    def _pipeline(self, name: str, live: bool, clock: Clock) -> Pipeline:
        return Pipeline(
            ring=self.rings[name],
            capture=self.status[name],
            stages=make_stages(self.encoder, CLASSES, CONFIG),
            sinks=[self.sink],
            stream=Stream(name, f"the {name}", RATE, "fake-0", live, name),
            clock=clock,
            max_lag_s=1.0,
        )

    def write(self, name: str, samples: NDArray[np.float32]) -> None:
        self.rings[name].write(samples, self.time.now_s)

    def turn(self) -> None:
        """Carry on until nothing that was written waits."""
        while any(ring.counters().pending for ring in self.rings.values()):
            self.scheduler.step(0.0)

    def of(self, kind: type[T], name: str) -> list[T]:
        return [r for r in self.sink.records if isinstance(r, kind) and getattr(r, "source_id", None) == name]


def test_windows_of_all_sources_that_are_due_together_are_one_batch() -> None:
    encoder = Counting(batches=True)
    bench = Bench("a", "b", "c", encoder=encoder)
    for name in bench.rings:
        bench.write(name, noise(3.0))
    bench.turn()
    assert set(encoder.sizes) == {3}
    assert len(encoder.sizes) == 12


@pytest.mark.parametrize("batches", [False, True])
def test_each_source_gives_what_it_gives_alone(batches: bool) -> None:
    sounds = {"a": scene(), "b": scene()[RATE * 2 :], "c": noise(5.0, seed=3)}
    together = Bench(*sounds, encoder=Counting(batches))
    for name, samples in sounds.items():
        together.write(name, samples)
        together.rings[name].close()
    while together.scheduler.step(0.0):
        pass
    for name, samples in sounds.items():
        alone = Bench(name)
        alone.write(name, samples)
        alone.rings[name].close()
        while alone.scheduler.step(0.0):
            pass
        assert comparable(together.of(Event, name)) == comparable(alone.of(Event, name))
        scores = [score.scores for score in together.of(ScoresMessage, name)]
        expected = [score.scores for score in alone.of(ScoresMessage, name)]
        within = 2e-4 if batches else 0.0  # a batch may differ in the last bit, and scores have four digits
        assert scores == [pytest.approx(one, abs=within, rel=0.0) for one in expected]


def test_of_many_sources_one_is_read_when_a_level_or_a_window_is_due_and_till_then_nothing_lags() -> None:
    names = [f"s{number}" for number in range(FEW + 1)]
    bench = Bench(*names, live=True)
    bench.scheduler.step(0.0)  # from now on it is known what is waited for
    tick_len = round(CONFIG.level.tick_s * RATE)
    for length, waits in ((tick_len - 1, tick_len - 1), (1, 0)):
        for name in names:
            bench.write(name, noise(1.0)[:length])
        assert [one.lag_s for one in bench.pipelines] == [0.0] * len(names)
        bench.scheduler.step(0.0)
        assert [ring.counters().pending for ring in bench.rings.values()] == [waits] * len(names)
    assert len(bench.of(Health, "s0")) >= 1


def test_a_source_that_lags_does_not_hold_back_another() -> None:
    bench = Bench("late", "prompt", live=True)
    bench.write("late", noise(30.0))
    bench.write("prompt", noise(1.0))
    for _ in range(20):  # a second of 50 ms each
        bench.scheduler.step(0.0)
    assert bench.rings["prompt"].counters().pending == 0
    assert [score.stop for score in bench.of(ScoresMessage, "prompt")][-1] == RATE
    bench.turn()
    bench.time.now_s += 2.0
    bench.scheduler.step(0.0)
    assert bench.of(Health, "late")[-1].skipped > 0
    assert bench.of(Health, "prompt")[-1].skipped == 0


def test_a_lost_source_ends_its_own_events_and_no_other() -> None:
    bench = Bench("a", "b", live=True)
    for name in bench.rings:
        for _ in range(10):
            bench.write(name, noise(0.2))
            bench.turn()
        for _ in range(10):
            bench.write(name, noise(0.2) + tone("low", 0.2))
            bench.turn()
    bench.status["a"].status = CaptureStatus("lost", "unplugged", RATE, 0, 0, 0, None)
    bench.scheduler.step(0.0)
    assert bench.of(Event, "a")[-1].ended_by == "lost"
    assert bench.of(Event, "b")[-1].type != "offset"
    assert [bench.of(Health, name)[-1].state for name in "ab"] == ["lost", "running"]
    before = len(bench.of(ScoresMessage, "b"))
    bench.write("b", noise(0.5))
    bench.turn()
    assert len(bench.of(ScoresMessage, "b")) == before + 2


def test_a_run_ends_when_the_last_source_has_ended() -> None:
    bench = Bench("a", "b")
    bench.write("b", noise(2.0))
    bench.rings["a"].close()
    assert bench.scheduler.step(0.0)
    assert bench.of(Health, "a")[-1].state == "ended"
    bench.turn()
    assert bench.scheduler.step(0.0)
    bench.rings["b"].close()
    assert not bench.scheduler.step(0.0)
    assert bench.of(Health, "b")[-1].analysed == 2 * RATE


def test_each_source_is_heard_for_the_duration_asked_for() -> None:
    bench = Bench("a", "b")
    bench.write("a", noise(9.0))
    bench.write("b", noise(1.0))
    for _ in range(100):
        bench.scheduler.step(0.0)
        assert not bench.scheduler.stop_after(2.0)
    assert [bench.rings[name].counters().pending for name in "ab"] == [7 * RATE, 0]
    bench.write("b", noise(8.0))
    while not bench.scheduler.stop_after(2.0):
        bench.scheduler.step(0.0)
    assert bench.rings["b"].counters().pending == 7 * RATE
    assert [bench.of(Health, name)[-1].reason for name in "ab"] == ["the monitor was stopped"] * 2


def test_what_was_heard_before_time_was_up_is_analysed_though_it_fills_no_window() -> None:
    bench = Bench("a")
    bench.write("a", noise(8.0))
    while not bench.scheduler.stop_after(0.5):
        bench.scheduler.step(0.0)
    assert [score.stop for score in bench.of(ScoresMessage, "a")] == [2000, 4000, 4000, 4000, 4000]
    last = bench.of(Health, "a")[-1]
    assert (last.analysed, last.captured) == (RATE // 2, 8 * RATE)


def test_it_waits_while_nothing_comes_and_wakes_for_any_source() -> None:
    bench = Bench("a", "b")
    writer = threading.Timer(0.05, bench.write, ("b", noise(0.05)))
    writer.start()
    bench.scheduler.step(timeout_s=30.0)
    assert bench.rings["b"].counters().pending == 0
    writer.join()


def test_a_request_is_for_all_sources_or_for_the_one_it_names() -> None:
    bench = Bench("a", "b")
    assert bench.scheduler.handle(Request("pause", None, True)).ok
    assert bench.scheduler.handle(Request("mute", "low", True, source_id="b")).ok
    bench.scheduler.step(0.0)
    assert [bench.of(Health, name)[-1].paused for name in "ab"] == [True, True]
    assert [bench.of(Health, name)[-1].classes[0].muted for name in "ab"] == [False, True]


def test_every_source_tells_of_its_own_background_and_forgets_it_alone() -> None:
    bench = Bench("a", "b")
    bench.write("a", noise(12.0))
    bench.write("b", noise(12.0) + tone("middle", 12.0, 0.02))
    bench.turn()
    backgrounds = bench.scheduler.handle(Request("background")).backgrounds
    assert [
        (background.source_id, background.source_name, background.model) for background in backgrounds
    ] == [
        ("a", "the a", "fake-0"),
        ("b", "the b", "fake-0"),
    ]
    assert all(
        background.state.ready and len(background.mean) == FakeEncoder().dim for background in backgrounds
    )
    middle = list(FakeEncoder().embed_text(["middle"])[0])
    assert [np.dot(background.mean, middle) > 0.5 for background in backgrounds] == [False, True]
    assert bench.scheduler.handle(Request("forget_background", source_id="b")).ok
    after = [
        background.state.windows for background in bench.scheduler.handle(Request("background")).backgrounds
    ]
    assert after == [backgrounds[0].state.windows, 0]
    assert [
        background.mean
        for background in bench.scheduler.handle(Request("background", source_id="b")).backgrounds
    ] == [[]]


def test_a_request_for_a_source_that_is_not_there_names_those_that_are() -> None:
    reply = Bench("a", "b").scheduler.handle(Request("pause", None, True, source_id="c"))
    assert (reply.ok, reply.error) == (False, "There is no source 'c'; there are: a, b.")
    reply = Bench("a", "b").scheduler.handle(Request("mute", "cat", True))
    assert reply.error == "No class 'cat' is listed; listed: low, high."
