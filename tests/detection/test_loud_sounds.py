from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.settings import DetectorConfig
from monitor.detection.detector import Detector
from monitor.detection.loud_sounds import LoudSounds
from monitor.records import LOUD_SOUND, LevelReading, UnlistedSound, WindowScores

RATE, TICK, HOP, WINDOW = 1000, 100, 250, 2000
CONFIG = DetectorConfig(
    onset_threshold=0.5,
    offset_threshold=0.3,
    confirm_s=0.0,
    loud_sound_db=25.0,
    loud_sound_every_s=10.0,
)


class Stream:
    """A watch and a detector of one class, and what they hear."""

    def __init__(self, config: DetectorConfig = CONFIG, classes: tuple[str, ...] = ("siren",)) -> None:
        self.detector = Detector(classes, config, RATE, WINDOW, HOP)
        self.loud = LoudSounds(config, RATE, TICK / RATE, classes)
        self.stop = 0
        self.found: list[UnlistedSound] = []

    def play(self, seconds: float, snr_db: float = 0.0, siren: float = 0.0, other: str = "crickets") -> None:
        for _ in range(round(seconds * RATE / 50)):
            self.stop += 50
            if self.stop % TICK == 0:
                tick = LevelReading(self.stop, snr_db - 60.0, snr_db - 55.0, -60.0, snr_db, "high", [])
                self.loud.hear(tick)
            if self.stop % HOP == 0:
                values = dict.fromkeys(self.detector.rules, siren)
                score = WindowScores(max(0, self.stop - WINDOW), self.stop, values, other, snr_db / 100.0)
                self.detector.update(score, HOP)
                self.found += self.loud.judge(score, self.detector)

    @property
    def told(self) -> list[tuple[str, int, str | None]]:
        return [(one.change.type, one.change.onset_sample, one.change.ended_by) for one in self.found]


def test_what_is_loud_and_not_recognised_is_told_with_what_it_is_like_and_by_how_much() -> None:
    stream = Stream()
    stream.play(5.0)
    stream.play(0.5, 28.0)
    stream.play(5.0, other="wind")
    assert stream.told == [("onset", 5000, None), ("offset", 5000, "quiet")]
    onset, offset = stream.found
    assert (onset.change.class_, onset.label, onset.level.snr_db) == (
        LOUD_SOUND,
        "loud sound, like crickets",
        28.0,
    )
    assert onset.change.stop <= 7000
    assert offset.change.offset_sample == 5500


@pytest.mark.parametrize(("seconds", "snr_db"), [(0.1, 40.0), (2.0, 24.0)], ids=["a click", "not loud"])
def test_a_click_and_what_is_not_loud_are_not_told(seconds: float, snr_db: float) -> None:
    stream = Stream()
    stream.play(5.0)
    stream.play(seconds, snr_db)
    stream.play(5.0)
    assert stream.told == []


@pytest.mark.parametrize("muted", [False, True])
def test_what_a_listed_class_hears_in_is_not_unrecognised(muted: bool) -> None:
    stream = Stream(classes=("siren", "horn"))
    stream.detector.mute("siren", muted, 0)
    stream.play(5.0)
    stream.play(1.0, 30.0, siren=0.6)
    stream.play(5.0)
    assert stream.told == []


def test_a_loud_sound_that_is_recognised_late_ends() -> None:
    stream = Stream()
    stream.play(5.0)
    stream.play(3.0, 30.0)
    stream.play(1.0, 30.0, siren=0.9)
    assert stream.told == [("onset", 5000, None), ("offset", 5000, "recognised")]


@pytest.mark.parametrize("doorbell_db", [0.0, 30.0], ids=["soft", "loud"])
@pytest.mark.parametrize("noise_s", [0.5, 2.0])
def test_what_is_recognised_after_a_loud_sound_is_another(noise_s: float, doorbell_db: float) -> None:
    stream = Stream()
    stream.play(5.0)
    stream.play(noise_s, 30.0)
    stream.play(1.0)
    stream.play(1.0, doorbell_db, siren=0.9)
    stream.play(5.0)
    assert stream.told == [("onset", 5000, None), ("offset", 5000, "quiet")]
    assert stream.found[-1].change.offset_sample == 5000 + noise_s * RATE


def test_a_loud_sound_is_recognised_also_right_after_it() -> None:
    stream = Stream()
    stream.play(5.0)
    stream.play(0.5, 30.0)
    stream.play(0.5)
    stream.play(0.5, siren=0.9)
    stream.play(5.0)
    assert stream.told == []


def test_a_loud_sound_with_short_pauses_is_one_sound() -> None:
    stream = Stream()
    stream.play(5.0)
    for siren in (0.0, 0.9):
        stream.play(0.3, 30.0, siren=siren)
        stream.play(0.5, siren=siren)
    stream.play(5.0)
    assert stream.told == []


def test_another_is_told_only_after_the_pause_that_was_set() -> None:
    stream = Stream()
    stream.play(5.0)
    for _ in range(5):
        stream.play(0.5, 30.0)
        stream.play(3.5)
    assert [onset for type_, onset, _ in stream.told if type_ == "onset"] == [5000, 17000]


def test_where_there_was_no_time_to_recognise_it_the_end_tells_it() -> None:
    stream = Stream()
    stream.play(5.0)
    stream.play(0.5, 30.0)
    stream.found += stream.loud.end("ended", stream.stop)
    assert stream.told == [("onset", 5000, None), ("offset", 5000, "ended")]


def test_nothing_is_loud_before_the_floor_is_known() -> None:
    stream = Stream()
    stream.loud.hear(LevelReading(100, -10.0, -5.0, -90.0, 80.0, "high", [], floor_known=False))
    assert stream.loud.end("ended", 100) == []


def test_where_every_class_is_muted_nobody_is_told() -> None:
    stream = Stream()
    stream.detector.mute("siren", True, 0)
    stream.play(1.0)
    stream.play(1.0, 30.0)
    stream.play(5.0)
    assert stream.told == []


@pytest.mark.parametrize(
    "stream",
    [Stream(DetectorConfig(loud_sound_db=0.0)), Stream(classes=(LOUD_SOUND,))],
    ids=["switched off", "a class of that name"],
)
def test_it_can_be_switched_off_and_yields_to_a_class_of_its_name(stream: Stream) -> None:
    stream.play(2.0)
    stream.play(1.0, 50.0)
    stream.play(5.0)
    assert stream.told == []


def test_nothing_loud_is_like_silence() -> None:
    stream = Stream()
    stream.play(1.0)
    stream.play(1.0, 30.0, other="silence")
    stream.play(2.0, other="silence")
    assert {one.label for one in stream.found} == {"loud sound"}


@given(st.lists(st.tuples(st.floats(0.05, 4.0), st.sampled_from([0.0, 30.0]), st.sampled_from([0.0, 0.9]))))
def test_onset_and_offset_alternate_and_every_onset_has_an_offset(
    parts: list[tuple[float, float, float]],
) -> None:
    stream = Stream()
    for seconds, snr_db, siren in parts:
        stream.play(seconds, snr_db, siren)
    stream.found += stream.loud.end("ended", stream.stop)
    types = [type_ for type_, _, _ in stream.told]
    assert types == ["onset", "offset"] * (len(types) // 2)
    starts = [onset for type_, onset, _ in stream.told if type_ == "onset"]
    assert all(later - sooner >= 10.0 * RATE for sooner, later in pairwise(starts))
