"""Sounds in containers, made by code, and how a source hears them: from a file and through a pipe."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
from numpy.typing import NDArray

from monitor.errors import SourceError
from monitor.records import Block
from monitor.sources import Source
from monitor.sources.file import FileSource
from monitor.sources.raw import RawFormat
from monitor.sources.stdin import StandardInput

RATE = 48_000
LENGTH_S = 4.0


class Heard:
    """All that a source delivered, and how it ended."""

    def __init__(self, source: Source) -> None:
        self.blocks: list[Block] = []
        self.end: type[BaseException] = EOFError
        try:
            source.open()
            while True:
                block = source.read(1.0)
                if block is not None:
                    self.blocks.append(block)
        except (EOFError, SourceError) as end:
            self.end, self.sentence = type(end), str(end)
        finally:
            self.sample_rate = source.sample_rate
            source.close()

    @property
    def samples(self) -> NDArray[np.float32]:
        return np.concatenate([block.samples for block in self.blocks])

    @property
    def length_s(self) -> float:
        """Seconds of sound, without what is missing."""
        return sum(len(block.samples) for block in self.blocks) / (self.sample_rate or 1)


def heard_in_file(path: Path) -> Heard:
    return Heard(FileSource(path, fast=True))


def heard_in_pipe(data: bytes, step: int = 5000) -> Heard:
    """What standard input gives, to which `data` comes `step` bytes at a time."""
    read_end, write_end = os.pipe()
    writer = threading.Thread(target=_write, args=(os.fdopen(write_end, "wb", buffering=0), data, step))
    writer.start()
    with os.fdopen(read_end, "rb") as reader:
        heard = Heard(StandardInput(reader, RawFormat(), patient=True))
    writer.join(10.0)
    return heard


def _write(pipe: BinaryIO, data: bytes, step: int) -> None:
    with pipe, contextlib.suppress(BrokenPipeError):  # refused, and no more was read
        pipe.writelines(data[start : start + step] for start in range(0, len(data), step))


def sweep(channels: int = 1) -> NDArray[np.float32]:
    """Float32 (n, channels), `LENGTH_S` seconds: rising tones in noise, so that no frame is like another."""
    time_s = np.arange(round(LENGTH_S * RATE)) / RATE
    noise = np.random.default_rng(0).standard_normal((len(time_s), channels))
    tones = np.stack(
        [np.sin(2 * np.pi * (400 + 150 * time_s * (k + 1)) * time_s) for k in range(channels)], 1
    )
    return np.asarray(0.3 * tones + 0.02 * noise, np.float32)


def write_sound(path: Path, subtype: str, container: str | None = None, channels: int = 1) -> bytes:
    """Write the sweep to `path` by libsndfile and return the bytes of the file."""
    soundfile.write(path, sweep(channels), RATE, subtype=subtype, format=container)
    return path.read_bytes()


def by_program(*command: str, sound: Path | None = None, piped: bool = False) -> bytes:
    """Run `ffmpeg` or `sox`; return what it writes to its standard output through a pipe."""
    data = sound.read_bytes() if sound is not None else b""
    return subprocess.run(command, input=data, capture_output=True, check=True, timeout=60).stdout
