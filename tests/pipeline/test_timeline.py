from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.pipeline.timeline import STEP_S, DeviceTimeline, PlayedTimeline, WallClock

RATE = 16000
SPAN = 800
NOON = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
TOLERANCE_S = 0.05
SETTLED_S = 30.0

ppms = st.floats(-500.0, 500.0)
jitters_s = st.sampled_from([0.0, 0.005, 0.04, 0.25, 2.0])
"""Between the promptest and the latest block; 2 s: a pipe that delivers in bursts."""


class Heard:
    """A timeline that has heard `seconds` of a device `ppm` fast, its blocks up to `jitter_s` late."""

    def __init__(self, seconds: float, ppm: float, jitter_s: float, seed: int, gap_s: float = 0.0) -> None:
        self.timeline = DeviceTimeline(RATE)
        self.rate = RATE * (1.0 + 1e-6 * ppm)
        self.late = Random(seed)
        self.newest: list[tuple[float, float]] = []
        """At each span: when its last sample was captured in truth, and what was thought of it then."""
        self.hear(0, seconds, jitter_s)
        if gap_s:
            self.hear(round((seconds + gap_s) * RATE), seconds, jitter_s)

    def hear(self, first: int, seconds: float, jitter_s: float) -> None:
        for start in range(first, first + round(seconds * RATE), SPAN):
            stop = start + SPAN
            late_s = self.late.choice([0.0, self.late.uniform(0.0, jitter_s)])
            self.timeline.observe(start, stop, self.true_s(stop) + late_s, start == first)
            self.newest.append((self.true_s(stop), self.timeline.captured_s(stop)))

    def true_s(self, index: int) -> float:
        return 1000.0 + index / self.rate

    def all_times(self) -> Iterator[float]:
        return (self.timeline.captured_s(stop) for stop in range(0, len(self.newest) * SPAN, SPAN // 4))


@given(ppm=ppms, jitter_s=jitters_s, seed=st.integers(0, 99), gap_s=st.sampled_from([0.0, 0.3, 30.0]))
@settings(max_examples=40, deadline=None)
def test_times_never_run_backwards_whatever_the_clock_and_the_jitter(
    ppm: float, jitter_s: float, seed: int, gap_s: float
) -> None:
    heard = Heard(40.0, ppm, jitter_s, seed, gap_s)
    assert all(one <= other for one, other in pairwise(thought for _, thought in heard.newest))
    assert all(one <= other for one, other in pairwise(heard.all_times()))


@given(ppm=ppms, jitter_s=jitters_s, seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_times_are_right_to_50_ms_once_settled(ppm: float, jitter_s: float, seed: int) -> None:
    heard = Heard(60.0, ppm, jitter_s, seed)
    settled = [abs(thought - true) for true, thought in heard.newest if true > 1000.0 + SETTLED_S]
    assert max(settled) < TOLERANCE_S


@pytest.mark.parametrize("ppm", [-500.0, -100.0, 100.0, 500.0])
def test_times_of_a_clock_that_is_off_do_not_saw(ppm: float) -> None:
    heard = Heard(1200.0, ppm, 0.02, seed=1)  # 100 ppm are .12 s by then
    off_s = [thought - true for true, thought in heard.newest if true > 1000.0 + SETTLED_S]
    assert max(off_s) - min(off_s) < 0.01
    steps_s = [later - earlier for (_, earlier), (_, later) in pairwise(heard.newest)]
    assert max(abs(step_s - SPAN / RATE) for step_s in steps_s[600:]) < 0.001


def test_a_time_that_was_given_once_does_not_change() -> None:
    heard = Heard(20.0, 100.0, 0.04, seed=3)
    before = list(heard.all_times())
    heard.hear(len(heard.newest) * SPAN, 60.0, 0.04)
    assert list(heard.all_times())[: len(before)] == before


def test_what_was_lost_counts_and_what_comes_after_it_begins_a_stretch_of_its_own() -> None:
    heard = Heard(40.0, 0.0, 0.0, seed=0, gap_s=3600.0)
    assert heard.timeline.captured_s(0) == pytest.approx(1000.0)
    assert heard.timeline.captured_s(3640 * RATE) == pytest.approx(4640.0)
    assert 1040.0 <= heard.timeline.captured_s(1800 * RATE) <= 4640.0


@given(takes=st.lists(st.tuples(st.integers(1, 4000), st.floats(0.0, 2.0)), min_size=1, max_size=50))
def test_a_file_is_placed_when_it_was_read_never_later_and_never_backwards(
    takes: list[tuple[int, float]],
) -> None:
    timeline = PlayedTimeline()
    stops = list(accumulate(length for length, _ in takes))
    moments = list(accumulate((took_s for _, took_s in takes), initial=50.0))[1:]
    for stop, (length, _), now_s in zip(stops, takes, moments, strict=True):
        timeline.observe(stop - length, stop, now_s, discontinuous=False)
        assert timeline.captured_s(stop) == now_s
    found = [timeline.captured_s(index) for index in range(0, stops[-1] + 1, max(1, stops[-1] // 100))]
    assert found == sorted(found)
    assert max(found) <= moments[-1]


class Clocks:
    """A wall clock that drifts and is set, read twenty times a second."""

    def __init__(self) -> None:
        self.now_s = 500.0
        self.utc = NOON
        self.suspended_s = 0.0
        self.wall = WallClock(self.now_s, self.utc, 0.0)

    def read(self, seconds: float, ppm: float = 0.0) -> list[datetime]:
        found = []
        for _ in range(round(seconds * 20)):
            self.now_s += 0.05
            self.utc += timedelta(seconds=0.05 * (1.0 + 1e-6 * ppm))
            self.wall.observe(self.now_s, self.utc, self.suspended_s)
            found.append(self.wall.utc(self.now_s))
        return found


@given(step_s=st.floats(-86400.0 * 400, 86400.0 * 400), ppm=ppms)
@settings(max_examples=50, deadline=None)
def test_a_clock_that_is_set_is_followed_and_between_two_steps_times_never_run_backwards(
    step_s: float, ppm: float
) -> None:
    clocks = Clocks()
    before = clocks.read(10.0, ppm)
    clocks.utc += timedelta(seconds=step_s)
    after = clocks.read(10.0, ppm)
    assert before == sorted(before)
    assert after == sorted(after) or abs(step_s) <= 2 * STEP_S
    assert abs(clocks.wall.utc(clocks.now_s) - clocks.utc) <= timedelta(seconds=STEP_S)
    if abs(step_s) > 2 * STEP_S:
        assert clocks.wall.step is not None
        assert clocks.wall.step.number == 1
        assert clocks.wall.step.step_s == pytest.approx(step_s, abs=STEP_S)


def test_a_small_difference_is_slewed_and_not_told() -> None:
    clocks = Clocks()
    clocks.read(1.0)
    clocks.utc += timedelta(seconds=0.04)
    times = clocks.read(60.0)
    assert clocks.wall.step is None
    assert all(0.049 < (later - earlier).total_seconds() < 0.051 for earlier, later in pairwise(times))
    assert clocks.wall.utc(clocks.now_s) == clocks.utc


def test_time_that_the_machine_slept_is_told_apart_from_a_clock_that_was_set() -> None:
    clocks = Clocks()
    clocks.utc += timedelta(hours=8)
    clocks.suspended_s += 8 * 3600.0
    clocks.read(0.05)
    slept = clocks.wall.step
    clocks.utc -= timedelta(hours=1)
    clocks.read(0.05)
    put_back = clocks.wall.step
    assert slept is not None
    assert put_back is not None
    assert (slept.number, slept.step_s, slept.slept_s) == (1, 28800.0, 28800.0)
    assert (put_back.number, put_back.step_s, put_back.slept_s) == (2, -3600.0, 0.0)
