"""The rhythm in the messages of an alarm."""

from __future__ import annotations

import msgspec

from monitor.bus.messages import Event
from monitor.config.settings import load_config
from monitor.detection.rhythm import T3_S
from monitor.pipeline.rhythm_watch import RhythmWatch, make_rhythm_watch
from monitor.records import EventType, Span
from monitor.scoring.prompts import parse_classes
from tests.detection.test_rhythm import RATE, beeps
from tests.examples import event


def heard(watch: RhythmWatch, pattern_s: tuple[float, ...], length_s: float, begin_s: float = 0.0) -> None:
    samples = beeps(pattern_s, length_s)
    watch.hear(Span(round(begin_s * RATE), samples, False, 0.0))


def told(type_: EventType, stop_s: float | None = None, class_: str = "smoke_alarm") -> Event:
    stop = None if stop_s is None else round(stop_s * RATE)
    return msgspec.structs.replace(event(type_, class_), onset_sample=0, offset_sample=stop, sample_rate=RATE)


def test_an_alarm_tells_its_rhythm_while_it_lasts_and_at_its_end() -> None:
    watch = RhythmWatch(RATE, {"smoke_alarm": "tell"})
    assert watch.follow(told("onset")).rhythm is None
    heard(watch, T3_S, 12.0)
    assert watch.follow(told("update")).rhythm == "T3, 3 cycles"
    heard(watch, (20.0, 0.1), 16.0, begin_s=12.0)
    end = watch.follow(told("offset", 28.0))
    assert end.rhythm == "T3, 3 cycles", "a pattern that was found stays"
    assert end.rejected_because is None


def test_an_event_that_has_to_beep_as_an_alarm_and_does_not_says_so_after_a_while() -> None:
    watch = RhythmWatch(RATE, {"smoke_alarm": "require"})
    watch.follow(told("onset"))
    heard(watch, (0.5, 0.5), 6.0)
    assert watch.follow(told("update")).rejected_because is None, "it may yet"
    heard(watch, (0.5, 0.5), 6.0, begin_s=6.0)
    why = watch.follow(told("update")).rejected_because
    assert why is not None
    assert why.startswith("it does not beep as an alarm does: even beeps")


def test_other_classes_and_short_events_have_none() -> None:
    watch = RhythmWatch(RATE, {"smoke_alarm": "tell"})
    heard(watch, T3_S, 12.0)
    assert watch.follow(told("offset", 12.0, "dog_bark")).rhythm is None
    assert watch.follow(told("offset", 2.0)).rhythm is None


def test_alarms_are_told_by_their_words_and_by_settings() -> None:
    classes = parse_classes('siren,fire="smoke detector beeping",doorbell')
    watch = make_rhythm_watch(classes, RATE, load_config())
    assert watch is not None
    assert watch._modes == {"fire": "tell"}
    rules = {"fire": {"rhythm": "require"}, "doorbell": {"rhythm": "tell"}}
    config = load_config(flags={"detector": {"classes": rules}})
    watch = make_rhythm_watch(classes, RATE, config)
    assert watch is not None
    assert watch._modes == {"fire": "require", "doorbell": "tell"}
    assert make_rhythm_watch(parse_classes("siren,dog_bark"), RATE, load_config()) is None
