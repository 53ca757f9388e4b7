"""Clips on the disk."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import soundfile

from monitor.config.settings import ClipsConfig
from monitor.storage.clips import (
    MAX_WAITING,
    ClipStore,
    Unwritten,
    clips_folder,
    matching,
    remove_clip,
    stored_clips,
    write_clip,
)

NOW = datetime.now(UTC)
RATE = 16_000


def clip(number: int = 1, age_s: float = 0.0, length_s: float = 0.5, class_: str = "dog_bark") -> Unwritten:
    noise = np.random.default_rng(number).uniform(-1, 1, int(length_s * RATE)).astype(np.float32)
    return Unwritten(f"1a2b3c4d-{class_}-{number}", class_, NOW - timedelta(seconds=age_s), noise, RATE)


def test_a_clip_is_flac_and_says_what_it_is(tmp_path: Path) -> None:
    path = write_clip(tmp_path, clip())
    samples, rate = soundfile.read(path, dtype="float32")
    assert rate == RATE
    assert np.abs(samples - clip().samples).max() <= 2.0**-15
    with soundfile.SoundFile(path) as file:
        assert (file.title, file.comment) == ("dog_bark", "1a2b3c4d-dog_bark-1")
    (found,) = stored_clips(tmp_path)
    assert (found.event_id, found.class_, found.path) == ("1a2b3c4d-dog_bark-1", "dog_bark", str(path))
    assert found.time == NOW.replace(microsecond=0)
    assert [one.stat().st_mode & 0o077 for one in (path, path.parent)] == [0, 0]


def test_nothing_half_is_left_where_a_clip_cannot_be_written(tmp_path: Path) -> None:
    bad = Unwritten("1a2b3c4d-x-1", "x", NOW, np.zeros(100, np.float32), 0)
    with pytest.raises((soundfile.LibsndfileError, ValueError, TypeError)):
        write_clip(tmp_path, bad)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_is_written_is_told_and_what_is_too_old_or_too_much_goes(tmp_path: Path) -> None:
    for number, age_s in ((1, 10 * 86_400.0), (2, 300.0), (3, 200.0)):
        write_clip(tmp_path, clip(number, age_s))
    size = stored_clips(tmp_path)[-1].size
    store = ClipStore(tmp_path, keep_days=7.0, max_mb=2.5 * size / 2**20)
    store.put(clip(4))
    store.close()
    assert [id_ for id_, _ in store.written()] == ["1a2b3c4d-dog_bark-4"]
    assert [one.event_id[-1] for one in stored_clips(tmp_path)] == ["3", "4"]
    assert (store.dropped, store.news()) == (0, [])


def test_a_folder_that_takes_nothing_is_told_once_and_counted(tmp_path: Path) -> None:
    (tmp_path / "clips").write_text("no folder")
    store = ClipStore(tmp_path / "clips", 7.0, 100.0)
    store.put(clip(1))
    store.put(clip(2))
    store.close()
    assert store.dropped == 2
    (sentence,) = store.news()
    assert sentence.startswith(f"A clip cannot be kept in {tmp_path / 'clips'}: ")
    assert store.news() == []
    assert store.written() == []


class Slow(ClipStore):
    """A store whose disk stands still until it may go on."""

    may_go_on = threading.Event()

    def prune(self, now: datetime) -> None:
        self.may_go_on.wait(20.0)


def test_a_disk_that_does_not_keep_up_costs_clips_and_never_waits(tmp_path: Path) -> None:
    store = Slow(tmp_path, 7.0, 100.0)
    for number in range(MAX_WAITING + 5):
        store.put(clip(number, length_s=0.01))
    assert store.dropped >= 4
    store.may_go_on.set()
    store.close()
    assert len(store.written()) + store.dropped == MAX_WAITING + 5


def test_clips_are_found_by_event_by_file_and_the_last_one(tmp_path: Path) -> None:
    for number, age_s in ((1, 20.0), (2, 10.0)):
        write_clip(tmp_path, clip(number, age_s))
    clips = stored_clips(tmp_path)
    assert matching(clips, "last") == [clips[1]]
    assert matching(clips, "1a2b3c4d-dog_bark-1") == [clips[0]]
    assert matching(clips, Path(clips[0].path).name) == [clips[0]]
    assert matching(clips, "no") == []
    for one in clips:
        remove_clip(Path(one.path))
    assert list(tmp_path.iterdir()) == []


def test_they_go_where_the_configuration_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert clips_folder(ClipsConfig(folder=str(tmp_path))) == tmp_path
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert clips_folder(ClipsConfig()) == tmp_path / "monitor" / "clips"


def test_half_a_clip_that_somebody_was_killed_over_goes_and_one_that_is_being_written_stays(
    tmp_path: Path,
) -> None:
    day = write_clip(tmp_path, clip()).parent
    abandoned, fresh = day / ".1.flac.partial", day / ".2.flac.partial"
    for half in (abandoned, fresh):
        half.touch()
    os.utime(abandoned, (NOW.timestamp() - 3600.0,) * 2)
    store = ClipStore(tmp_path, keep_days=1.0, max_mb=1.0)
    store.prune(NOW)
    store.close()
    assert not abandoned.exists()
    assert fresh.exists()
