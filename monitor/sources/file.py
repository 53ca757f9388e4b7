"""A sound file as a source: any format libsndfile reads, streamed, at its own pace or as fast as possible."""

from __future__ import annotations

import os
import struct
import time
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO, NoReturn

import numpy as np
from numpy.typing import NDArray

from monitor.errors import SourceDamaged, SourceError
from monitor.records import Block
from monitor.sources import slug

BLOCK_S = 0.05
"""Seconds per block."""
LEGAL = "wav, flac, ogg, opus, mp3, aiff, au, caf, w64 and the other formats of libsndfile"
_STREAMED_LEN = 0x7FFFF000
"""From this many bytes on a WAV header is a placeholder of a program that wrote into a pipe."""
_UNKNOWN_LEN = 1 << 40
"""From this length on a header does not know it: libsndfile reports 2^63 - 1 for a FLAC stream."""

_OGG = b"OggS"
_OGG_PAGE_LEN = 2 * 65307
"""Bytes at the end of an Ogg file that hold a whole page: twice the longest."""
_OGG_LAST = 0x04
"""Bit of a page's flags: the last of its stream."""


class FileSource:
    """A source that reads one file once."""

    live = False

    def __init__(self, path: Path, fast: bool = False) -> None:
        """Read `path`; with `fast` at once, else each block when its time has come by the monotonic clock."""
        self._path = path
        self._fast = fast
        self._file: Any = None
        self._bytes: BinaryIO | None = None  # what libsndfile reads from; it is no good at file names
        self._sample_rate = 0
        self._position = 0
        self._promised: int | None = None
        self._start_s: float | None = None
        self._error = ""

    @property
    def paced(self) -> bool:
        """Whether it is read in real time, so that a listener can be late."""
        return not self._fast

    @property
    def id(self) -> str:
        """The file name without its suffix, as a slug."""
        return slug(_text(self._path.stem)) or "file"

    @property
    def name(self) -> str:
        """The file name."""
        return _text(self._path.name)

    @property
    def sample_rate(self) -> int:
        """Hz; 0 until opened."""
        return self._sample_rate

    def open(self) -> None:
        """Open the file at its beginning.

        Raises
        ------
        SourceError
            There is no such file, or it is not sound.
        """
        self.close()
        _refuse_unreadable(self._path)
        soundfile = _load_soundfile()
        try:
            self._bytes = self._path.open("rb")
            self._file = soundfile.SoundFile(self._bytes.fileno(), closefd=False)
        except soundfile.LibsndfileError as error:
            self.close()
            raise SourceError(
                f"{self._path} is not an audio file that libsndfile reads "
                f"({error.error_string.rstrip('.')}); legal: {LEGAL}."
            ) from None
        self._sample_rate = int(self._file.samplerate)
        self._promised = _promised_len(self._path, self._file.frames)
        self._position, self._start_s, self._error = 0, None, ""
        if _is_cut_ogg(self._path):
            self._error = "the end of the Ogg stream is missing"
        if self._file.frames == 0:
            self.close()
            raise SourceError(f"{self._path} holds no sound: its header says 0 samples.")

    def read(self, timeout_s: float) -> Block | None:
        """Return the next block, or None if its time does not come within `timeout_s` seconds.

        Raises
        ------
        EOFError
            All of it was delivered.
        SourceDamaged
            All there is was delivered, and that is less than the header promises. (At a fault in a compressed
            file the block in which it lies is missing.)
        """
        if self._file is None:
            raise EOFError
        if self._start_s is None:
            self._start_s = time.monotonic()
        block_len = max(1, round(BLOCK_S * self._sample_rate))
        stop = min(self._position + block_len, max(self._position, self._file.frames))
        if not self._fast and not _wait_until(self._due_s(stop), timeout_s):
            return None
        samples = self._read_samples(block_len)
        if len(samples) == 0:
            self._end()
        self._position += len(samples)
        return Block(samples, time.monotonic() if self._fast else self._due_s(self._position))

    def close(self) -> None:
        """Close the file."""
        file, self._file = self._file, None
        if file is not None:
            file.close()
        data, self._bytes = self._bytes, None
        if data is not None:
            data.close()

    def _due_s(self, position: int) -> float:
        """When the sample before `position` is captured, were the file a microphone."""
        return (self._start_s or 0.0) + position / self._sample_rate

    def _read_samples(self, block_len: int) -> NDArray[np.float32]:
        """Return up to `block_len` samples, float32 (n, channels); none at the end or at a fault."""
        try:
            samples: NDArray[np.float32] = self._file.read(block_len, dtype="float32", always_2d=True)
        except _load_soundfile().LibsndfileError as error:
            self._error = f"libsndfile: {error.error_string.rstrip('.')}"
            return np.zeros((0, 1), np.float32)
        return samples

    def _end(self) -> NoReturn:
        self.close()
        missing = self._promised is not None and self._position < self._promised
        if not missing and not self._error:
            raise EOFError
        found = f"{self._position / self._sample_rate:.2f} s of sound are there and were analysed"
        promised = (
            f"its header promises {(self._promised or 0) / self._sample_rate:.2f} s, " if missing else ""
        )
        detail = f" ({self._error})" if self._error else ""
        raise SourceDamaged(f"{self._path} is damaged: {promised}{found}{detail}. Copy or record it again.")


def _text(name: str) -> str:
    """Return a file name as text, whatever bytes it is made of and whatever the locale makes of them."""
    return os.fsencode(name).decode("utf-8", "replace")


def _load_soundfile() -> ModuleType:
    try:
        import soundfile
    except (ImportError, OSError):  # OSError: the package without its libsndfile
        raise SourceError(
            "Sound files need the Python package soundfile with its libsndfile; "
            "install it with `pip install soundfile`."
        ) from None
    module: ModuleType = soundfile
    return module


def _refuse_unreadable(path: Path) -> None:
    """Raise what is wrong with `path` before a decoder sees it."""
    try:
        status = path.stat()
        with path.open("rb") if path.is_file() else nullcontext():
            pass
    except FileNotFoundError:
        raise SourceError(f"There is no file {path}; give the path of a sound file ({LEGAL}).") from None
    except OSError as error:
        raise SourceError(f"Cannot read {path}: {error.strerror}.") from None
    if path.is_dir():
        raise SourceError(f"{path} is a directory; give the path of one sound file in it.")
    if not path.is_file():
        raise SourceError(f"{path} is not a regular file; pipe raw PCM into `--source -` instead.")
    if status.st_size == 0:
        raise SourceError(f"{path} is empty (0 bytes); give a sound file ({LEGAL}).")


def _wait_until(due_s: float, timeout_s: float) -> bool:
    """Wait for a moment of the monotonic clock, but at most `timeout_s`; True when it has come."""
    wait_s = due_s - time.monotonic()
    if wait_s > 0.0:
        time.sleep(min(wait_s, timeout_s))
    return wait_s <= timeout_s


def _promised_len(path: Path, length: int) -> int | None:
    """Return how many samples per channel the header promises, None if it does not say.

    libsndfile shortens a truncated WAV to what is there without a word, so its header is read here as well.
    """
    with path.open("rb") as file:
        declared = _riff_len(file)
    promised = length if declared is None else max(length, declared)
    return promised if promised < _UNKNOWN_LEN else None


def _riff_len(file: BinaryIO) -> int | None:
    """Return the length a RIFF/WAVE header gives for its data, in samples per channel; None if unknown."""
    if len(head := file.read(12)) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
        return None
    sample_bytes = 0
    while len(chunk := file.read(8)) == 8:
        name, size = chunk[:4], struct.unpack("<I", chunk[4:])[0]
        if name == b"data":
            streamed = size == 0 or size >= _STREAMED_LEN
            return None if streamed or not sample_bytes else size // sample_bytes
        if name == b"fmt ":
            form = file.read(min(size, 16))
            pcm_or_float = len(form) == 16 and struct.unpack_from("<H", form)[0] in (1, 3, 0xFFFE)
            sample_bytes = struct.unpack_from("<H", form, 12)[0] if pcm_or_float else 0
            size -= len(form)
        file.seek(size + size % 2, 1)
    return None


def _is_cut_ogg(path: Path) -> bool:
    """Whether the last page of an Ogg file is not there as a whole, or does not say that it is the last."""
    with path.open("rb") as file:
        if file.read(4) != _OGG:
            return False
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _OGG_PAGE_LEN))
        tail = file.read()
    page = tail[tail.rfind(_OGG + b"\0") :]
    segments = page[26] if len(page) > 26 else 255
    page_len = 27 + segments + sum(page[27 : 27 + segments])
    return len(page) < page_len or not page[5] & _OGG_LAST
