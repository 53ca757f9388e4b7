from __future__ import annotations

import io
import os
import pty
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import pytest

from monitor.errors import SourceDamaged, SourceError
from monitor.sources.raw import RawFormat, SampleFormat
from monitor.sources.stdin import StandardInput
from tests.sources.fakes import noise


class Pipe:
    """Both ends of a pipe."""

    def __init__(self) -> None:
        read_end, write_end = os.pipe()
        self.reader: BinaryIO = os.fdopen(read_end, "rb")
        self.writer: BinaryIO = os.fdopen(write_end, "wb", buffering=0)


Listen = Callable[..., StandardInput]


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Makes sources that are closed in the end: their threads would read what the next test opens."""
    with ExitStack() as made:

        def make(stream: BinaryIO | None, raw: RawFormat, **options: Any) -> StandardInput:
            source = StandardInput(stream, raw, **options)
            made.callback(source.close)
            return source

        yield make


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.reader.close()
    made.writer.close()


def read_all(source: StandardInput) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    parts: list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]] = []
    while True:
        try:
            block = source.read(1.0)
        except EOFError:
            return np.concatenate(parts)
        if block is not None:
            parts.append(block.samples)


def encode(samples: np.ndarray[tuple[int, ...], np.dtype[np.float32]], form: SampleFormat) -> bytes:
    match form:
        case "f32le":
            return samples.astype("<f4").tobytes()
        case "s16le":
            return (samples * 2.0**15).astype("<i2").tobytes()
        case "s32le":
            return (samples * 2.0**31).astype("<i4").tobytes()
        case "s24le":
            wide = (samples * 2.0**23).astype("<i4").reshape(-1, 1)
            return wide.view(np.uint8)[:, :3].tobytes()


@pytest.mark.parametrize(
    ("form", "step"), [("s16le", 2.0**-15), ("s24le", 2.0**-23), ("s32le", 2.0**-24), ("f32le", 0.0)]
)
@pytest.mark.parametrize("channels", [1, 2])
def test_samples_arrive_as_they_were_sent(
    listen: Listen, form: SampleFormat, step: float, channels: int
) -> None:
    samples = noise(3000, channels)
    samples[0], samples[1] = -1.0, 0.0
    source = listen(io.BytesIO(encode(samples, form)), RawFormat(48_000, channels, form))
    source.open()
    received = read_all(source)
    assert received.dtype == np.float32
    np.testing.assert_allclose(received, samples, atol=step)


def test_samples_cut_anywhere_by_the_pipe_stay_whole(listen: Listen, pipe: Pipe) -> None:
    samples = noise(500, 2)
    data = encode(samples, "f32le")
    source = listen(pipe.reader, RawFormat(48_000, 2, "f32le"))
    source.open()
    parts: list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]] = []
    for start in range(0, len(data), 37):
        pipe.writer.write(data[start : start + 37])
        if (block := source.read(1.0)) is not None:
            parts.append(block.samples)
    pipe.writer.close()
    parts.append(read_all(source) if len(np.concatenate(parts)) < 500 else samples[:0])
    np.testing.assert_array_equal(np.concatenate(parts), samples)


def test_a_pipe_that_delivers_nothing_is_reported_in_time(listen: Listen, pipe: Pipe) -> None:
    source = listen(pipe.reader, RawFormat(48_000))
    source.open()
    begin_s = time.monotonic()
    assert source.read(0.05) is None
    assert 0.04 <= time.monotonic() - begin_s < 3.0


def test_a_non_blocking_pipe_is_read_like_any_other(listen: Listen, pipe: Pipe) -> None:
    os.set_blocking(pipe.reader.fileno(), False)
    source = listen(pipe.reader, RawFormat(48_000))
    source.open()
    assert source.read(0.0) is None
    pipe.writer.write(b"\x00\x40" * 8)
    block = source.read(1.0)
    assert block is not None
    assert block.samples.tolist() == [[0.5]] * 8


def test_a_sample_cut_in_two_at_the_end_is_damage(listen: Listen, pipe: Pipe) -> None:
    source = listen(pipe.reader, RawFormat(48_000, 2, "s16le"))
    source.open()
    pipe.writer.write(bytes(4 + 3))
    pipe.writer.close()
    block = source.read(1.0)
    assert block is not None
    assert len(block.samples) == 1
    with pytest.raises(SourceDamaged, match="3 bytes"):
        source.read(1.0)


def test_a_terminal_is_refused_with_an_example(listen: Listen) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "rb", buffering=0) as terminal:
        with pytest.raises(SourceError, match="arecord"):
            listen(cast("BinaryIO", terminal), RawFormat(48_000)).open()
        os.close(ours)


def test_wrong_parameters_are_refused(listen: Listen) -> None:
    with pytest.raises(SourceError, match="'u8' is not a sample format; valid: s16le"):
        listen(io.BytesIO(), RawFormat(48_000, 1, cast("SampleFormat", "u8"))).open()
    with pytest.raises(SourceError, match="0 Hz is not a sample rate; valid: 1000 to 768000"):
        listen(io.BytesIO(), RawFormat(0)).open()
    for channels in (0, -1, 65, 1_000_000_000):
        with pytest.raises(SourceError, match=f"{channels} channels are not possible; valid: 1 to 64"):
            listen(io.BytesIO(), RawFormat(48_000, channels)).open()


def test_a_pipe_that_ends_before_the_first_sample_is_an_error(listen: Listen, pipe: Pipe) -> None:
    source = listen(pipe.reader, RawFormat(48_000))
    source.open()
    pipe.writer.close()
    with pytest.raises(SourceError, match="before the first sample; is the program before the pipe working"):
        source.read(1.0)


def test_standard_input_that_is_closed_is_refused(listen: Listen, pipe: Pipe) -> None:
    pipe.reader.close()
    for stream in (None, pipe.reader):
        with pytest.raises(SourceError, match="Standard input is closed"):
            listen(stream, RawFormat(48_000)).open()


def test_a_file_as_standard_input_waits_for_its_reader_and_a_pipe_does_not(
    listen: Listen, tmp_path: Path, pipe: Pipe
) -> None:
    (tmp_path / "s.raw").write_bytes(bytes(960))
    with (tmp_path / "s.raw").open("rb") as stream:
        source = listen(stream, RawFormat(48_000))
        assert not source.live
        source.open()
        assert len(read_all(source)) == 480
    assert listen(pipe.reader, RawFormat(48_000)).live
    assert not listen(pipe.reader, RawFormat(48_000), patient=True).live


def test_what_the_system_cannot_read_is_refused_in_one_sentence(listen: Listen, tmp_path: Path) -> None:
    with (tmp_path / "s.raw").open("w+b") as stream:
        folder = os.open(tmp_path, os.O_RDONLY)
        os.dup2(folder, stream.fileno())  # what `--source - < folder` gives
        os.close(folder)
        source = listen(stream, RawFormat(48_000))
        with pytest.raises(SourceError, match="Cannot read standard input: Is a directory"):
            source.open()


def test_a_closed_source_has_ended(listen: Listen) -> None:
    source = listen(io.BytesIO(bytes(100)), RawFormat(48_000))
    source.open()
    source.close()
    with pytest.raises(EOFError):
        source.read(0.0)
