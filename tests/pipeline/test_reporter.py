from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitor.bus.messages import Event
from monitor.pipeline.reporter import Clock, Context, Reporter, Stream
from monitor.records import BackgroundState, LevelReading, Span, Transition, TransitionType, WindowScores

RATE = 16000
NOON = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
LOUDNESS = LevelReading(0, -30.0, -20.0, -50.0, 20.0, "normal", [])
CONTEXT = Context(
    WindowScores(0, RATE, {"siren": 0.9}, "rain", 0.1), LOUDNESS, BackgroundState(True, 0.0, 9), 0.0, 0.0
)


class Desk:
    """A reporter whose clocks a test sets."""

    def __init__(self, live: bool = True) -> None:
        self.now_s = 1000.0
        self.utc = NOON
        clock = Clock(monotonic=lambda: self.now_s, utc=lambda: self.utc)
        stream = Stream("desk", "the desk", RATE, "fake-0", live, "run")
        self.report = Reporter(stream, clock, {"siren": "siren"}, frozenset())
        self.stop = 0

    def hear(self, seconds: float, ppm: float = 0.0, speed: float = 1.0, ppm_known: bool = True) -> None:
        for _ in range(round(seconds * 20)):
            passed_s = 0.05 / (1.0 + 1e-6 * ppm) / speed
            self.now_s += passed_s
            self.utc += timedelta(seconds=passed_s)
            self.report.watch_clock()
            samples = np.zeros(800, np.float32)
            self.report.anchor(Span(self.stop, samples, False, self.now_s), ppm if ppm_known else None)
            self.stop += 800

    def event(self, onset_s: float, offset_s: float | None = None) -> Event:
        offset = None if offset_s is None else round(offset_s * RATE)
        kind: TransitionType = "onset" if offset is None else "offset"
        change = Transition(kind, "siren", round(onset_s * RATE), offset, self.stop, 0.9, 0.9, 0.5, None)
        return self.report.event(change, CONTEXT)


@pytest.mark.parametrize("ppm", [-500.0, 0.0, 500.0])
def test_an_event_lasts_as_long_as_its_samples_do_by_the_clock_of_the_device(ppm: float) -> None:
    desk = Desk()
    desk.hear(30.0, ppm)
    onset = desk.event(28.0)
    desk.hear(600.0, ppm)
    offset = desk.event(28.0, 620.0)
    assert offset.onset_time == onset.onset_time
    assert offset.offset_time is not None
    lasted_s = (offset.offset_time - offset.onset_time).total_seconds()
    assert lasted_s == pytest.approx(592.0 / (1.0 + 1e-6 * ppm), abs=0.001)
    assert desk.report.time_of(round(620.0 * RATE)) == pytest.approx(
        offset.offset_time, abs=timedelta(seconds=0.02)
    )


@pytest.mark.parametrize("hours", [-1, 8])
def test_onset_and_offset_share_an_anchor_though_the_clock_is_set_in_between(hours: int) -> None:
    desk = Desk()
    desk.hear(10.0)
    onset = desk.event(9.0)
    desk.utc += timedelta(hours=hours)
    desk.hear(3.0)
    offset = desk.event(9.0, 12.0)
    assert (offset.onset_time, offset.offset_time) == (
        onset.onset_time,
        onset.onset_time + timedelta(seconds=3),
    )
    step = desk.report.clock_step
    assert step is not None
    assert step.step_s == 3600.0 * hours
    later = desk.event(12.5)
    assert later.onset_time == pytest.approx(desk.utc - timedelta(seconds=0.5), abs=timedelta(seconds=0.05))


@pytest.mark.parametrize("speed", [1.0, 20.0])
def test_a_file_has_positions_and_the_times_at_which_it_was_read(speed: float) -> None:
    desk = Desk(live=False)
    begun = desk.utc
    desk.hear(60.0, speed=speed)
    event = desk.event(40.0, 50.0)
    assert (event.onset_position_s, event.offset_position_s) == (40.0, 50.0)
    assert event.offset_time is not None
    assert event.onset_time == pytest.approx(
        begun + timedelta(seconds=40.0 / speed), abs=timedelta(seconds=0.05)
    )
    assert event.offset_time - event.onset_time == pytest.approx(
        timedelta(seconds=10.0 / speed), abs=timedelta(seconds=0.05)
    )
    assert event.offset_time <= desk.utc
    times = [desk.report.time_of(index) for index in range(0, desk.stop + RATE, RATE)]
    assert times == sorted(times)
    assert times[-1] <= desk.utc


def test_what_is_heard_live_has_no_position() -> None:
    desk = Desk()
    desk.hear(2.0)
    event = desk.event(1.0, 1.5)
    assert (event.onset_position_s, event.offset_position_s) == (None, None)


def test_no_time_is_in_the_future_though_a_pipe_delivers_faster_than_sound() -> None:
    desk = Desk()
    for _ in range(40):
        desk.hear(1.0, speed=10.0)
        assert desk.report.time_of(desk.stop) <= desk.utc


def test_two_clocks_that_were_not_read_at_one_moment_are_no_step() -> None:
    held_up = iter([0.0] * 3 + [3.0] * 4)
    moment = {"now_s": 1000.0}

    def monotonic() -> float:
        moment["now_s"] += next(held_up, 0.0)  # the program stands still before this reading
        return moment["now_s"]

    clock = Clock(monotonic, lambda: NOON + timedelta(seconds=moment["now_s"]))
    reporter = Reporter(Stream("desk", "the desk", RATE, "fake-0", True, "run"), clock, {}, frozenset())
    assert [reporter.watch_clock() for _ in range(5)] == [False] * 5
