from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from monitor.sinks.nonblocking import MAX_PENDING, NonBlockingWriter


class Pipe:
    """A pipe whose reader the test is."""

    def __init__(self) -> None:
        self._read_fd, write_fd = os.pipe()
        os.set_blocking(self._read_fd, False)
        self.stream: TextIO = os.fdopen(write_fd, "w", encoding="utf-8")
        self._gone = False

    def read(self) -> bytes:
        parts: list[bytes] = []
        while True:
            try:
                part = os.read(self._read_fd, 1 << 16)
            except BlockingIOError:
                return b"".join(parts)
            if not part:
                return b"".join(parts)
            parts.append(part)

    def hang_up(self) -> None:
        if not self._gone:
            os.close(self._read_fd)
        self._gone = True

    def close(self) -> None:
        self.hang_up()
        self.stream.close()


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.close()


def test_a_line_can_be_read_at_once(pipe: Pipe) -> None:
    NonBlockingWriter(pipe.stream).put("Türklingel")
    assert pipe.read() == "Türklingel\n".encode()


def test_a_reader_that_sleeps_stops_nobody_and_gets_whole_lines_in_order_later(pipe: Pipe) -> None:
    outlet = NonBlockingWriter(pipe.stream)
    lines = [f"{number} " + "x" * 300 for number in range(3 * MAX_PENDING)]
    for line in lines:
        outlet.put(line)  # would block for ever if it waited
    assert outlet.dropped > 0
    assert outlet.trouble == "Lines are lost: whoever reads them does not keep up."
    assert not outlet.closed
    read = b""
    while part := pipe.read():
        read += part
        outlet.drain()
    kept = len(lines) - outlet.dropped
    assert read.decode().splitlines() == lines[:kept]
    outlet.put("after")
    assert pipe.read() == b"after\n"


def test_a_line_longer_than_a_pipe_arrives_whole(pipe: Pipe) -> None:
    outlet = NonBlockingWriter(pipe.stream)
    outlet.put("y" * 300_000)
    read = b""
    while part := pipe.read():
        read += part
        outlet.drain()
    assert read == b"y" * 300_000 + b"\n"


def test_a_reader_that_has_gone_closes_the_outlet_even_while_there_is_nothing_to_write(pipe: Pipe) -> None:
    outlet = NonBlockingWriter(pipe.stream)
    outlet.put("one")
    assert not outlet.closed
    pipe.hang_up()
    outlet.drain()
    assert outlet.closed
    outlet.put("two")
    outlet.close()


def test_closing_gives_up_on_a_reader_that_sleeps_and_counts_what_it_did_not_get(pipe: Pipe) -> None:
    outlet = NonBlockingWriter(pipe.stream)
    for _ in range(MAX_PENDING):
        outlet.put("z" * 1000)
    waiting_before = outlet.dropped
    outlet.close()
    outlet.close()
    assert outlet.closed
    assert outlet.dropped > waiting_before


def test_an_outlet_waits_for_a_reader_that_sleeps_only_as_long_as_it_may(pipe: Pipe) -> None:
    answers = iter([True, True, False])
    outlet = NonBlockingWriter(pipe.stream, wait=lambda: next(answers))
    outlet.put("z" * 300_000)  # more than a pipe holds
    assert list(answers) == []
    assert (outlet.dropped, outlet.closed) == (0, False)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_raises_nothing_and_is_counted() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        outlet = NonBlockingWriter(full)
        outlet.put("one")
        outlet.put("two")
        assert (outlet.dropped, outlet.closed) == (2, False)
        outlet.close()


def test_what_was_printed_before_comes_before(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w", encoding="utf-8") as stream:
        stream.write("before\n")
        NonBlockingWriter(stream).put("after")
    assert (tmp_path / "log").read_text() == "before\nafter\n"


def test_a_letter_the_stream_cannot_encode_gets_a_look_alike_or_a_mark_per_column(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w", encoding="ascii") as stream:
        NonBlockingWriter(stream).put("Türklingel, 日本")
    assert (tmp_path / "log").read_text() == "Turklingel, ????\n"


def test_a_stream_in_memory_will_do() -> None:
    stream = io.StringIO()
    outlet = NonBlockingWriter(stream)
    outlet.put("one")
    outlet.close()
    assert stream.getvalue() == "one\n"
