from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.sources.backlog import Backlog
from monitor.sources.capture_messages import RawBlock, ServerNote


def test_blocks_come_out_in_order_and_then_the_end() -> None:
    backlog = Backlog(100)
    backlog.put(b"a", 1.0, 40, overflow=False)
    backlog.put(b"b", 2.0, 40, overflow=True)
    backlog.end()
    assert backlog.take() == RawBlock(b"a", 1.0, 0, overflow=False)
    assert backlog.take() == RawBlock(b"b", 2.0, 0, overflow=True)
    assert backlog.take() is None


def test_when_full_the_newest_are_dropped_and_the_next_block_says_how_many() -> None:
    backlog = Backlog(100)
    backlog.put(b"old", 1.0, 90, overflow=False)
    backlog.put(b"", 2.0, 20, overflow=True)
    backlog.put(b"", 3.0, 30, overflow=False)
    assert backlog.take() == RawBlock(b"old", 1.0, 0, overflow=False)
    backlog.put(b"new", 4.0, 20, overflow=False)
    assert backlog.take() == RawBlock(b"new", 4.0, 50, overflow=True)


def test_a_message_comes_out_behind_the_blocks_before_it_though_there_is_no_room_for_a_block() -> None:
    backlog, note = Backlog(100), ServerNote("home", "", "muted")
    backlog.put(b"old", 1.0, 100, overflow=False)
    backlog.say(note)
    assert backlog.take() == RawBlock(b"old", 1.0, 0, overflow=False)
    assert backlog.take() == note


@given(st.lists(st.one_of(st.integers(1, 60), st.none()), max_size=60))
def test_every_sample_is_delivered_or_counted_once(steps: list[int | None]) -> None:
    """A number is a block offered, None is a block taken if there is one."""
    backlog = Backlog(100)
    offered = seen = waiting = 0
    for step in [*steps, *[None] * 60, 1, None]:
        if step is not None:
            before = backlog.lost_len
            backlog.put(bytes(step), 0.0, step, overflow=False)
            offered += step
            waiting += backlog.lost_len <= before
        elif waiting:
            block = backlog.take()
            assert isinstance(block, RawBlock)
            seen += len(block.data) + block.lost_len
            waiting -= 1
    assert seen == offered
