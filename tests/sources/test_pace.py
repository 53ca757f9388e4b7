from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.sources.microphone import RATE_SPAN_S
from monitor.sources.pace import AHEAD_S, CATCH_UP, MAX_PAUSE_S, MOST_DUE_S, ArrivalRate, LivePace, Pace

BLOCK_S = 0.02


class Run:
    """A pipe whose reader reads as the source does, by a clock of its own."""

    def __init__(self, kind: type[Pace] = Pace) -> None:
        self.now_s = 100.0
        self.pace = kind(self.now_s)
        self.waiting_s = 0.0  # sound in the pipe
        self.heard_s = 0.0
        self.captured_s: list[float] = []
        self.overdue_s = 0.0

    def deliver(self, length_s: float) -> None:
        self.waiting_s += length_s

    def until(self, stop_s: float) -> None:
        """Read whatever is there until `stop_s`."""
        while self.now_s < stop_s - 1e-9:
            wait_s = self.pace.wait_s(self.now_s)
            if wait_s > 0.0:
                self.now_s = min(stop_s, self.now_s + wait_s + 1e-6)
            elif self.waiting_s >= BLOCK_S - 1e-9:
                self.waiting_s -= BLOCK_S
                self.heard_s += BLOCK_S
                self.captured_s.append(self.pace.arrived(self.now_s, BLOCK_S))
            else:
                self.pace.dry(self.now_s)
                self.now_s = stop_s
            self.overdue_s = max(self.overdue_s, self.now_s - self.pace.next_due_s)


def bursts(run: Run, length_s: float, count: int, rate: float = 1.0) -> None:
    """Deliver `count` bursts of `length_s` seconds of sound, `rate` seconds of it a second."""
    for _ in range(count):
        run.deliver(length_s)
        run.until(run.now_s + length_s / rate)


@pytest.mark.parametrize("length_s", [0.02, 0.1, 0.5, 2.0, 6.0, 10.0])
def test_sound_in_bursts_is_all_read_and_never_overdue(length_s: float) -> None:
    run = Run()
    bursts(run, length_s, round(60.0 / length_s))
    assert run.heard_s == pytest.approx(60.0, abs=0.1)
    assert run.overdue_s <= length_s / 2
    assert run.pace.rate is None


def test_a_pipe_faster_than_real_time_is_read_at_real_time_pace() -> None:
    run = Run()
    run.deliver(1000.0)
    run.until(200.0)
    assert run.heard_s == pytest.approx(100.0 + AHEAD_S, abs=0.5)
    assert run.pace.rate is None


@pytest.mark.parametrize("rate", [0.5, 0.9187, 1.088, 2.0, 2.7562, 3.0, 6.0])
def test_a_rate_that_was_not_said_is_told_with_its_factor(rate: float) -> None:
    run = Run()
    bursts(run, BLOCK_S, round(30.0 * rate / BLOCK_S), rate)
    assert run.pace.rate == pytest.approx(rate, rel=0.05)


@pytest.mark.parametrize("rate", [0.5, 2.0, 3.0])
@pytest.mark.parametrize("length_s", [BLOCK_S, 0.1])
def test_a_rate_that_was_not_said_is_told_though_the_program_was_slow_to_begin(
    rate: float, length_s: float
) -> None:
    run = Run()
    run.deliver(4.0)
    bursts(run, length_s, round(30.0 * rate / length_s), rate)
    assert run.pace.rate == pytest.approx(rate, rel=0.1)


@pytest.mark.parametrize("rate", [0.9995, 1.0005])
def test_the_clock_of_a_real_device_is_no_wrong_rate_and_loses_nothing(rate: float) -> None:
    run = Run()
    bursts(run, BLOCK_S, round(600.0 * rate / BLOCK_S), rate)
    assert run.pace.rate is None
    assert run.waiting_s < 2 * BLOCK_S


@pytest.mark.parametrize("rate", [0.9187, 0.9995, 1.0005, 1.088, 2.0])
@given(late_s=st.lists(st.floats(0.05, 0.6), min_size=5, max_size=5), first=st.integers(0, 9))
def test_a_block_handed_on_late_now_and_then_changes_no_rate_within_five_seconds(
    rate: float, late_s: list[float], first: int
) -> None:
    """A busy machine is late with a block a second, never early."""
    arrival, handed_on_s, told = ArrivalRate(RATE_SPAN_S), 0.0, []
    for number in range(round(50 * rate)):
        sounded_s = number * 0.1 / rate
        late = number % round(10 * rate) == first
        handed_on_s = max(handed_on_s, sounded_s + (late_s[int(sounded_s) % 5] if late else 0.0))
        arrival.note(handed_on_s, 0.1 * number)
        told.append(arrival.wrong)
    if abs(rate - 1.0) < 0.01:
        assert told == [None] * len(told)
    else:
        assert told[-1] == pytest.approx(rate, rel=0.03)


def test_a_pipe_that_stops_is_overdue_after_what_had_come() -> None:
    run = Run()
    bursts(run, 0.1, 50)
    assert run.pace.next_due_s - run.now_s < 0.3
    bursts(run, 2.0, 10)
    assert 0.0 <= run.pace.next_due_s - run.now_s <= 2.5


def test_a_long_pause_is_neither_usual_nor_a_rate() -> None:
    run = Run()
    bursts(run, 0.1, 100)
    run.until(run.now_s + 3 * MAX_PAUSE_S)
    bursts(run, 0.1, 100)
    assert run.pace.rate is None
    assert run.pace.next_due_s - run.now_s < 0.5
    assert run.captured_s[-1] == pytest.approx(run.now_s, abs=0.3)


@given(st.lists(st.tuples(st.floats(0.001, 3.0), st.floats(0.0, 3.0)), min_size=1, max_size=40))
def test_what_has_come_was_captured_before_now_and_in_order(deliveries: list[tuple[float, float]]) -> None:
    pace, now_s, captured_s = Pace(0.0), 0.0, []
    for length_s, pause_s in deliveries:
        if pause_s:
            pace.dry(now_s)
        now_s += pause_s
        captured_s.append(pace.arrived(now_s, length_s))
        assert captured_s[-1] <= now_s + 1e-9
    assert all(later - sooner > -1e-9 for sooner, later in pairwise(captured_s))


def test_the_times_of_a_burst_are_spread_over_the_pause_before_it() -> None:
    run = Run()
    bursts(run, 2.0, 10)
    settled = run.captured_s[200:]
    steps = [later - sooner for sooner, later in pairwise(settled)]
    assert max(abs(step - BLOCK_S) for step in steps) < 0.01


@pytest.mark.parametrize("kept_s", [2.0, 10.0, 30.0])
def test_what_a_live_server_had_kept_is_read_faster_than_it_sounds_and_then_nothing_is_behind(
    kept_s: float,
) -> None:
    run = Run(LivePace)
    run.deliver(kept_s)
    run.until(101.0)
    assert run.heard_s <= 1.0 + CATCH_UP
    bursts(run, BLOCK_S, 3000)
    assert run.waiting_s < 0.1
    assert run.pace.rate is None
    assert run.captured_s[-1] == pytest.approx(run.now_s, abs=0.5)


@pytest.mark.parametrize("kept_s", [0.0, 4.0])
def test_a_live_server_that_stops_is_overdue_within_seconds_however_much_it_had_kept(kept_s: float) -> None:
    run = Run(LivePace)
    run.deliver(kept_s)
    bursts(run, 0.1, 100)
    assert run.pace.next_due_s - run.now_s <= MOST_DUE_S
    bursts(run, 3.0, 20)  # even where packets are often held up
    assert run.pace.next_due_s - run.now_s <= MOST_DUE_S
