"""A sound file as a source: streamed, at its own pace or as fast as possible, and followed while it grows."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from monitor.errors import SourceError
from monitor.files.paths import user_path
from monitor.records import Block
from monitor.sources import slug
from monitor.sources.bytestream import ByteStream
from monitor.sources.container import Container, Foreign
from monitor.sources.declared import conclude
from monitor.sources.decoded_stream import Sound, look
from monitor.sources.decoder import Piece
from monitor.sources.decoding_thread import DecodingThread
from monitor.sources.growing import GrowingFile
from monitor.sources.options import SourceOptions
from monitor.sources.pace import Pace
from monitor.sources.sndfile import SndfileSound

BLOCK_S = 0.05
"""Seconds per block of a file that is heard in real time."""
FAST_BLOCK_S = 1.0
"""Of one that is heard at once: each block has its price, and nobody waits for it."""
VALID = "wav, flac, ogg, opus, mp3, m4a, aac, aiff, au, caf, w64, mkv, ts and the other formats of libsndfile"
_CATCHES_UP_S = 3600.0
"""Seconds for which sound that was recorded before may keep everybody waiting."""


class FileSource:
    """A source that reads one file once."""

    def __init__(self, path: Path, fast: bool = False, follow: bool = False) -> None:
        """Read `path`; with `fast` at once, else each block when its time has come by the monotonic clock.

        With `follow`, read at once what is there, and go on as the file grows, until it is deleted.
        """
        self.live = follow
        self._path = path
        self._fast = fast
        self._sound: Sound | SndfileSound | None = None
        self._pieces: Iterator[Piece] = iter(())
        self._block_rest: Piece | None = None
        self._opened = ExitStack()
        self._growing: GrowingFile | None = None
        self._stream: ByteStream | None = None
        self._pump: DecodingThread | None = None
        self._pace: Pace | None = None
        self._size = 0
        self._position = 0
        self._start_s: float | None = None

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
        return 0 if self._sound is None else self._sound.sample_rate

    @property
    def read_share(self) -> float:
        """How much of its bytes was read, [0, 1]; 0 where a decoder goes back and forth in it."""
        return min(1.0, self._stream.position / self._size) if self._stream and self._size else 0.0

    def open(self) -> None:
        """Open the file at its beginning.

        Raises
        ------
        SourceError
            There is no such file, or it holds no sound.
        """
        self.close()
        refuse_unreadable(self._path)
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def read(self, timeout_s: float) -> Block | None:
        """Return the next block, or None if its time does not come within `timeout_s` seconds.

        Raises
        ------
        EOFError
            All of it was delivered.
        SourceDamaged
            All there is was delivered, and some of it is missing.
        """
        if self._pump is not None:
            return self._read_grown(self._pump, timeout_s)
        if self._start_s is None:
            self._start_s = time.monotonic()
        piece, self._block_rest = self._block_rest or next(self._pieces), None
        position = self._position + piece.lost_len + len(piece.samples)
        due_s = self._start_s + position / (self.sample_rate or 1)
        if not self._fast and not _wait_until(due_s, timeout_s):
            self._block_rest = piece
            return None
        self._position = position
        captured_s = time.monotonic() if self._fast else due_s
        return Block(piece.samples, captured_s, piece.lost_len, warning=piece.fault)

    def close(self) -> None:
        """Close the file."""
        pump, self._pump = self._pump, None
        if pump is not None:
            pump.stop()
        self._opened.close()
        self._pieces, self._block_rest = _ended(), None

    def _begin(self) -> None:
        file = self._opened.enter_context(self._path.open("rb", buffering=0))
        self._size = os.fstat(file.fileno()).st_size
        self._growing = GrowingFile(file, self.name) if self.live else None
        self._position, self._start_s, self._block_rest, self._pace = 0, None, None, None
        if self._growing is None:
            self._stream = ByteStream(file.read)
            self._sound = self._recognise(self._stream)
            self._opened.callback(self._sound.close)
            self._pieces = self._blocks(file, self._sound)
            self._block_rest = next(self._pieces, None)
            return
        growing = self._growing
        self._pump = DecodingThread(lambda: self._grown(growing))
        growing.stopped = self._pump.stopped
        self._pump.start()

    def _recognise(self, stream: ByteStream) -> Sound | SndfileSound:
        kind = look(stream)
        if isinstance(kind, Foreign):
            raise SourceError(f"{self._path} is not an audio file but {kind.name}; valid: {VALID}.")
        error: SourceError | None = None
        if isinstance(kind, Container):
            file = self._opened.enter_context(self._path.open("rb")) if kind.seeks else None
            try:
                return Sound(stream, kind, str(self._path), file, whole=not self.live)
            except SourceError as refusal:
                error = refusal
        try:
            return SndfileSound(self._path)
        except SourceError as refusal:
            raise error or SourceError(
                f"{self._path} is not an audio file that can be read ({refusal}); valid: {VALID}."
            ) from None

    def _blocks(self, file: BinaryIO, sound: Sound | SndfileSound) -> Iterator[Piece]:
        """Decode, in blocks, and raise what is to be said at the end."""
        block_s = FAST_BLOCK_S if self._fast else BLOCK_S
        yield from in_blocks(sound.pieces(), max(1, round(block_s * sound.sample_rate)))
        grown = os.fstat(file.fileno()).st_size - self._size
        try:
            conclude(str(self._path), sound.found)
        except EOFError:
            if grown <= 0:
                raise
            heard_s = sound.found.heard_s
            raise EOFError(
                f"{self.name} has ended; it grew while it was read, and was heard up to {heard_s:.2f} s; "
                "with --follow a file is read on as it grows."
            ) from None

    def _grown(self, growing: GrowingFile) -> Iterator[Piece]:
        """Decode what is there and what comes, on the pump's thread."""
        sound = self._recognise(ByteStream(growing.read))
        self._sound = sound
        try:
            yield from sound.pieces()
            conclude(str(self._path), sound.found)
        finally:
            sound.close()

    def _read_grown(self, pump: DecodingThread, timeout_s: float) -> Block | None:
        now_s = time.monotonic()
        piece = pump.get(timeout_s)
        if piece is None:
            if self._pace is not None:
                self._pace.dry(now_s)
            return None
        now_s = time.monotonic()
        if self._growing is None or not self._growing.caught_up:
            due_s = now_s + _CATCHES_UP_S
            return Block(piece.samples, now_s, piece.lost_len, next_due_s=due_s, warning=piece.fault)
        self._pace = self._pace or Pace(now_s)
        captured_s = self._pace.arrived(now_s, (len(piece.samples) + piece.lost_len) / self.sample_rate)
        due_s = self._pace.next_due_s
        return Block(piece.samples, captured_s, piece.lost_len, next_due_s=due_s, warning=piece.fault)


def in_blocks(pieces: Iterator[Piece], block_len: int) -> Iterator[Piece]:
    """Cut and join `pieces` to blocks of `block_len` samples; a hole or other channels begin another."""
    kept: list[NDArray[np.float32]] = []
    length, lost_len, fault = 0, 0, None
    for piece in pieces:
        samples = piece.samples
        if kept and (piece.lost_len or samples.shape[1] != kept[0].shape[1]):
            yield Piece(np.concatenate(kept), lost_len, fault)
            kept, length, lost_len, fault = [], 0, 0, None
        lost_len, fault = lost_len + piece.lost_len, piece.fault or fault
        if len(samples):
            kept.append(samples)
            length += len(samples)
        while length >= block_len:
            joined = np.concatenate(kept) if len(kept) > 1 else kept[0]
            yield Piece(joined[:block_len], lost_len, fault)
            length, lost_len, fault = length - block_len, 0, None
            kept = [joined[block_len:]] if length else []
    if kept:
        yield Piece(np.concatenate(kept), lost_len, fault)


def refuse_unreadable(path: Path) -> None:
    """Raise what is wrong with `path` before a decoder sees it."""
    try:
        status = path.stat()
        with path.open("rb") if path.is_file() else nullcontext():
            pass
    except FileNotFoundError:
        raise SourceError(f"There is no file {path}; give the path of a sound file ({VALID}).") from None
    except OSError as error:
        raise SourceError(f"Cannot read {path}: {error.strerror}.") from None
    if path.is_dir():
        raise SourceError(f"{path} is a directory; give the path of one sound file in it.")
    if not path.is_file():
        raise SourceError(f"{path} is not a regular file; pipe what it gives into `--source -` instead.")
    if status.st_size == 0:
        raise SourceError(f"{path} is empty (0 bytes); give a sound file ({VALID}).")


def _ended() -> Iterator[Piece]:
    """Raise that there is nothing more, at the first piece that is asked for."""
    raise EOFError
    yield  # a generator, so that it raises when it is asked


def _text(name: str) -> str:
    """Return a file name as text, whatever bytes it is made of and whatever the locale makes of them."""
    return os.fsencode(name).decode("utf-8", "replace")


def _wait_until(due_s: float, timeout_s: float) -> bool:
    """Wait for a moment of the monotonic clock, but at most `timeout_s`; True when it has come."""
    wait_s = due_s - time.monotonic()
    if wait_s > 0.0:
        time.sleep(min(wait_s, timeout_s))
    return wait_s <= timeout_s


def open_file(address: str, options: SourceOptions) -> FileSource:
    """Return the file at the path `address`, as a user writes it."""
    return FileSource(user_path(address), fast=options.fast, follow=options.follow)
