from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.settings.notify import TargetConfig
from monitor.records import EventType
from monitor.sinks.notify.letters import Message
from monitor.sinks.notify.planner import Planner
from monitor.sinks.notify.quiet import is_quiet
from tests.sinks.notify.hours import MORNING, Hours, acknowledged, sound, titles

PHONE = TargetConfig(url="ntfy://x")


def target(**settings: object) -> TargetConfig:
    return msgspec.structs.replace(PHONE, **settings)


def test_a_sound_is_told_at_once_with_what_when_where_how_sure_and_how_loud() -> None:
    now = Hours()()
    (message,) = Planner(PHONE).take(sound(now, "1"), now)
    clock = f"{now.time.astimezone():%H:%M:%S}"
    assert message.title == "dog bark"
    assert message.text == (
        f"{clock}, USB microphone: may be a dog bark, score 0.81 (threshold 0.50), 18 dB over the background."
    )
    assert message.payload.startswith('{"topic":"event/mic0/dog_bark/","type":"onset","id":"1",')


def test_two_hundred_barks_are_a_handful_of_messages_that_count_them_all() -> None:
    hours, planner = Hours(), Planner(PHONE)
    told: list[Message] = []
    for number in range(200):
        now = hours.pass_s(6.0)
        told += planner.take(sound(now, f"{number}"), now) + planner.due(now)
    told += planner.rest(hours())
    assert sum(message.times for message in told) == 200
    assert len(told) == 5  # 20 minutes, one in five of them
    since = f"{(MORNING + timedelta(seconds=12)).astimezone():%H:%M}"
    assert titles(told)[:2] == ["dog bark", f"dog bark, 50 more times since {since}"]


def test_a_single_sound_within_the_cool_down_is_told_when_that_is_over() -> None:
    hours, planner = Hours(), Planner(PHONE)
    planner.take(sound(hours(), "1"), hours())
    later = hours.pass_s(10.0)
    assert planner.take(sound(later, "2"), later) == []
    assert planner.due(hours.pass_s(289.0)) == []
    (message,) = planner.due(hours.pass_s(1.0))
    assert "dog bark, 1 more time since" in message.title


def test_classes_and_sources_do_not_wait_for_one_another() -> None:
    now, planner = Hours()(), Planner(PHONE)
    elsewhere = msgspec.structs.replace(sound(now, "3"), source_id="mic1")
    events = [sound(now, "1"), sound(now, "2", "doorbell"), elsewhere]
    assert [len(planner.take(one, now)) for one in events] == [1, 1, 1]


def test_updates_of_a_told_event_and_its_end_tell_nothing_more() -> None:
    now, planner = Hours()(), Planner(PHONE)
    types: tuple[EventType, ...] = ("onset", "update", "offset", "clip")
    assert [len(planner.take(sound(now, "1", type_=type_), now)) for type_ in types] == [1, 0, 0, 0]


def test_an_event_whose_beginning_was_lost_is_told_all_the_same() -> None:
    now = Hours()()
    (message,) = Planner(PHONE).take(sound(now, "1", type_="offset"), now)
    assert message.text.endswith("It is over.")


def test_a_lamp_can_be_told_of_each_end_too() -> None:
    now, planner = Hours()(), Planner(target(messages=("onset", "offset")))
    kinds = [
        message.kind
        for type_ in ("onset", "update", "offset")
        for message in planner.take(sound(now, "1", type_=type_), now)
    ]
    assert kinds == ["event", "offset"]


def test_what_is_no_alarm_after_all_is_not_told_until_it_stands() -> None:
    now, planner = Hours()(), Planner(PHONE)
    doubted = msgspec.structs.replace(sound(now, "1"), rejected_because="no rhythm")
    assert planner.take(doubted, now) == []
    assert len(planner.take(sound(now, "1", type_="update"), now)) == 1


@pytest.mark.parametrize("name", ["dog_bark", "Dog bark", "dog bark"])
def test_a_target_hears_of_its_own_classes_only_however_they_are_written(name: str) -> None:
    now, planner = Hours()(), Planner(target(classes=(name,)))
    assert planner.take(sound(now, "1", "doorbell"), now) == []
    assert len(planner.take(sound(now, "2"), now)) == 1


def test_a_target_for_urgent_sounds_hears_of_no_others() -> None:
    now, planner = Hours()(), Planner(target(urgent_only=True))
    assert planner.take(sound(now, "1"), now) == []
    assert titles(planner.take(sound(now, "2", "siren", urgent=True), now)) == ["URGENT: siren"]


def test_an_urgent_sound_is_told_again_after_one_and_five_minutes_and_then_no_more() -> None:
    hours, planner = Hours(), Planner(PHONE)
    planner.take(sound(hours(), "1", "siren", urgent=True), hours())
    told = {}
    for _ in range(20):
        now = hours.pass_s(30.0)
        if messages := planner.due(now):
            told[now.elapsed_s] = titles(messages)
    assert told == {60.0: ["NOT ACKNOWLEDGED: siren"], 300.0: ["NOT ACKNOWLEDGED: siren"]}


def test_an_acknowledged_sound_is_not_told_again() -> None:
    hours, planner = Hours(), Planner(PHONE)
    planner.take(sound(hours(), "1", "siren", urgent=True), hours())
    planner.due(hours.pass_s(60.0))
    assert planner.take(acknowledged(hours(), "1"), hours()) == []
    assert planner.due(hours.pass_s(600.0)) == []


def test_a_loud_sound_that_nothing_recognised_is_told_to_those_who_ask_for_it_only() -> None:
    now = Hours()()
    assert Planner(PHONE).take(sound(now, "1", "loud_sound"), now) == []
    assert len(Planner(target(classes=("loud_sound",))).take(sound(now, "1", "loud_sound"), now)) == 1


def test_the_end_of_an_acknowledged_sound_is_told_where_ends_are() -> None:
    hours = Hours()
    planner = Planner(target(messages=("onset", "offset")))
    planner.take(sound(hours(), "1", "siren", urgent=True), hours())
    assert planner.take(acknowledged(hours(), "1"), hours()) == []
    ended = msgspec.structs.replace(
        sound(hours(), "1", "siren", urgent=True, type_="offset"), acknowledged_at=hours().time
    )
    (message,) = planner.take(ended, hours())
    assert message.title == "siren ended"


def test_of_two_urgent_sounds_the_one_that_is_not_acknowledged_is_told_again() -> None:
    hours, planner = Hours(), Planner(PHONE)
    for id_ in ("1", "2"):
        planner.take(sound(hours(), id_, "siren", urgent=True), hours())
    planner.take(acknowledged(hours(), "1"), hours())
    counted, again = planner.due(hours.pass_s(60.0))
    assert (counted.kind, again.kind, again.ids) == ("more", "again", ("2",))


def test_what_was_acknowledged_before_it_came_is_not_told_at_all() -> None:
    now, planner = Hours()(), Planner(PHONE)
    seen = msgspec.structs.replace(sound(now, "1", "siren", urgent=True), acknowledged_at=now.time)
    assert planner.take(seen, now) == []
    assert planner.take(acknowledged(now, "1"), now) == []


def test_a_second_channel_hears_only_of_what_nobody_acknowledged() -> None:
    hours, planner = Hours(), Planner(target(only_after=2))
    assert planner.take(sound(hours(), "1", "siren", urgent=True), hours()) == []
    assert planner.take(sound(hours(), "2"), hours()) == []
    assert planner.due(hours.pass_s(61.0)) == []
    assert titles(planner.due(hours.pass_s(240.0))) == ["NOT ACKNOWLEDGED: siren"]
    assert planner.rest(hours.pass_s(900.0)) == []


def test_after_a_restart_a_missed_sound_goes_on_being_told_again_and_an_old_one_does_not() -> None:
    hours, planner = Hours(), Planner(PHONE)
    fresh = sound(hours(), "1", "siren", urgent=True, type_="missed")
    old = msgspec.structs.replace(
        sound(hours(), "2", "alarm", urgent=True, type_="missed"), onset_time=MORNING - timedelta(hours=2)
    )
    assert planner.take(fresh, hours()) + planner.take(old, hours()) == []
    assert titles(planner.due(hours.pass_s(60.0))) == ["NOT ACKNOWLEDGED: siren"]


NIGHT = datetime(2026, 11, 21, 3, 0, 0, tzinfo=UTC)


def test_in_quiet_hours_sounds_are_counted_and_told_in_the_morning_and_urgent_ones_pass() -> None:
    hours, planner = Hours(NIGHT), Planner(target(quiet="22:00-07:00"))
    for number in range(14):
        assert planner.take(sound(hours.pass_s(1.0), f"{number}"), hours()) == []
    urgent = planner.take(sound(hours(), "u", "siren", urgent=True), hours())
    planner.take(acknowledged(hours(), "u"), hours())
    assert titles(urgent) == ["URGENT: siren"]
    assert planner.due(hours.pass_s(3600.0)) == []
    (message,) = planner.due(hours.pass_s(3 * 3600.0))
    assert message.title.startswith("dog bark, 14 times since ")


def test_with_quiet_urgent_nothing_at_all_passes_and_repeats_begin_in_the_morning() -> None:
    hours, planner = Hours(NIGHT), Planner(target(quiet="22:00-07:00", quiet_urgent=True))
    assert planner.take(sound(hours(), "1", "siren", urgent=True), hours()) == []
    assert planner.due(hours.pass_s(3600.0)) == []
    (message,) = planner.due(hours.pass_s(3 * 3600.0))
    assert message.title.startswith("URGENT: siren, 1 time since ")
    assert titles(planner.due(hours.pass_s(60.0))) == ["NOT ACKNOWLEDGED: siren"]


@pytest.mark.parametrize(
    ("hours", "at", "quiet"),
    [
        ("22:00-07:00", "21:59", False), ("22:00-07:00", "22:00", True), ("22:00-07:00", "00:00", True),
        ("22:00-07:00", "06:59", True), ("22:00-07:00", "07:00", False), ("13:00-15:00", "14:00", True),
        ("13:00-15:00", "15:00", False), ("13:00-15:00", "03:00", False), ("", "03:00", False),
    ],
)  # fmt: skip
def test_quiet_hours_begin_and_end_by_the_clock_on_the_wall(hours: str, at: str, quiet: bool) -> None:
    assert is_quiet(hours, datetime.fromisoformat(f"2026-11-21T{at}:30+05:30")) is quiet


def test_a_target_is_told_of_its_sources_only() -> None:
    hours, planner = Hours(), Planner(target(sources=("attic",)))
    now = hours()
    here, there = sound(now, "1", "siren"), sound(now, "2", "siren")
    there = msgspec.structs.replace(there, source_id="attic")
    assert planner.take(here, now) == []
    assert len(planner.take(there, now)) == 1


@pytest.mark.parametrize(
    ("settings", "told"),
    [({}, True), ({"classes": ("siren",)}, True), ({"urgent_only": True}, True), ({"health": False}, False)],
)
def test_a_self_test_that_failed_is_told_to_all_who_are_told_of_health(
    settings: dict[str, object], told: bool
) -> None:
    hours, planner = Hours(MORNING), Planner(target(**settings))
    event = sound(hours(), "1", "self_test", urgent=True)
    failed = msgspec.structs.replace(event, label="self-test failed: the alarm was not heard")
    messages = planner.take(failed, hours())
    assert [message.title for message in messages] == ["URGENT: SELF-TEST FAILED"] * told
    assert all("the alarm was not heard" in message.text for message in messages)


steps = st.lists(
    st.tuples(
        st.sampled_from([0.1, 1.0, 29.0, 61.0, 299.0, 1000.0, 20_000.0]),
        st.sampled_from(["dog_bark", "siren", "tick", "acknowledge"]),
    ),
    max_size=60,
)


@given(steps, st.sampled_from(["", "22:00-07:00"]), st.booleans())
def test_every_sound_is_told_or_counted_once_and_none_too_often(
    script: list[tuple[float, str]], quiet: str, quiet_urgent: bool
) -> None:
    settings = target(quiet=quiet, quiet_urgent=quiet_urgent)
    hours, planner = Hours(NIGHT), Planner(settings)
    told: list[tuple[float, Message]] = []
    sounds = 0
    for number, (seconds, what) in enumerate(script):
        now = hours.pass_s(seconds)
        if what == "acknowledge":
            messages = planner.take(acknowledged(now, f"{number - 1}"), now)
        elif what == "tick":
            messages = planner.due(now)
        else:
            sounds += 1
            messages = planner.take(sound(now, f"{number}", what, urgent=what == "siren"), now)
        told += [(now.elapsed_s, message) for message in messages]
        held = [one for one in messages if not one.urgent or quiet_urgent]
        assert not (held and is_quiet(quiet, now.time))
    first = [(at, one) for at, one in told if one.kind in {"event", "more"}]
    rest = planner.rest(hours())
    assert sum(one.times for _, one in first) + sum(one.times for one in rest) == sounds
    for urgent, cooldown_s in ((False, 300.0), (True, 30.0)):
        times = [at for at, one in first if one.urgent is urgent]
        assert all(later - before >= cooldown_s - 1e-6 for before, later in itertools.pairwise(times))
