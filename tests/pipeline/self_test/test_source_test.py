"""The self-test through the real model in the box, in a time that the tests set."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.assemble import make_stages
from monitor.bus.messages import Event, Health, Request, ScoresMessage, SelfTest
from monitor.config.settings import Config, SelfTestConfig
from monitor.encoders import Encoder, load
from monitor.encoders.watched import BlockingEncoder
from monitor.pipeline.acknowledgements import Acknowledgements
from monitor.pipeline.companions import Companions
from monitor.pipeline.pipeline import Pipeline
from monitor.pipeline.reporter import Clock, Stream
from monitor.pipeline.scheduler import Scheduler
from monitor.pipeline.self_test.alarm import alarm_classes, alarm_config
from monitor.pipeline.self_test.making import Parts, make_self_tests
from monitor.pipeline.self_test.tap import Tap
from monitor.records import MADE_BY_CODE, CaptureStatus
from monitor.scoring.prompts import parse_classes
from monitor.sources.made_alarm import alarm_samples
from monitor.stream.ring import Ring
from monitor.wording import self_tested
from tests.fakes import Collector, FixedStatus

BLOCK_S = 0.05
ASK = Request("self_test", client="a test")
NEVER, ALWAYS = SelfTestConfig(daily="never"), SelfTestConfig(daily="always", at="12:00", within_h=0.5)
MADE = next(iter(MADE_BY_CODE))  # nothing of it is kept on the disk


@cache
def embedded() -> Encoder:
    return load(Config().model)


class Deaf:
    """The model in the box, if everything sounded alike to it."""

    def __init__(self) -> None:
        self._real = embedded()
        self.name, self.sample_rate = "deaf", self._real.sample_rate
        self.window_len, self.dim, self.info = self._real.window_len, self._real.dim, self._real.info

    def embed_audio(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.full((len(windows), self.dim), self.dim**-0.5, np.float32)

    def embed_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._real.embed_text(texts)


class Place:
    """A monitor of one source in a quiet place, on the bench."""

    def __init__(self, settings: SelfTestConfig = NEVER, encoder: Encoder | None = None) -> None:
        self.encoder = encoder or embedded()
        self.config = Config(self_test=settings)
        self.now_s, self.wall = 1000.0, datetime(2026, 11, 30, 11, 0).astimezone(UTC)
        self.rate = self.encoder.sample_rate
        arrived = threading.Event()
        self.ring, self.status, self.sink = Ring(self.rate * 20, arrived), FixedStatus(), Collector()
        clock = Clock(monotonic=lambda: self.now_s, utc=lambda: self.wall)
        stream = Stream(MADE, "the bench", self.rate, "model", live=True, run_id="run")
        beside = Companions(tap=Tap())
        self.acknowledgements = Acknowledgements(self.sink.emit, clock.utc)
        line = Pipeline(
            ring=self.ring,
            capture=self.status,
            stages=make_stages(self.encoder, parse_classes("siren,dog_bark"), self.config),
            sinks=[self.sink],
            stream=stream,
            clock=clock,
            max_lag_s=1.0,
            acknowledgements=self.acknowledgements,
            companions=beside,
        )
        own = alarm_config(self.config, 2)
        parts = Parts(
            pipelines=(line,),
            streams=(stream,),
            companions=(beside,),
            captures=(self.status,),
            stages_for=lambda _: make_stages(self.encoder, alarm_classes(), own),
            arrived=arrived,
            clock=clock,
        )
        watched = BlockingEncoder(self.encoder, clock.monotonic)
        tests = make_self_tests(parts, self.config)
        self.scheduler = Scheduler([line], watched, arrived, self.acknowledgements, self_tests=tests)
        self._random = np.random.default_rng(1)

    def hear(self, seconds: float, sound: NDArray[np.float32] | None = None) -> None:
        """Let so many seconds of a quiet place pass, with a sound from their beginning on."""
        length = round(seconds * self.rate)
        samples = (0.003 * self._random.standard_normal(length)).astype(np.float32)
        if sound is not None:
            samples[: len(sound)] += sound[:length]
        step = round(BLOCK_S * self.rate)
        for start in range(0, length, step):
            self.pass_(BLOCK_S)
            if self.status.status.state == "running":
                self.ring.write(samples[start : start + step], self.now_s)
            self.scheduler.step(0.0)

    def pass_(self, seconds: float) -> None:
        self.now_s += seconds
        self.wall += timedelta(seconds=seconds)

    def lose(self) -> None:
        self.status.status = CaptureStatus("lost", "it was unplugged", self.rate, 0, 0, 0, None)
        self.scheduler.step(0.0)

    @property
    def tests(self) -> list[SelfTest]:
        """What was told of tests, each once."""
        found: list[SelfTest] = []
        for one in self.sink.records:
            test = one.self_test if isinstance(one, Health) else None
            if test is not None and test not in found[-1:]:
                found.append(test)
        return found

    @property
    def states(self) -> list[str]:
        return [test.state for test in self.tests]

    @property
    def events(self) -> list[Event]:
        return [one for one in self.sink.records if isinstance(one, Event)]


def test_an_alarm_in_a_copy_of_a_quiet_place_is_told_and_is_no_event() -> None:
    place = Place()
    place.hear(11.1)
    assert place.scheduler.handle(ASK).sources == [MADE]
    place.hear(9.0)
    assert place.states == ["testing", "heard", "passed"]
    passed = place.tests[-1]
    assert passed.asked_by == "a test"
    assert 0.0 < (passed.heard_s or 0.0) < 2.0
    assert (passed.snr_db or 0.0) > 10.0
    assert not place.events
    assert not place.acknowledgements.waiting


def test_what_is_heard_live_is_the_same_to_the_last_bit_whether_a_test_goes_on_or_not() -> None:
    tested, plain = Place(), Place()
    for place in (tested, plain):
        place.hear(11.1)
        if place is tested:
            place.scheduler.handle(ASK)
        place.hear(12.0, alarm_samples(place.rate))  # which is none of the live classes
    assert "testing" in tested.states
    scores = [
        [one for one in place.sink.records if isinstance(one, ScoresMessage)] for place in (tested, plain)
    ]
    assert scores[0] == scores[1]
    learnt = [place.scheduler.handle(Request("background")).backgrounds[0] for place in (tested, plain)]
    assert learnt[0] == learnt[1]
    assert [event.type for event in tested.events] == [event.type for event in plain.events]


def test_an_alarm_is_heard_by_the_settings_that_are_in_force_when_the_test_begins() -> None:
    place = Place()
    deafer = Config(
        detector=msgspec.structs.replace(Config().detector, onset_threshold=0.9999),
        calibration=msgspec.structs.replace(Config().calibration, false_alarms_per_hour=0.0),
    )
    own = alarm_config(deafer, 2)
    place.scheduler.self_tests.hear_by(lambda _: make_stages(place.encoder, alarm_classes(), own))
    place.hear(11.1)
    place.scheduler.handle(ASK)
    place.hear(16.0)
    assert place.states == ["testing", "testing"]  # the first try failed


def test_a_monitor_that_does_not_hear_it_twice_has_an_urgent_event_that_waits_to_be_seen() -> None:
    place = Place(encoder=Deaf())
    place.hear(11.1)
    place.scheduler.handle(ASK)
    place.hear(34.0)
    assert place.states == ["testing", "testing", "failed"]
    assert "tried again" in (place.tests[1].reason or "")
    onset, offset = place.events
    assert (onset.class_, onset.type, offset.type, onset.urgent) == ("self_test", "onset", "offset", True)
    assert "was not heard" in onset.label
    assert [event.id for event in place.acknowledgements.waiting] == [onset.id]


def test_an_alarm_that_is_told_too_late_is_an_urgent_event() -> None:
    place = Place(msgspec.structs.replace(NEVER, late_s=0.5))
    place.hear(11.1)
    place.scheduler.handle(ASK)
    place.hear(5.1)  # the alarm has begun
    place.pass_(1.5)  # the computer is busy
    place.hear(3.0)
    assert place.states[-1] == "late"
    assert "0.5 s are allowed" in place.events[0].label


@pytest.mark.parametrize("paused", [False, True], ids=["lost", "paused"])
def test_a_source_that_cannot_be_tested_says_so_at_once_and_is_urgent_after_its_hours(paused: bool) -> None:
    place = Place(ALWAYS)
    place.hear(11.0)
    if paused:
        place.scheduler.handle(Request("pause", value=True))
    else:
        place.lose()
    place.hear(0.1)
    place.pass_(3600.0)  # it is noon
    place.hear(1.0)
    assert place.states == ["untested"]
    assert ("paused by the user" if paused else "it was unplugged") in (place.tests[-1].reason or "")
    assert "tested" not in self_tested(place.tests[-1]), "that there was none is said once"
    assert not place.events
    place.pass_(1900.0)
    place.hear(1.0)
    assert place.events[0].class_ == "self_test"
    assert "not tested today" in place.events[0].label
    place.pass_(3600.0)
    place.hear(1.0)
    assert len(place.events) == 2, "an onset and its offset, once a day"


def test_a_source_that_is_back_within_its_hours_is_tested_and_nobody_is_alarmed() -> None:
    place = Place(ALWAYS)
    place.hear(11.0)
    place.scheduler.handle(Request("pause", value=True))
    place.hear(0.1)
    place.pass_(3600.0)
    place.hear(1.0)
    place.scheduler.handle(Request("pause", value=False))
    place.hear(0.1)
    place.pass_(61.0)
    place.hear(9.0)
    assert place.states == ["untested", "testing", "heard", "passed"]
    assert place.tests[-1].asked_by is None
    assert not place.events
    place.pass_(3600.0)
    place.hear(9.0)
    assert len(place.states) == 4, "once a day"


def test_what_sounds_like_an_alarm_already_is_no_place_to_test_in() -> None:
    place = Place()
    place.hear(11.1)
    place.scheduler.handle(ASK)
    place.hear(5.0, alarm_samples(place.rate))
    assert place.states == ["testing", "untested"]
    assert "before the test alarm began" in (place.tests[-1].reason or "")


def test_a_source_that_does_not_exist_is_refused() -> None:
    place = Place()
    reply = place.scheduler.handle(msgspec.structs.replace(ASK, source_id="mic7"))
    assert reply.error == f"The source 'mic7' has no self-test; tested are: {MADE}."
