from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from monitor.sources.capture_messages import (
    Failed,
    FrameReader,
    Listed,
    Opened,
    RawBlock,
    encode_header,
    encode_message,
)
from monitor.sources.devices import Device

FRAMES: list[Opened | Failed | Listed | RawBlock] = [
    Opened("alsa-mic", "Mic ü", 48_000, 2),
    RawBlock(b"\x00\x01\x02\x03" * 10, 12.5, 3, overflow=True),
    RawBlock(b"", 13.0, 2**40, overflow=False),
    Listed([Device(1, "a", "A", "ALSA", 2, 44_100, is_default=True)]),
    Failed("It went away."),
]


def encode(frame: Opened | Failed | Listed | RawBlock) -> bytes:
    return encode_header(frame) + frame.data if isinstance(frame, RawBlock) else encode_message(frame)


@given(st.lists(st.integers(1, 200), min_size=1, max_size=10))
def test_frames_arrive_whole_however_the_pipe_cuts_them(lengths: list[int]) -> None:
    data, start = b"".join(encode(frame) for frame in FRAMES), 0
    reader, arrived = FrameReader(), list[object]()
    for length in itertools.cycle(lengths):
        reader.feed(data[start : start + length])
        while (frame := reader.next()) is not None:
            arrived.append(frame)
        start += length
        if start >= len(data):
            break
    assert arrived == FRAMES


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.booleans()), max_size=20), st.integers(1, 90))
def test_joined_blocks_hold_the_same_sound_and_no_loss_is_within_one(
    blocks: list[tuple[int, bool, bool]], cut_len: int
) -> None:
    sent = [
        RawBlock(bytes([number]) * length, float(number), int(lost), overflow)
        for number, (length, lost, overflow) in enumerate(blocks)
    ]
    data = b"".join(encode(block) for block in sent)
    reader, got = FrameReader(joins=True), list[RawBlock]()
    for start in range(0, len(data), cut_len):
        reader.feed(data[start : start + cut_len])
        while isinstance(frame := reader.next(), RawBlock):
            got.append(frame)
    assert b"".join(block.data for block in got) == b"".join(block.data for block in sent)
    assert sum(block.lost_len for block in got) == sum(block.lost_len for block in sent)
    marked = [block for block in sent if block.lost_len or block.overflow]
    assert len([block for block in got if block.lost_len or block.overflow]) == len(marked)
    assert [block.captured_s for block in got][-1:] == [block.captured_s for block in sent][-1:]
