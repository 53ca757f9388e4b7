"""The rhythm in the messages of an alarm."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from monitor.bus.messages import Event
from monitor.config.settings import load_config
from monitor.detection.rhythm import T3_S, T4_S
from monitor.pipeline.rhythm_watch import EVIDENT, RhythmWatch, make_rhythm_watch
from monitor.records import EventType, Span, UnlistedSound, WindowScores
from monitor.scoring.prompts import parse_classes
from tests.detection.test_chirps import LEVEL
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


def scored(watch: RhythmWatch, stop_s: float, value: float = 0.02) -> dict[str, float]:
    stop = round(stop_s * RATE)
    score = WindowScores(stop - 2 * RATE, stop, {"smoke_alarm": value, "siren": 0.3}, "beep", 0.9)
    return dict(watch.raised(score).values)


def test_what_surely_beeps_as_an_alarm_is_one_whatever_the_network_makes_of_it() -> None:
    for pattern_s, pitch_hz in ((T3_S, 520.0), (T4_S, 3100.0), (T4_S, 520.0)):
        watch = RhythmWatch(RATE, {"smoke_alarm": "tell"}, frozenset({"smoke_alarm"}))
        watch.hear(Span(0, beeps(pattern_s, 16.0, pitch_hz, 10.0), False, 0.0))
        found = [scored(watch, stop_s)["smoke_alarm"] for stop_s in np.arange(2.0, 16.0, 0.25)]
        assert found[0] == 0.02, "one beep is no pattern"
        assert found[-1] == EVIDENT
        assert sorted(found) == found, "it sounds until it ends"
        assert scored(watch, 16.0, 0.99)["smoke_alarm"] == 0.99
        assert scored(watch, 16.0)["siren"] == 0.3


def test_an_alarm_has_ended_once_its_next_beep_is_overdue() -> None:
    watch = RhythmWatch(RATE, {"smoke_alarm": "tell"}, frozenset({"smoke_alarm"}))
    watch.hear(Span(0, beeps(T3_S, 12.0, late_s=0.0), False, 0.0))
    watch.hear(Span(12 * RATE, beeps((0.001, 60.0), 6.0, late_s=1.0), False, 0.0))
    assert scored(watch, 12.0)["smoke_alarm"] == EVIDENT
    assert scored(watch, 17.0)["smoke_alarm"] == 0.02


def test_what_beeps_evenly_is_no_alarm_by_that() -> None:
    for period_s in (0.3, 1.0, 1.6):
        watch = RhythmWatch(RATE, {"smoke_alarm": "tell"}, frozenset({"smoke_alarm"}))
        watch.hear(Span(0, beeps((period_s / 2, period_s / 2), 16.0), False, 0.0))
        assert {scored(watch, stop_s)["smoke_alarm"] for stop_s in np.arange(2.0, 16.0, 0.5)} == {0.02}


def test_only_fire_and_carbon_monoxide_alarms_have_these_patterns() -> None:
    classes = parse_classes('alarm_clock,smoke_alarm,co="carbon monoxide alarm",siren')
    watch = make_rhythm_watch(classes, RATE, load_config())
    assert watch is not None
    assert watch._evident == {"smoke_alarm", "co"}


def test_a_telephone_tells_how_often_it_rang() -> None:
    watch = make_rhythm_watch(parse_classes("telephone_ring,microwave_oven"), RATE, load_config())
    assert watch is not None
    heard(watch, (2.0, 4.0), 14.0)
    assert watch.follow(told("offset", 14.0, "telephone_ring")).rhythm == "telephone cadence, 3 rings"


def test_the_end_of_an_ovens_beeps_is_told_by_what_was_heard_after_them() -> None:
    watch = RhythmWatch(RATE, {"microwave": "tell"})
    samples = beeps((0.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.5, 60.0), 7.0, late_s=0.0)
    watch.hear(Span(0, samples, False, 0.0))
    assert watch.follow(told("offset", 4.0, "microwave")).rhythm == "3 equal beeps, then silence"


def test_each_alarm_may_have_the_pattern_of_its_own() -> None:
    modes = {"smoke_alarm": "T3", "co_alarm": "T4"}
    watch = RhythmWatch(RATE, modes, frozenset(modes))
    heard(watch, T4_S, 16.0)
    score = WindowScores(14 * RATE, 16 * RATE, {"smoke_alarm": 0.02, "co_alarm": 0.02}, "beep", 0.9)
    assert watch.raised(score).values == {"smoke_alarm": 0.02, "co_alarm": EVIDENT}
    assert watch.follow(told("offset", 16.0, "co_alarm")).rejected_because is None
    why = watch.follow(told("offset", 16.0, "smoke_alarm")).rejected_because
    assert why == "it does not beep as asked for (T3): T4, 2 cycles"


def chirping(watch: RhythmWatch, length_s: int) -> list[UnlistedSound]:
    """Return what is told of a chirp every 21 s."""
    found: list[UnlistedSound] = []
    for second, samples in enumerate(beeps((0.1, 20.9), length_s, late_s=10.0).reshape(-1, RATE)):
        watch.hear(Span(second * RATE, samples, False, 0.0))
        found += watch.chirps(LEVEL)
    return found


def test_who_listens_for_a_smoke_alarm_is_told_that_one_chirps_for_a_battery() -> None:
    watch = make_rhythm_watch(parse_classes("smoke_alarm"), RATE, load_config())
    assert watch is not None
    (onset,) = chirping(watch, 100)
    assert (onset.change.type, onset.change.class_) == ("onset", "alarm_low_battery")
    assert onset.change.onset_sample / RATE == pytest.approx(11.0, abs=0.1)
    (offset,) = watch.end("lost", 100 * RATE)
    assert (offset.change.type, offset.change.ended_by) == ("offset", "lost")
    assert watch.end("ended", 100 * RATE) == []


@pytest.mark.parametrize("classes", ["siren,telephone", "smoke_alarm,alarm_low_battery"])
def test_who_listens_for_none_or_has_a_class_of_that_name_is_not(classes: str) -> None:
    watch = make_rhythm_watch(parse_classes(classes), RATE, load_config())
    assert watch is not None
    assert chirping(watch, 100) == []
