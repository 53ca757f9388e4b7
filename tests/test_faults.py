"""Laws that hold whatever goes wrong: every sample is accounted for, and what is wrong is said."""

from __future__ import annotations

import threading
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.assemble import make_stages
from monitor.bus.messages import Event, Health, Level, PublishedRecord, Request, ScoresMessage
from monitor.encoders.watched import GIVE_UP_S, TIMEOUT_S, BlockingEncoder, WatchedEncoder
from monitor.errors import ProgramError
from monitor.pipeline.acknowledgements import Acknowledgements
from monitor.pipeline.pipeline import Pipeline
from monitor.pipeline.reporter import Stream
from monitor.pipeline.scheduler import Scheduler
from monitor.records import CaptureStatus
from monitor.scoring.prompts import parse_classes
from monitor.sinks import Measurement
from monitor.stream.ring import Ring
from tests.encoders.faults import FAILURES, Fault, Faulty
from tests.fakes import RATE, Collector, FixedStatus, noise, tone
from tests.pipeline.test_pipeline import CONFIG, Steady


class Bench:
    """One live source and an encoder that goes wrong, on a clock that the test moves."""

    def __init__(self, encoder: Faulty, watched: bool = False, live: bool = True, ring_s: int = 20) -> None:
        self.encoder = encoder
        self.time = Steady()
        self.sink = Collector()
        arrived = threading.Event()
        self.ring = Ring(RATE * ring_s, arrived)
        self.status = FixedStatus()
        clock = self.time.clock()
        self.pipeline = Pipeline(
            ring=self.ring,
            capture=self.status,
            stages=make_stages(encoder, parse_classes("low,high"), CONFIG),
            sinks=[RaisingOnMeasurements(), self.sink],
            stream=Stream("bench", "the bench", RATE, "fake-0", live, "run"),
            clock=clock,
            max_lag_s=1.0,
        )
        kind = WatchedEncoder if watched else BlockingEncoder
        self.scheduler = Scheduler(
            [self.pipeline],
            kind(encoder, clock.monotonic),
            arrived,
            Acknowledgements(self.sink.emit, clock.utc),
        )

    def play(self, seconds: float, word: str | None = None) -> None:
        """Hear noise, and a tone in it, as it comes."""
        for _ in range(round(seconds * 10)):
            sound = noise(0.1) if word is None else noise(0.1) + tone(word, 0.1)
            self.time.now_s += 0.1
            self.ring.write(sound, self.time.now_s)
            self.settle()

    def settle(self) -> None:
        """Take in what there is."""
        while not self.scheduler.ended and (self.ring.counters().pending or self.scheduler._work):
            self.scheduler.step(0.05)
        self.scheduler.step(0.0)

    @property
    def healths(self) -> list[Health]:
        return [record for record in self.sink.records if isinstance(record, Health)]

    @property
    def health(self) -> Health:
        """How things are now: a second later there is a report."""
        self.time.now_s += 1.1
        self.scheduler.step(0.0)
        return self.healths[-1]

    @property
    def events(self) -> list[Event]:
        return [record for record in self.sink.records if isinstance(record, Event)]


class Raising:
    """A sink that fails on all it is given."""

    def emit(self, record: PublishedRecord) -> None:
        raise OSError("no space left")

    def close(self) -> None:
        raise OSError("no space left")


class RaisingOnMeasurements(Raising):
    """One that asks for measurements too."""

    def takes(self, kind: type[Measurement]) -> bool:
        return True


def assert_all_is_accounted_for(health: Health) -> None:
    known = health.analysed + health.pending + health.skipped + health.overwritten + health.gap
    assert health.captured == known


@pytest.mark.parametrize("fault", FAILURES)
def test_one_failure_of_the_encoder_is_said_counted_and_over(fault: Fault) -> None:
    bench = Bench(Faulty.after(4, fault, "well"))
    bench.play(6.0)
    failing = [one for one in bench.healths if one.state == "failing"]
    assert "the encoder failed (" in (failing[0].reason or "")
    assert failing[0].skipped == RATE // 4
    assert (bench.health.state, bench.health.skipped) == ("running", RATE // 4)
    for health in bench.healths:
        assert_all_is_accounted_for(health)


@pytest.mark.parametrize("fault", ["nan", "inf"])
def test_values_that_are_not_numbers_never_reach_background_scorer_or_detector(fault: Fault) -> None:
    bench = Bench(Faulty.after(4, fault, "well"))
    bench.play(10.0)
    scores = [
        value for one in bench.sink.records if isinstance(one, ScoresMessage) for value in one.scores.values()
    ]
    assert np.isfinite(scores).all()
    assert np.isfinite(bench.pipeline.handle(Request("background")).backgrounds[0].mean).all()


def test_nothing_is_confirmed_across_a_window_that_failed() -> None:
    alternating: list[Fault] = ["well", "raises"] * 20
    bench = Bench(Faulty.after(3, *alternating))
    bench.play(1.7)
    bench.play(6.0, "low")
    assert bench.events == []


def test_an_encoder_that_goes_on_failing_ends_what_is_open_and_keeps_on_saying_so() -> None:
    bench = Bench(Faulty.after(20, "raises"))
    bench.play(3.0)
    bench.play(12.0, "low")
    assert [(one.type, one.ended_by) for one in bench.events if one.type != "update"] == [
        ("onset", None),
        ("offset", "failed"),
    ]
    assert {one.state for one in bench.healths[-5:]} == {"failing"}
    assert sum(isinstance(one, Level) for one in bench.sink.records) == 150


def test_a_run_whose_encoder_fails_for_a_minute_ends_with_a_sentence_and_every_offset() -> None:
    bench = Bench(Faulty.after(20, "nan"), watched=True)
    bench.play(3.0)
    bench.play(3.0, "low")
    with pytest.raises(ProgramError, match=r"failed for 60 s.*not numbers"):
        bench.play(GIVE_UP_S + 5.0, "low")
    bench.scheduler.end("failed")
    assert bench.events[-1].type == "offset"
    assert bench.healths[-1].state == "ended"
    assert_all_is_accounted_for(bench.healths[-1])


def test_an_encoder_that_hangs_is_said_within_five_seconds_while_requests_are_answered() -> None:
    bench = Bench(Faulty([]), watched=True)
    bench.play(2.9)
    hang(bench)
    bench.time.now_s += 2.5
    bench.scheduler.step(0.0)
    assert (bench.healths[-1].state, "does not answer" in str(bench.healths[-1].reason)) == ("failing", True)
    assert_all_is_accounted_for(bench.healths[-1])
    assert bench.scheduler.handle(Request("mute", "low", True)).ok
    bench.scheduler.end("stopped")
    assert_all_is_accounted_for(bench.healths[-1])
    bench.encoder.released.set()


def hang(bench: Bench) -> None:
    bench.encoder.go_wrong("hangs", "well")
    bench.ring.write(noise(0.5), bench.time.now_s)
    for _ in range(20):
        bench.scheduler.step(0.0)
    assert bench.healths[-1].state == "running"


def test_after_a_hang_another_thread_hears_and_what_passed_meanwhile_is_counted() -> None:
    bench = Bench(Faulty([]), watched=True)
    bench.play(2.9)
    hang(bench)
    bench.time.now_s += TIMEOUT_S + 0.1
    bench.play(8.0)
    assert bench.health.state == "running"
    assert bench.health.skipped >= RATE // 4
    assert_all_is_accounted_for(bench.health)
    bench.encoder.released.set()


def test_what_of_a_file_the_encoder_failed_on_is_told_at_the_end() -> None:
    bench = Bench(Faulty.after(4, "raises", "well"), live=False)
    bench.play(4.0)
    bench.ring.close()
    while bench.scheduler.step(0.0):
        pass
    assert bench.scheduler.unheard == ("0.25 s of the bench were not analysed: the encoder failed on them.")


Act = Literal["sound", "gap", "burst", "lost", "back", "pause", "go_on", "time", "rest", "stop"]
acts: list[Act] = ["sound", "gap", "burst", "lost", "back", "pause", "go_on", "time", "rest", "stop"]
scripts = st.lists(st.tuples(st.sampled_from(acts), st.integers(1, 9000)), max_size=30)
faults = st.lists(st.sampled_from(["well", *FAILURES]), max_size=60)


@settings(max_examples=150)
@given(scripts, faults, st.booleans())
def test_every_sample_is_accounted_for_at_every_moment_whatever_fails(
    script: list[tuple[Act, int]], wrong: list[Fault], batches: bool
) -> None:
    bench = Bench(Faulty(wrong, batches), ring_s=2)  # it laps
    for act, amount in script:
        perform(bench, act, amount)
        bench.scheduler.step(0.0)
    if not bench.scheduler.ended:
        bench.ring.close()
        while bench.scheduler.step(0.0):
            pass
        assert bench.healths[-1].pending == 0
    for health in bench.healths:
        assert_all_is_accounted_for(health)
        assert health.captured >= max(health.analysed, health.gap)


def perform(bench: Bench, act: Act, amount: int) -> None:
    match act:
        case "sound":
            bench.ring.write(noise(amount / RATE), bench.time.now_s)
        case "burst":
            bench.ring.write(noise(amount * 5 / RATE), bench.time.now_s)
            bench.settle()
        case "gap":
            bench.ring.write_gap(amount)
        case "lost" | "back":
            state: Literal["lost", "running"] = "lost" if act == "lost" else "running"
            bench.status.status = CaptureStatus(state, "unplugged", RATE, 0, 0, 0, None)
        case "pause" | "go_on":
            bench.scheduler.handle(Request("pause", value=act == "pause"))
        case "time":
            bench.time.now_s += amount / 1000.0
        case "rest":
            bench.scheduler.stop_after(1e9 if amount > 300 else 1.0)
        case "stop" if amount > 8000:
            bench.scheduler.end("stopped")
        case _:
            pass


def test_a_sink_that_raises_is_counted_and_the_others_go_on() -> None:
    bench = Bench(Faulty([]))
    bench.play(3.0)
    assert bench.healths[-1].undelivered > len(bench.sink.records) // 2
    assert sum(isinstance(one, Level) for one in bench.sink.records) == 30
