"""A clip's way to the disk and back into the messages of its event."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from monitor.bus.messages import Event
from monitor.pipeline.clip_keeper import ClipKeeper
from monitor.pipeline.clip_recorder import ClipRecorder
from monitor.records import EventType, Span
from monitor.storage.clips import ClipStore
from tests.pipeline.test_clip_recorder import BARKS, CONFIG, FILTER, RATE, SPEAKS, Stream, _event


def keeper(folder: Path, *, speech: bool = False) -> ClipKeeper:
    return ClipKeeper(
        ClipRecorder(RATE, CONFIG, FILTER if speech else None), ClipStore(folder, 36_500.0, 100.0)
    )


def told(type_: EventType, offset_s: int | None = None) -> Event:
    return _event(type_, 4 * RATE, None if offset_s is None else offset_s * RATE)


def hear(own: ClipKeeper, start_s: int, stop_s: int) -> None:
    for second in range(start_s, stop_s):
        own.recorder.hear(Span(second * RATE, np.zeros(RATE, np.float32), False, 0.0))


def test_a_clip_is_told_once_it_is_there_with_the_newest_of_its_event(tmp_path: Path) -> None:
    own = keeper(tmp_path)
    hear(own, 0, 5)
    own.follow(told("onset"))
    assert own.follow(told("offset", 6)).clip is None
    hear(own, 5, 8)
    own.step()  # it is on its way
    own._store.close()
    (clip,) = own.step()
    assert (clip.type, clip.offset_sample) == ("clip", 6 * RATE)
    assert clip.clip is not None
    assert Path(clip.clip).exists()
    assert own.step() == []


def test_what_follows_the_clip_of_a_long_event_carries_it(tmp_path: Path) -> None:
    own = keeper(tmp_path)
    hear(own, 0, 5)
    own.follow(told("onset"))
    hear(own, 5, 30)
    own.step()
    own._store.close()
    (clip,) = own.step()
    assert clip.offset_time is None
    assert own.follow(told("update")).clip == own.follow(told("offset", 20)).clip == clip.clip
    assert own.follow(told("onset")).clip is None, "another event"


def test_at_the_end_of_a_run_it_waits_for_what_is_being_written(tmp_path: Path) -> None:
    own = keeper(tmp_path)
    hear(own, 0, 5)
    own.follow(told("onset"))
    own.follow(told("offset", 5))
    assert [event.type for event in own.step(over=True)] == ["clip"]


def test_why_there_is_none_is_said_once(tmp_path: Path) -> None:
    stream, own = Stream(), keeper(tmp_path, speech=True)
    stream.recorder = own.recorder
    for _ in range(2):
        stream.hear(5, SPEAKS)
        onset = stream.heard - RATE
        own.follow(_event("onset", onset, None))
        own.follow(_event("offset", onset, onset + RATE))
        stream.hear(3, BARKS)
    assert own.recorder.withheld == 2
    (sentence,) = own.news()
    assert "somebody may be speaking" in sentence
    assert own.news() == []
    own.step(over=True)
