from __future__ import annotations

import msgspec
import pytest

from monitor.bus.messages import ClockStep, Health
from monitor.config.settings.notify import TargetConfig
from monitor.records import HearingState
from monitor.sinks.notify.letters import Message
from monitor.sinks.notify.planner import Planner
from monitor.sinks.notify.wellness import Wellness
from tests.examples import health
from tests.sinks.notify.hours import Hours


class Told:
    """What is told while health comes once a second."""

    def __init__(self) -> None:
        self.hours = Hours()
        self.wellness = Wellness(60.0)
        self.texts: list[str] = []

    def live(self, seconds: int, one: Health | None) -> None:
        for _ in range(seconds):
            now = self.hours.pass_s(1.0)
            if one is not None:
                self.wellness.take(one, now)
            self.texts += [message.text for _, message in self.wellness.due(now)]


def hearing(state: HearingState, reason: str | None = None) -> Health:
    return msgspec.structs.replace(health(), hearing=state, hearing_reason=reason)


LOST = health("lost", "the USB microphone is unplugged")


def test_a_lost_microphone_is_told_once_after_a_minute_and_so_is_that_it_is_back() -> None:
    told = Told()
    told.live(100, health())
    told.live(60, LOST)
    assert told.texts == []
    told.live(1000, LOST)
    assert len(told.texts) == 1
    assert "USB microphone: LOST (the USB microphone is unplugged) since " in told.texts[0]
    told.live(1000, health())
    assert len(told.texts) == 2
    assert "heard well again" in told.texts[1]


def test_a_short_loss_is_not_told() -> None:
    told = Told()
    for _ in range(20):
        told.live(50, LOST)
        told.live(50, health())
    assert told.texts == []


def test_a_microphone_that_comes_and_goes_is_told_as_lost_once() -> None:
    told = Told()
    told.live(70, LOST)
    for _ in range(20):
        told.live(30, health())
        told.live(30, LOST)
    assert len(told.texts) == 1


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (hearing("noisy", "the background has -20 dBFS"), "NOISY (the background has -20 dBFS)"),
        (hearing("deaf", "every class is muted; unmute one"), "DEAF (every class is muted; unmute one)"),
        (hearing("overloaded"), "OVERLOADED since"),
        (health("failing", "the encoder fails"), "FAILING (the encoder fails)"),
        (health("silent"), "SILENT since"),
    ],
)
def test_whatever_keeps_it_from_hearing_is_told(one: Health, words: str) -> None:
    told = Told()
    told.live(70, one)
    assert words in told.texts[0]


def test_another_reason_not_to_hear_is_told_too() -> None:
    told = Told()
    told.live(70, LOST)
    told.live(70, hearing("noisy"))
    assert ["LOST" in told.texts[0], "NOISY" in told.texts[1]] == [True, True]


def test_a_source_that_ended_by_itself_is_told_at_once_and_a_file_or_a_stopped_one_never() -> None:
    told = Told()
    told.live(1, health("ended", "the user stopped it"))
    assert len(told.texts) == 1
    other = Told()
    other.live(100, msgspec.structs.replace(health("ended"), position_s=3.0))
    other.live(100, health("ended", "the monitor was stopped"))
    other.live(100, None)
    assert other.texts == []


def test_a_monitor_of_which_nothing_comes_any_more_is_told() -> None:
    told = Told()
    told.live(5, health())
    told.live(70, None)
    assert len(told.texts) == 1
    assert "nothing comes from the monitor" in told.texts[0]
    told.live(70, health())
    assert "heard well again" in told.texts[1]


def test_that_the_computer_slept_is_told_once_when_it_is_awake_again() -> None:
    step = ClockStep(number=1, time=Hours()().time, step_s=28_800.0, slept_s=28_800.0)
    told = Told()
    told.live(5, health())
    for source_id in ("mic0", "mic1"):
        told.live(5, msgspec.structs.replace(health(), source_id=source_id, clock_step=step))
    assert len(told.texts) == 1
    assert "the computer slept for 28800 s and heard nothing" in told.texts[0]
    told.live(5, msgspec.structs.replace(health(), clock_step=ClockStep(2, step.time, 3600.0, 0.0)))
    told.live(5, msgspec.structs.replace(health(), clock_step=ClockStep(3, step.time, 20.0, 20.0)))
    assert len(told.texts) == 1


def test_a_monitor_that_slept_with_its_computer_is_not_taken_for_one_that_hangs() -> None:
    told = Told()
    told.live(5, health())
    told.hours.sleep_s(28_800.0)
    told.live(5, None)
    told.live(5, health())
    assert told.texts == []


def test_in_hours_of_no_exception_the_last_word_waits_and_nothing_is_told_of_what_is_over() -> None:
    settings = TargetConfig(url="ntfy://x", quiet="08:00-09:00", quiet_urgent=True)
    for recovered, titles in ((False, ["THE MONITOR CANNOT HEAR"]), (True, [])):
        hours, wellness, planner = Hours(), Wellness(60.0), Planner(settings)
        wellness.take(LOST, hours())
        ((source, unwell),) = wellness.due(hours.pass_s(60.0))
        assert planner.health([(source, unwell)], hours()) == []
        if recovered:
            wellness.take(health(), hours())
            wellness.take(health(), hours.pass_s(60.0))
            ((source, well),) = wellness.due(hours())
            assert planner.health([(source, well)], hours()) == []
        assert [message.title for message in planner.due(hours.pass_s(3600.0))] == titles


def test_whoever_does_not_want_to_know_is_not_told() -> None:
    hours, wellness = Hours(), Wellness(60.0)
    wellness.take(LOST, hours())
    ((source, unwell),) = wellness.due(hours.pass_s(60.0))
    for settings in ({"health": False}, {"only_after": 1}):
        planner = Planner(TargetConfig(url="ntfy://x", **settings))
        assert planner.health([(source, unwell)], hours()) == []


def test_many_sources_that_cannot_be_heard_at_once_are_one_message_that_counts_them() -> None:
    hours, wellness = Hours(), Wellness(60.0)
    planner = Planner(TargetConfig(url="ntfy://x"))
    some = Planner(TargetConfig(url="ntfy://x", sources=("place-1", "place-2")))
    told: list[Message] = []
    told_some: list[Message] = []
    for state, seconds in ((health(), 10), (LOST, 80), (health(), 80)):
        for second in range(seconds):
            now = hours.pass_s(1.0)
            for number in range(100):
                loses = state is LOST and second >= number % 3  # not all in the same second
                one = state if loses or state is not LOST else health()
                name = f"place-{number}"
                wellness.take(msgspec.structs.replace(one, source_id=name, source_name=name), now)
            found = wellness.due(now)
            told += planner.health(found, now)
            told_some += some.health(found, now)
    assert [(one.title, one.times) for one in told] == [
        ("THE MONITOR CANNOT HEAR", 100),
        ("The monitor hears again", 100),
    ]
    assert "100 sources cannot be heard: place-0, place-1, place-2 and 97 more." in told[0].text
    assert "LOST (the USB microphone is unplugged) since " in told[0].text
    assert "100 sources are heard again: " in told[1].text
    assert [one.source for one in told_some] == ["place-1", "place-2", "place-1", "place-2"]


def test_of_many_sources_one_that_ends_is_told_within_seconds_though_the_others_go_on() -> None:
    hours, wellness = Hours(), Wellness(60.0)
    ended = msgspec.structs.replace(health("ended", "the camera is gone"), position_s=None)
    found = []
    for second in range(5):
        now = hours.pass_s(1.0)
        for number in range(10):
            one = ended if number == 0 else health()
            if second == 0 or number:
                wellness.take(msgspec.structs.replace(one, source_id=f"place-{number}"), now)
        found += wellness.due(now)
    assert [source_id for source_id, _ in found] == ["place-0"]
