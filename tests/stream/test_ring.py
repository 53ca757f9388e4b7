from __future__ import annotations

import threading

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitor.stream.ring import Ring


def counting(start: int, length: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.arange(start, start + length, dtype=np.float32)


def test_what_is_written_is_read_with_its_stream_index() -> None:
    ring = Ring(100)
    ring.write(counting(0, 30), captured_s=1.0)
    first, second = ring.read(20, 0.0), ring.read(20, 0.0)
    assert first is not None
    assert second is not None
    assert (first.start, second.start) == (0, 20)
    assert np.array_equal(np.concatenate([first.samples, second.samples]), counting(0, 30))


def test_a_full_ring_overwrites_the_oldest_and_counts_it() -> None:
    ring = Ring(10)
    ring.write(counting(0, 25), captured_s=0.0)
    span = ring.read(100, 0.0)
    assert span is not None
    assert span.start == 15
    assert span.discontinuous
    assert np.array_equal(span.samples, counting(15, 10))
    assert ring.counters().overwritten == 15


def test_a_gap_moves_the_index_and_marks_the_next_span() -> None:
    ring = Ring(100)
    ring.write(counting(0, 5), 0.0)
    ring.write_gap(50)
    ring.write(counting(55, 5), 0.0)
    before, after = ring.read(100, 0.0), ring.read(100, 0.0)
    assert before is not None
    assert after is not None
    assert (before.start, len(before.samples), before.discontinuous) == (0, 5, False)
    assert (after.start, len(after.samples), after.discontinuous) == (55, 5, True)


def test_read_gives_none_when_nothing_comes() -> None:
    assert Ring(10).read(5, timeout_s=0.01) is None


def test_a_closed_ring_is_ended_only_when_all_of_it_has_been_read() -> None:
    ring = Ring(10)
    ring.write(counting(0, 5), 0.0)
    ring.close()
    assert not ring.ended
    ring.read(5, 0.0)
    assert ring.ended


def test_a_waiting_writer_loses_nothing() -> None:
    ring = Ring(16)

    def write_all() -> None:
        ring.write(counting(0, 1000), 0.0, wait=True)
        ring.close()

    writer = threading.Thread(target=write_all)
    writer.start()
    parts = []
    while not ring.ended:
        span = ring.read(7, timeout_s=5.0)
        if span is not None:
            parts.append(span.samples)
    writer.join()
    assert np.array_equal(np.concatenate(parts), counting(0, 1000))
    assert ring.counters().overwritten == 0


def test_closing_frees_a_waiting_writer() -> None:
    ring = Ring(4)
    writer = threading.Thread(target=lambda: ring.write(counting(0, 100), 0.0, wait=True))
    writer.start()
    ring.close()
    writer.join(timeout=5.0)
    assert not writer.is_alive()


steps = st.lists(st.tuples(st.sampled_from(["write", "gap", "read"]), st.integers(1, 40)), max_size=60)


@given(steps)
def test_every_index_is_delivered_in_order_or_counted(script: list[tuple[str, int]]) -> None:
    ring = Ring(32)
    position = delivered = 0
    last = -1
    for action, length in script:
        if action == "write":
            ring.write(counting(position, length), 0.0)
            position += length
        elif action == "gap":
            ring.write_gap(length)
            position += length
        else:
            span = ring.read(length, 0.0)
            if span is not None:
                assert span.start > last
                assert np.array_equal(span.samples, counting(span.start, len(span.samples)))
                last = span.start + len(span.samples) - 1
                delivered += len(span.samples)
        counters = ring.counters()
        assert counters.captured == position
        assert counters.captured == delivered + counters.pending + counters.overwritten + counters.gap


def test_one_reader_is_woken_by_any_of_several_rings() -> None:
    arrived = threading.Event()
    first, second = Ring(10, arrived), Ring(10, arrived)
    assert not arrived.is_set()
    assert (first.ready, second.ready) == (False, False)
    second.write(counting(0, 5), 0.0)
    assert arrived.is_set()
    assert (first.ready, second.ready) == (False, True)
    arrived.clear()
    first.close()
    assert arrived.is_set()
    assert first.ready


def test_a_reader_is_not_woken_for_less_than_it_wants_but_may_read_it() -> None:
    arrived = threading.Event()
    ring = Ring(100, arrived)
    ring.want(20)
    ring.write(counting(0, 19), 0.0)
    assert not arrived.is_set()
    assert not ring.ready
    ring.write(counting(19, 1), 0.0)
    assert arrived.is_set()
    assert ring.ready
    assert ring.read(5, 0.0) is not None


def test_a_writer_that_waits_for_room_wakes_a_reader_that_wants_more_than_there_is_room_for() -> None:
    arrived = threading.Event()
    ring = Ring(16, arrived)
    ring.want(16)
    ring.write(counting(0, 12), 0.0)
    writer = threading.Thread(target=lambda: ring.write(counting(12, 12), 0.0, wait=True))
    writer.start()
    assert arrived.wait(5.0)
    assert ring.ready
    ring.read(12, 0.0)
    writer.join(5.0)
    assert not writer.is_alive()
    assert not ring.ready


def test_the_end_wakes_a_reader_whatever_it_wants() -> None:
    arrived = threading.Event()
    ring = Ring(100, arrived)
    ring.want(50)
    ring.close()
    assert arrived.is_set()
    assert ring.ready
