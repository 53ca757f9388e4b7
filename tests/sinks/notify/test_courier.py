from __future__ import annotations

import threading
from pathlib import Path

import pytest

from monitor.sinks.notify.courier import MAX_REFUSALS, MAX_WAITING, Courier
from monitor.sinks.notify.letters import NotTold
from monitor.sinks.notify.spool import Spool
from tests.sinks.notify.channels import Hanging, Kept, message
from tests.sinks.notify.hours import Hours

DAY_S = 86_400.0
NO_NETWORK = NotTold("Network is unreachable")


def courier(channel: Kept, hours: Hours, folder: Path | None = None, keep_s: float = DAY_S) -> Courier:
    return Courier("Target phone", channel, Spool(folder, "phone"), keep_s, hours)


def told(channel: Kept) -> list[str]:
    return [letter.title for letter in channel.letters]


def test_what_cannot_be_told_is_tried_again_after_longer_and_longer_pauses() -> None:
    hours, channel = Hours(), Kept()
    one = courier(channel, hours)
    one.post([message(hours())])
    channel.failing = NO_NETWORK
    pauses = []
    for _ in range(12):
        assert one.step() == 0.0
        pause_s = one.step()
        assert pause_s is not None
        pauses.append(pause_s)
        hours.pass_s(pause_s)
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 300.0, 300.0, 300.0]
    assert channel.tried == 12
    channel.failing = None
    assert (one.step(), one.step()) == (0.0, None)
    assert told(channel) == ["dog bark (24 min late)"]
    assert one.dropped == 0


def test_urgent_messages_go_first_and_a_new_one_waits_for_no_pause() -> None:
    hours, channel = Hours(), Kept()
    one = courier(channel, hours)
    channel.failing = NO_NETWORK
    one.post([message(hours(), "dog bark"), message(hours(), "rain")])
    one.step()
    channel.failing = None
    one.post([message(hours(), "siren", urgent=True)])
    one.step()
    assert told(channel) == ["siren"]
    hours.pass_s(1.0)
    while one.step() is not None:
        pass
    assert told(channel) == ["siren", "rain", "dog bark"]


def test_one_message_that_nobody_takes_keeps_no_other_waiting() -> None:
    hours, channel = Hours(), Kept()
    one = courier(channel, hours)
    one.post([message(hours(), "poison"), message(hours(), "rain")])
    channel.failing = NotTold("the answer was 400", refused=True)
    one.step()
    channel.failing = None
    hours.pass_s(1.0)
    one.step()
    assert told(channel) == ["rain"]


def test_what_is_refused_again_and_again_is_given_up_and_counted() -> None:
    hours, channel = Hours(), Kept()
    one = courier(channel, hours)
    channel.failing = NotTold("the answer was 400 Bad Request", refused=True)
    one.post([message(hours())])
    for _ in range(MAX_REFUSALS):
        one.step()
        hours.pass_s(300.0)
    assert (one.step(), one.dropped, channel.tried) == (None, 1, MAX_REFUSALS)
    assert one.news() == [
        "Target phone could not be told (the answer was 400 Bad Request); it is tried again.",
        f"Target phone refused a message {MAX_REFUSALS} times (the answer was 400 Bad Request); it is lost.",
    ]


def test_a_channel_that_fails_as_nobody_foresaw_shows_no_address() -> None:
    hours, channel = Hours(), Kept()
    one = courier(channel, hours)
    channel.failing = ValueError("ntfy://secret")
    one.post([message(hours())])
    one.step()
    assert one.news() == [
        "Target phone could not be told (the program failed, ValueError); it is tried again."
    ]


def test_it_is_said_once_that_it_fails_and_once_that_it_goes_again() -> None:
    hours, channel = Hours(), Kept()
    one = courier(channel, hours)
    channel.failing = NO_NETWORK
    one.post([message(hours())])
    for _ in range(5):
        one.step()
        hours.pass_s(300.0)
    channel.failing = None
    one.step()
    assert one.news() == [
        "Target phone could not be told (Network is unreachable); it is tried again.",
        "Target phone is told again; 0 more wait.",
    ]


def test_what_waited_longer_than_it_is_worth_is_dropped_and_counted() -> None:
    hours, channel = Hours(), Kept()
    one = courier(channel, hours, keep_s=60.0)
    one.post([message(hours())])
    hours.pass_s(61.0)
    assert (one.step(), one.dropped, told(channel)) == (None, 1, [])
    assert one.news() == ["Target phone could not be told for 60 s; messages older than that are lost."]


def test_a_clock_that_is_set_makes_nothing_old_and_a_computer_that_slept_does() -> None:
    hours, channel = Hours(), Kept()
    one = courier(channel, hours, keep_s=600.0)
    one.post([message(hours())])
    hours.set_clock(86_400.0)
    one.step()
    assert told(channel) == ["dog bark"]
    one.post([message(hours())])
    hours.sleep_s(300.0)
    one.step()
    assert told(channel)[1:] == ["dog bark (5 min late)"]


def test_of_too_many_the_oldest_that_is_not_urgent_is_dropped_and_counted(tmp_path: Path) -> None:
    hours, channel = Hours(), Kept()
    one = courier(channel, hours, tmp_path)
    one.post([message(hours(), "siren", urgent=True), message(hours(), "first")])
    one.post([message(hours(), f"{number}") for number in range(MAX_WAITING - 1)])
    assert (one.waiting, one.dropped) == (MAX_WAITING, 1)
    assert len(list((tmp_path / "phone").glob("*.message"))) == MAX_WAITING
    while one.step() is not None:
        pass
    assert told(channel)[:2] == ["siren", "0"]
    assert list((tmp_path / "phone").glob("*.message")) == []


def test_a_repeat_that_waits_is_withdrawn_once_all_it_is_about_is_acknowledged() -> None:
    hours, channel = Hours(), Kept()
    one = courier(channel, hours)
    one.post([message(hours(), "siren"), message(hours(), "NOT ACKNOWLEDGED", ids=("1", "2"))])
    one.withdraw("1")
    assert one.waiting == 2
    one.withdraw("2")
    assert one.waiting == 1


def test_what_is_not_told_at_the_end_is_told_by_the_next_run_and_says_how_late(tmp_path: Path) -> None:
    hours, channel = Hours(), Kept()
    one = courier(channel, hours, tmp_path)
    channel.failing = NO_NETWORK
    one.post([message(hours(), "dog bark"), message(hours(), "siren", urgent=True)])
    one.close()
    assert one.news() == ["Target phone: 2 messages wait on the disk; the next run tells the rest."]
    assert (one.dropped, channel.closed) == (0, True)

    channel.failing = None
    hours.pass_s(720.0)
    after = courier(channel, hours, tmp_path)
    while after.step() is not None:
        pass
    assert told(channel) == ["siren (12 min late)", "dog bark (12 min late)"]
    assert channel.letters[0].late_s == 720.0
    after.close()
    assert courier(channel, hours, tmp_path).waiting == 0


def test_without_a_place_to_keep_it_what_is_not_told_at_the_end_is_counted_as_lost() -> None:
    hours, channel = Hours(), Kept()
    one = courier(channel, hours)
    channel.failing = NO_NETWORK
    one.post([message(hours())])
    one.close()
    assert one.dropped == 1
    assert one.news() == ["Target phone: 1 message not told in time and lost."]


def test_a_full_disk_is_said_and_what_waits_is_told_all_the_same(tmp_path: Path) -> None:
    hours, channel = Hours(), Kept()
    (tmp_path / "phone").write_text("no folder", "utf-8")
    one = courier(channel, hours, tmp_path)
    one.post([message(hours())])
    one.step()
    assert told(channel) == ["dog bark"]
    (news,) = one.news()
    assert news.startswith("Target phone cannot keep what waits on the disk (")


def test_its_thread_tells_what_comes_and_ends() -> None:
    hours, channel = Hours(), Kept()
    one = courier(channel, hours)
    one.start()
    one.post([message(hours())])
    channel.wait_for(1)
    one.close()
    assert channel.closed
    assert not any(thread.name == "notify Target phone" for thread in threading.enumerate())


@pytest.mark.parametrize("kept", [True, False])
def test_a_channel_that_hangs_keeps_neither_whoever_posts_nor_the_end_waiting(
    tmp_path: Path, kept: bool
) -> None:
    hours, channel = Hours(), Hanging()
    one = courier(channel, hours, tmp_path if kept else None)
    one.start()
    one.post([message(hours(), "1")])
    assert channel.entered.wait(30.0)
    one.post([message(hours(), "2")])
    one.close(grace_s=0.0)
    assert one.dropped == (0 if kept else 2)
    channel.go.set()
