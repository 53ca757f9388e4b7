from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from monitor.errors import SourceDamaged
from monitor.records import Block
from monitor.sources.file import FileSource
from tests.sources.sounds import RATE, Heard, sweep, write_sound

HEADER_LEN = 44


@pytest.fixture
def recording(tmp_path: Path) -> tuple[Path, bytes]:
    """A WAV of which a quarter is there, and all its bytes; its header does not know its length."""
    path = tmp_path / "recording.wav"
    data = bytearray(write_sound(path, "FLOAT"))
    place = data.index(b"data") + 4
    data[place : place + 4] = struct.pack("<I", 0)
    path.write_bytes(data[: len(data) // 4])
    return path, bytes(data)


def read_until(source: FileSource, length: int) -> list[Block]:
    """Read until `length` samples have come, or nothing did within five seconds."""
    blocks: list[Block] = []
    while sum(len(block.samples) for block in blocks) < length:
        block = source.read(5.0)
        assert block is not None, f"no more came after {sum(len(one.samples) for one in blocks)} samples"
        blocks.append(block)
    return blocks


def read_to_the_end(source: FileSource) -> list[Block]:
    blocks: list[Block] = []
    with suppress(EOFError):
        while (block := source.read(5.0)) is not None:
            blocks.append(block)
        pytest.fail("nothing came, and no end")
    return blocks


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_a_followed_file_is_read_on_as_it_grows_until_it_is_deleted(recording: tuple[Path, bytes]) -> None:
    path, data = recording
    source = FileSource(path, follow=True)
    assert source.live
    source.open()
    blocks = read_until(source, (len(data) // 4 - HEADER_LEN) // 4 - RATE // 4)
    append(path, data[len(data) // 4 : len(data) // 2 + 1])  # in the middle of a sample
    append(path, data[len(data) // 2 + 1 :])
    blocks += read_until(source, len(sweep()) - sum(len(block.samples) for block in blocks) - RATE // 10)
    path.unlink()
    blocks += read_to_the_end(source)
    source.close()
    np.testing.assert_array_equal(np.concatenate([block.samples for block in blocks]), sweep())


def test_what_was_recorded_before_may_keep_everybody_waiting_and_what_comes_is_due_soon(
    recording: tuple[Path, bytes],
) -> None:
    path, data = recording
    source = FileSource(path, follow=True)
    source.open()
    first = read_until(source, 1)[0]
    assert first.next_due_s is not None
    assert first.next_due_s - first.captured_s > 60.0
    while source.read(1.0) is not None:  # all that is there
        pass
    append(path, data[len(data) // 4 :])
    last = read_until(source, len(sweep()) // 2)[-1]
    source.close()
    assert last.next_due_s is not None
    assert last.next_due_s - last.captured_s < 5.0


def test_a_followed_file_that_becomes_shorter_is_another_file(recording: tuple[Path, bytes]) -> None:
    path, data = recording
    source = FileSource(path, follow=True)
    source.open()
    read_until(source, (len(data) // 4 - HEADER_LEN) // 4 - RATE // 4)
    path.write_bytes(data[:100])
    with pytest.raises(SourceDamaged, match="became shorter"):
        read_until(source, 10 * RATE)
    source.close()


def test_a_file_that_grows_is_read_to_its_end_of_then_and_that_is_told(recording: tuple[Path, bytes]) -> None:
    path, data = recording
    append(path, data[len(data) // 4 : len(data) // 2])

    class Growing(FileSource):
        """Grows when it has been opened, and a first block was read."""

        def open(self) -> None:
            super().open()
            append(path, data[len(data) // 2 : len(data) * 3 // 4])

    heard = Heard(Growing(path, fast=True))
    assert heard.end is EOFError
    assert heard.length_s == pytest.approx(3.0, abs=0.01)
    assert "it grew while it was read, and was heard up to 3.00 s; with --follow" in heard.sentence
