from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import closing
from typing import Literal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from monitor.bus.messages import Health, PublishedRecord
from monitor.sinks.fanout import Fanout
from monitor.sinks.queued import QueuedSink
from tests.examples import event, health

Act = Literal["record", "gate"]
ROOM = 3


class Gated:
    """A sink that takes one record each time it is let to, and fails on some; then it takes all."""

    def __init__(self, fails: Sequence[bool] = ()) -> None:
        self.taken: list[float] = []
        self.closed = threading.Event()
        self._fails = iter(fails)
        self.gate = threading.Semaphore(0)
        self._tried = threading.Semaphore(0)

    def emit(self, record: PublishedRecord) -> None:
        self.gate.acquire()
        try:
            if next(self._fails, False):
                raise OSError(28, "No space left on device")
            self.taken.append(getattr(record, "uptime_s", -1.0))
        finally:
            self._tried.release()

    def close(self) -> None:
        self.closed.set()

    def let(self, count: int) -> None:
        """Let it take `count` records that wait, and wait until it has."""
        self.gate.release(count)
        for _ in range(count):
            assert self._tried.acquire(timeout=30.0)

    def open(self) -> None:
        """Let it take whatever comes."""
        self.gate.release(10_000)


def numbered(number: int) -> Health:
    return msgspec.structs.replace(health(), uptime_s=float(number))


@given(
    st.lists(st.sampled_from(["record", "gate"]), max_size=40),
    st.lists(st.booleans(), max_size=20),
)
def test_every_record_is_passed_on_in_order_or_counted_and_none_waits(
    script: list[Act], fails: list[bool]
) -> None:
    sink = Gated(fails)
    queued = QueuedSink(sink, "The log", max_pending=ROOM, close_s=30.0)
    emitted = 0
    for act in script:
        if act == "record":
            queued.emit(numbered(emitted))  # returns, though the sink takes nothing
            emitted += 1
        else:
            sink.gate.release()
    sink.open()
    queued.close()
    assert sink.closed.is_set()
    assert len(sink.taken) + queued.dropped == emitted
    assert sink.taken == sorted(sink.taken)


def test_the_oldest_records_are_kept_and_the_loss_is_told_once() -> None:
    sink = Gated()
    queued = QueuedSink(sink, "The log", max_pending=ROOM, close_s=30.0)
    for number in range(20):
        queued.emit(numbered(number))
    assert queued.dropped in {20 - ROOM, 20 - ROOM - 1}, "one may be in the sink's hands"
    assert queued.news() == ["The log does not keep up; its newest records are lost."]
    assert queued.news() == []
    sink.open()
    queued.close()
    assert sink.taken == [float(number) for number in range(20 - queued.dropped)]


def test_what_a_sink_fails_on_is_counted_and_the_next_goes_through() -> None:
    sink = Gated([True, True, False])
    fanout = Fanout([queued := QueuedSink(sink, "The log", close_s=30.0)])
    for number in range(3):
        fanout.emit(numbered(number))
    sink.let(3)
    queued.close()
    assert (fanout.undelivered, fanout.dropped, fanout.failures) == (2, 2, 0)
    assert sink.taken == [2.0]
    assert fanout.news() == [
        "The log cannot be written: No space left on device.",
        "The log is written again; 2 records are lost.",
    ]


def test_a_sink_that_fails_again_after_it_had_recovered_is_told_of_again() -> None:
    sink = Gated([True, False, True])
    fanout = Fanout([queued := QueuedSink(sink, "The log", close_s=30.0)])
    for number in range(3):
        fanout.emit(numbered(number))
    sink.let(3)
    queued.close()
    assert fanout.news() == [
        "The log cannot be written: No space left on device.",
        "The log is written again; 1 record is lost.",
        "The log cannot be written: No space left on device.",
    ]


def test_a_sink_that_hangs_does_not_keep_the_run_from_ending() -> None:
    sink = Gated()
    queued = QueuedSink(sink, "The log", close_s=0.0)
    for _ in range(5):
        queued.emit(event())
    queued.close()
    queued.close()
    assert queued.dropped == 5
    assert queued.news() == ["The log did not take its last records in time; they are lost."]
    queued.emit(event())
    assert queued.dropped == 5, "after the end nothing is owed"
    sink.open()
    assert sink.closed.wait(30.0), "it is closed once it lets go"


def test_what_is_not_wanted_takes_no_room() -> None:
    sink, only = Gated(), event()
    with closing(QueuedSink(sink, "The log", lambda record: record == only, max_pending=1)) as queued:
        for _ in range(5):
            queued.emit(health())
        queued.emit(only)
        assert queued.dropped == 0
        sink.open()
    assert sink.taken == [-1.0]
