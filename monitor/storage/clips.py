"""Sound around events, as FLAC files of this user; written by a thread of its own, whole or not at all.

``$XDG_DATA_HOME/monitor/clips`` (``~/.local/share/monitor/clips``) or `[clips] folder`, a folder for each
day, names of time and event. Written beside and renamed, so that whoever looks finds whole files only. What
is too old goes, and then the oldest while there is too much. Overflow: of more than `MAX_WAITING` clips the
newest is lost and counted.
"""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.config.settings import ClipsConfig
from monitor.errors import ConfigError
from monitor.files.paths import own_folder, user_path
from monitor.files.state_files import remove_abandoned

MAX_WAITING = 8
"""Clips that wait for the disk."""
_MEGABYTE = 1 << 20
_NAME = re.compile(r"(?P<time>\d{8}T\d{6}Z)_(?P<id>[0-9a-z]+-(?P<class>.+)-\d+)\.flac")
"""Of a clip: when its event began, and the event's id, which holds the class."""
_CLOSE_S = 5.0


class Unwritten(msgspec.Struct, frozen=True):
    """A clip on its way to the disk."""

    event_id: str
    class_: str
    time: datetime
    """When its event began, UTC."""
    samples: NDArray[np.float32]
    """float32 (n,), full scale +-1.0."""
    sample_rate: int


class StoredClip(msgspec.Struct, frozen=True):
    """A clip in the folder."""

    path: str
    event_id: str
    class_: str
    time: datetime
    size: int
    """Bytes."""


class ClipStore:
    """Writes clips, and keeps their folder within its bounds."""

    def __init__(self, folder: Path, keep_days: float, max_mb: float) -> None:
        self.dropped = 0
        """Clips that were lost: no room in the queue, or the disk took them not."""
        self._folder = folder
        self._keep = timedelta(days=keep_days)
        self._max_bytes = max_mb * _MEGABYTE
        self._waiting: queue.Queue[Unwritten | None] = queue.Queue(MAX_WAITING)
        self._written: queue.SimpleQueue[tuple[str, Path]] = queue.SimpleQueue()
        self._told: set[str] = set()
        self._news: list[str] = []
        self._thread = threading.Thread(target=self._work, name="clips", daemon=True)
        self._thread.start()

    def put(self, clip: Unwritten) -> None:
        """Let a clip be written; never waits."""
        try:
            self._waiting.put_nowait(clip)
        except queue.Full:
            self._lose("the disk does not keep up")

    def written(self) -> list[tuple[str, Path]]:
        """Return the event ids and files of what has been written since the last call."""
        found = []
        with suppress(queue.Empty):
            while True:
                found.append(self._written.get_nowait())
        return found

    def news(self) -> list[str]:
        """Return what to tell the user that has not been told, one sentence each."""
        news, self._news = self._news, []
        return news

    def close(self) -> None:
        """Write what waits, for some seconds; may be called twice."""
        with suppress(queue.Full):
            self._waiting.put(None, timeout=_CLOSE_S)
        self._thread.join(_CLOSE_S)

    def _work(self) -> None:
        while (clip := self._waiting.get()) is not None:
            try:
                self._written.put((clip.event_id, write_clip(self._folder, clip)))
                self.prune(datetime.now(UTC))
            except Exception as error:  # noqa: BLE001 - told and counted; the next may go through
                self._lose(getattr(error, "strerror", None) or f"{type(error).__name__}: {error}")

    def prune(self, now: datetime) -> None:
        """Remove what is older than it may be, and then the oldest while there is too much."""
        remove_abandoned(self._folder, "*/.*.partial")
        kept = []
        for clip in stored_clips(self._folder):
            if now - clip.time > self._keep:
                remove_clip(Path(clip.path))
            else:
                kept.append(clip)
        size = sum(clip.size for clip in kept)
        for clip in kept[:-1]:  # oldest first; the newest stays
            if size <= self._max_bytes:
                break
            remove_clip(Path(clip.path))
            size -= clip.size

    def _lose(self, why: str) -> None:
        self.dropped += 1
        if why not in self._told:
            self._told.add(why)
            self._news.append(f"A clip cannot be kept in {self._folder}: {why}.")


def clips_folder(config: ClipsConfig) -> Path:
    """Return where clips are.

    Raises
    ------
    ConfigError
        There is no home folder, and the configuration names none.
    """
    if config.folder:
        return user_path(config.folder)
    data = own_folder("data")
    if data is None:
        raise ConfigError("There is no home folder for clips; say where they go: [clips] folder.")
    return data / "clips"


def write_clip(folder: Path, clip: Unwritten) -> Path:
    """Write a clip and return its file: FLAC, 16 bit, readable for its owner only.

    Raises
    ------
    OSError, soundfile.LibsndfileError
        It cannot be written; nothing of it is left.
    """
    import soundfile

    time = clip.time.astimezone(UTC)
    day = folder / f"{time:%Y-%m-%d}"
    day.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = day / f"{time:%Y%m%dT%H%M%SZ}_{clip.event_id}.flac"
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.touch(mode=0o600)
        with soundfile.SoundFile(partial, "w", clip.sample_rate, 1, "PCM_16", format="FLAC") as file:
            file.title, file.comment, file.date = clip.class_, clip.event_id, time.isoformat()
            file.write(np.clip(clip.samples, -1.0, 1.0))
        partial.replace(path)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise
    return path


def stored_clips(folder: Path) -> list[StoredClip]:
    """Return the clips in a folder, oldest first."""
    return sorted(_stored(folder), key=lambda clip: (clip.time, clip.path))


def remove_clip(path: Path) -> None:
    """Remove a clip, and its day's folder if that is empty."""
    path.unlink(missing_ok=True)
    with suppress(OSError):
        path.parent.rmdir()


def matching(clips: Sequence[StoredClip], event_id: str) -> list[StoredClip]:
    """Return the clips of an event, or the newest for `last`."""
    if event_id == "last":
        return list(clips[-1:])
    return [clip for clip in clips if event_id in {clip.event_id, clip.path, Path(clip.path).name}]


def _stored(folder: Path) -> Iterator[StoredClip]:
    for path in folder.glob("*/*.flac"):
        match = _NAME.fullmatch(path.name)
        if match is None:
            continue
        time = datetime.strptime(match["time"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        with suppress(OSError):  # it has just gone
            yield StoredClip(str(path), match["id"], match["class"], time, path.stat().st_size)
