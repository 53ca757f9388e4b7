"""What of a stream is kept around an event."""

from __future__ import annotations

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.bus.messages import Event
from monitor.config.settings import ClipsConfig
from monitor.pipeline.clip_recorder import Clip, ClipRecorder
from monitor.records import EventType, Span, Window
from monitor.scoring.speech import SpeechFilter
from tests.examples import event

RATE = 100
CONFIG = ClipsConfig(keep=True, pre_s=1.0, post_s=1.0, max_s=10.0)
SPEAKS = np.array([1.0, 0.0], np.float32)
BARKS = np.array([0.0, 1.0], np.float32)
FILTER = SpeechFilter(SPEAKS[np.newaxis], BARKS[np.newaxis], 0.0)


class Stream:
    """A stream whose samples are their own indices, heard second by second, a window each."""

    def __init__(self, config: ClipsConfig = CONFIG, speech: SpeechFilter | None = FILTER) -> None:
        self.recorder = ClipRecorder(RATE, config, speech)
        self.heard = 0
        self.clips: list[Clip] = []

    def hear(self, seconds: int, vector: NDArray[np.float32] | None = BARKS, *, sound: bool = True) -> None:
        for _ in range(seconds):
            samples = np.arange(self.heard, self.heard + RATE, dtype=np.float32)
            self.recorder.hear(Span(self.heard, samples, False, 0.0))
            window = Window(self.heard, samples, False, RATE, 0.0)
            self.heard += RATE
            self.recorder.judge(window, vector, sound=sound)
            self.clips += self.recorder.due()

    def told(self, type_: EventType, onset_s: int, offset_s: int | None = None, class_: str = "bell") -> None:
        stop = None if offset_s is None else offset_s * RATE
        self.recorder.follow(_event(type_, onset_s * RATE, stop, class_))


def _event(type_: EventType, onset: int, offset: int | None, class_: str = "bell") -> Event:
    return msgspec.structs.replace(
        event(type_, class_, f"run-{class_}-{onset}"), onset_sample=onset, offset_sample=offset
    )


def test_a_clip_reaches_from_before_the_onset_to_after_the_offset_sample_for_sample() -> None:
    stream = Stream()
    stream.hear(6)
    stream.told("onset", 4)
    stream.hear(2)
    stream.told("offset", 4, 7)
    assert stream.clips == []
    stream.hear(1)
    (clip,) = stream.clips
    assert clip.samples.tolist() == list(range(3 * RATE, 8 * RATE))
    assert clip.event.type == "offset"


def test_no_clip_is_kept_where_somebody_speaks_before_during_or_after() -> None:
    for second in range(3, 8):
        stream = Stream()
        for now in range(12):
            if now == 5:
                stream.told("onset", 4)
            if now == 8:
                stream.told("offset", 4, 7)
            stream.hear(1, SPEAKS if now == second else BARKS)
        assert stream.clips == []
        assert stream.recorder.withheld == 1


def test_speech_elsewhere_costs_no_clip_and_what_has_no_sound_is_no_speech() -> None:
    stream = Stream()
    stream.hear(2, SPEAKS)
    stream.hear(3, None, sound=False)
    stream.told("onset", 4)
    stream.told("offset", 4, 5)
    stream.hear(1)
    stream.hear(1, SPEAKS)
    assert len(stream.clips) == 1


def test_what_was_not_looked_at_may_be_speech() -> None:
    stream = Stream()
    stream.hear(5)
    stream.told("onset", 4)
    stream.hear(1, None)
    stream.told("offset", 4, 5)
    stream.hear(2)
    assert (stream.clips, stream.recorder.withheld) == ([], 1)


def test_with_the_filter_off_speech_is_kept() -> None:
    stream = Stream(speech=None)
    stream.hear(5, SPEAKS)
    stream.told("onset", 4)
    stream.told("offset", 4, 5)
    stream.hear(1, SPEAKS)
    assert len(stream.clips) == 1


def test_what_was_lost_is_silence_in_a_clip() -> None:
    stream = Stream()
    stream.hear(4)
    stream.heard += RATE  # a second that the source never delivered
    stream.hear(1)
    stream.told("onset", 4)
    stream.told("offset", 4, 5)
    stream.hear(1)
    (clip,) = stream.clips
    assert clip.samples[RATE : 2 * RATE].tolist() == [0.0] * RATE
    assert clip.samples[-1] == 6 * RATE - 1


def test_only_the_classes_asked_for_are_kept() -> None:
    stream = Stream(msgspec.structs.replace(CONFIG, classes=("siren",)))
    stream.hear(5)
    for class_ in ("bell", "siren"):
        stream.told("onset", 4, class_=class_)
        stream.told("offset", 4, 5, class_)
    stream.hear(3)
    assert [clip.event.class_ for clip in stream.clips] == ["siren"]


def test_of_a_long_event_its_beginning_is_kept_and_no_more_memory_taken() -> None:
    stream = Stream()
    stream.hear(5)
    stream.told("onset", 4)
    stream.hear(200)
    (clip,) = stream.clips
    assert clip.samples.tolist() == list(range(3 * RATE, 13 * RATE))
    stream.told("update", 4)
    stream.told("offset", 4, 204)
    stream.hear(3)
    assert len(stream.clips) == 1


def test_at_the_end_of_a_stream_what_there_is_of_an_event_is_kept() -> None:
    stream = Stream()
    stream.hear(6)
    stream.told("onset", 4)
    stream.told("offset", 4, 6)
    (clip,) = stream.recorder.due(over=True)
    assert clip.samples.tolist() == list(range(3 * RATE, 6 * RATE))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 20)), max_size=30))
def test_memory_is_bounded_whatever_is_heard(steps: list[tuple[int, int]]) -> None:
    stream = Stream()
    for number, (what, seconds) in enumerate(steps):
        now_s = stream.heard // RATE
        if what == 1:
            stream.told("onset", max(0, now_s - 1), class_=f"c{number}")
        stream.hear(seconds, SPEAKS if what == 2 else BARKS)
        held = stream.recorder._recent.held_len
        assert held <= (CONFIG.max_s + CONFIG.pre_s + 12.0) * RATE
        assert len(stream.recorder._windows) <= 24
