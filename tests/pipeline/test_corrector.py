"""Somebody says that an event was wrong: at once, after a restart, until it is taken back, never too much."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from monitor.assemble import make_stages
from monitor.bus.messages import Change, Event, NearMissMessage, Request
from monitor.config.settings import Config, MemoryConfig, ModelConfig, load_config
from monitor.encoders import load
from monitor.pipeline.corrector import Corrector, never_deaf
from monitor.pipeline.memory import Memory, make_memory
from monitor.pipeline.pipeline import Pipeline
from monitor.pipeline.reporter import Stream
from monitor.scoring.corrections import BOUNDS, Corrections, Evidence
from monitor.scoring.prompts import parse_classes
from monitor.sources.demo import demo_scene
from monitor.stream.ring import Ring
from tests.fakes import RATE, Collector, FixedStatus, noise, tone
from tests.pipeline.test_pipeline import Bench, Steady

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def said(value: str, event_id: str | None = None, really: str | None = None) -> Request:
    return Request("correct", really, value, event_id=event_id, client="you")  # type: ignore[arg-type]


class Place(Bench):
    """A pipeline, and somebody who corrects it."""

    def __init__(self, memory: Memory | None = None, live: bool = True) -> None:
        super().__init__(live=live, keep=None if memory is None else memory.queue.emit)
        self.changes: list[Change] = []
        self.corrector = Corrector(self.corrections, [self.moments], memory, lambda: NOW)

    def sound(self, word: str = "low") -> list[Event]:
        """Let a sound be heard, and return the onsets that there were."""
        before = len(self.events)
        samples = noise(6.0)
        samples[RATE * 2 : RATE * 4] += tone(word, 2.0, 0.0225)
        self.play(samples)
        return [one for one in self.events[before:] if one.type == "onset"]

    def told(self, request: Request) -> str | None:
        answer = self.corrector.handle(request)
        if answer.change is not None:
            self.pipeline.keep(answer.change)
            self.changes.append(answer.change)
        return answer.reply.error


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    made = make_memory(tmp_path / "memory.db", MemoryConfig(), None)
    yield made
    made.queue.close()


def vector_of(place: Place, event: Event) -> NDArray[np.float32]:
    return place.moments.moments(event.id)[0].vector[np.newaxis].astype(np.float32)


def events_of(place: Place) -> list[tuple[str, int, float]]:
    return [(one.type, one.onset_sample, one.score) for one in place.events]


def test_what_was_said_to_be_wrong_often_is_told_no_more_and_the_near_miss_says_why() -> None:
    place = Place(live=False)
    for _ in range(3):
        for onset in place.sound():
            assert place.told(said("wrong", onset.id)) is None
    assert place.sound() == []
    place.finish()
    assert [one.reason for one in place.of(NearMissMessage)][-1] == "corrected"  # type: ignore[attr-defined]
    told = [(one.what, one.by, one.class_, one.before, one.after) for one in place.health.changes]
    assert told[0] == ("correct", "you", "low", None, False)
    assert [one.number for one in place.health.changes] == list(range(1, len(told) + 1))


def test_what_is_taken_back_leaves_no_trace_in_any_score() -> None:
    untouched, place = Place(), Place()
    for one in (untouched, place):
        one.sound()
    (onset,) = [one for one in place.events if one.type == "onset"]
    assert place.told(said("wrong")) is None  # the last one
    assert place.told(said("undo", onset.id)) is None
    for one in (untouched, place):
        one.sound()
        one.finish()
    assert events_of(place) == events_of(untouched)
    assert place.health.changes[-1].after is None


def test_to_say_something_else_of_an_event_takes_the_first_back() -> None:
    place = Place()
    (onset,) = place.sound()
    place.told(said("wrong"))
    lowered = place.corrections.effect("low", vector_of(place, onset))
    place.told(said("right"))
    (state,) = place.corrector.handle(Request("corrections")).reply.corrections
    assert (state.right, state.by, state.lasting) == (True, "you", False)
    assert state.effect > 0.0 > lowered
    assert [(one.before, one.after) for one in place.changes] == [(None, False), (False, True)]


def test_what_it_really_was_counts_for_more() -> None:
    place = Place()
    place.sound()
    assert place.told(said("wrong", really="High")) is None
    (state,) = place.corrector.handle(Request("corrections")).reply.corrections
    assert (state.really, state.effect < 0.0, state.really_effect > 0.0) == ("high", True, True)


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (said("wrong", "no such id"), "Nothing is remembered of an event 'no such id'"),
        (said("undo", "no such id"), "Nothing was said of the event 'no such id'."),
        (said("undo"), "Nothing was said of any event."),
        (said("right", really="high"), "An event that was right was no other class"),
        (said("wrong", really="low"), "It was told as low"),
        (Request("correct", value=True), "Of an event True cannot be said; valid: right, wrong, undo."),
    ],
)
def test_what_says_nothing_is_refused_with_one_sentence(request_: Request, sentence: str) -> None:
    place = Place()
    place.sound()
    error = place.told(request_)
    assert error is not None
    assert error.startswith(sentence)


def test_a_loud_sound_is_only_said_to_have_been_something() -> None:
    loud = Place()
    loud.play(noise(6.0))
    loud.play(noise(2.0, 0.5, seed=1))
    loud.play(noise(4.0, seed=2))
    (onset,) = [one for one in loud.events if one.type == "onset"]
    assert onset.class_ == "loud_sound"
    assert (loud.told(said("wrong")) or "").startswith("A loud sound that nothing recognised is no class")
    assert loud.told(said("wrong", really="high")) is None


def test_before_there_was_an_event_nothing_can_be_said_of_the_last_one() -> None:
    assert Place().told(said("wrong")) == "No event is known yet that could be right or wrong."


def test_the_next_run_goes_by_what_was_said_and_by_what_is_taken_back(memory: Memory) -> None:
    first = Place(memory)
    (onset,) = first.sound()
    first.finish()
    first.told(said("wrong"))
    memory.queue.close()

    again = make_memory(memory.path, MemoryConfig(), None)
    second = Place(again)
    assert second.corrector.remember("fake-0") == ()
    assert second.corrections.effect("low", vector_of(first, onset)) < 0.0
    assert second.corrector.handle(Request("corrections")).reply.corrections[0].lasting
    assert second.told(said("right", onset.id)) is None  # an event of the first run, found in the memory
    assert second.told(said("undo", onset.id)) is None
    again.queue.close()

    third = Place(make_memory(memory.path, MemoryConfig(), None))
    assert third.corrector.remember("fake-0") == ()
    assert third.corrector.handle(Request("corrections")).reply.corrections == []


def test_what_another_model_heard_counts_nothing(memory: Memory) -> None:
    place = Place(memory)
    place.sound()
    place.finish()
    place.told(said("wrong"))
    memory.queue.close()
    other = Place(make_memory(memory.path, MemoryConfig(), None))
    other.corrector.remember("another")
    assert other.corrector.handle(Request("corrections")).reply.corrections == []


def test_urgent_classes_and_alarms_are_never_made_deaf() -> None:
    classes = parse_classes('doorbell,siren,cat,beeper="smoke alarm beeping"')
    config = load_config(flags={"detector": {"urgent": ["doorbell"]}})
    assert never_deaf(classes, config) == {"doorbell", "siren", "beeper"}


class Box:
    """The model in the box, which remembers what it made of each window."""

    def __init__(self) -> None:
        self._encoder = load(ModelConfig())
        self.info, self.embed_text = self._encoder.info, self._encoder.embed_text
        self.sample_rate, self.window_len = self._encoder.sample_rate, self._encoder.window_len
        self.dim = self._encoder.dim
        self.made: dict[bytes, NDArray[np.float32]] = {}

    def embed_audio(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        key = windows.tobytes()
        if key not in self.made:
            self.made[key] = self._encoder.embed_audio(windows)
        return self.made[key]


def told_by(box: Box, samples: NDArray[np.float32], wrong: list[Evidence]) -> dict[str, float]:
    """Return what is reported of sound and the highest score of each, no alarm being heard by its pattern."""
    classes, config = parse_classes("smoke_alarm,siren,dog_bark"), Config()
    stages, sink, ring = make_stages(box, classes, config), Collector(), Ring(len(samples) + 1)
    stages.scorer.corrections = Corrections(tuple(stages.scorer.prompts), never_deaf(classes, config))
    stages.scorer.corrections.replace(wrong)
    stream = Stream("street", "street", box.sample_rate, "box", False, "run")
    pipeline = Pipeline(
        ring=ring, capture=FixedStatus(), stages=stages, sinks=[sink], stream=stream, clock=Steady().clock(),
        max_lag_s=1.0,
    )  # fmt: skip
    ring.write(samples, 0.0)
    ring.close()
    while pipeline.step(0.0):
        pass
    events = (one for one in sink.records if isinstance(one, Event) and one.type == "offset")
    return {one.class_: one.peak_score for one in events if one.class_ != "loud_sound"}


def log_odds(score: float) -> float:
    return math.log(score / (1.0 - score))


def test_alarms_made_by_code_are_heard_after_fifty_times_wrong_on_themselves() -> None:
    box, scene = Box(), demo_scene()
    samples = soxr.resample(scene.samples, scene.sample_rate, box.sample_rate).astype(np.float32)
    plain = told_by(box, samples, [])
    assert plain.keys() == {"smoke_alarm", "siren", "dog_bark"}
    windows = np.concatenate(list(box.made.values()))
    lowered = told_by(box, samples, [Evidence(name, False, False, windows) for name in plain] * 50)
    costs = {name: log_odds(plain[name]) - log_odds(lowered[name]) for name in ("smoke_alarm", "siren")}
    assert all(0.3 < cost <= BOUNDS.spared_down + 0.05 for cost in costs.values()), costs
    assert lowered.get("dog_bark", 0.0) < 0.9 * plain["dog_bark"], "a bark is no alarm"
