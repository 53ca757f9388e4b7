"""What another process is told of a monitor that lives, dies, stands still or comes back."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import monitor
from monitor.bus.client import STALLED_AFTER_S, STEADY_S, BusClient, Contact, Watch
from monitor.bus.codec import decode_json
from monitor.bus.messages import Event, Health, Heartbeat
from monitor.bus.publisher import Publisher
from monitor.bus.subscriber import Subscriber
from tests.examples import event, health
from tests.publishing import PATIENCE_S, agree, eager_publisher, socket_of_ours, until

ROOT = Path(__file__).parents[2]

MONITOR = """
import sys, time
from monitor.bus.publisher import Publisher
from tests.publishing import agree
from tests.examples import event, health
publisher = Publisher(sys.argv[1], heartbeat_every_s=0.05)
publisher.emit(health())
publisher.emit(event(id_=sys.argv[2]))
print("up", flush=True)
stands_s = time.monotonic() + float(sys.argv[3])
while True:
    if time.monotonic() < stands_s:
        publisher.poll(agree)
    time.sleep(0.01)
"""


class Monitor:
    """A publisher in a process of its own, with one event open, that can be killed or stand still."""

    def __init__(self, endpoint: str, id_: str = "1", turns_for_s: float = 1e9) -> None:
        command = [sys.executable, "-c", MONITOR, endpoint, id_, str(turns_for_s)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"up\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


@pytest.fixture
def endpoint(short_folder: Path) -> str:
    return f"ipc://{short_folder}/bus"


@pytest.fixture
def killed(endpoint: str) -> Iterator[Monitor]:
    made = Monitor(endpoint)
    yield made
    made.kill()


def life(found: list[object]) -> list[str]:
    """Events and changes of the connection, in few words."""
    told = []
    for one in found:
        if isinstance(one, Event):
            told.append(f"{one.type} {one.id}" + (f" {one.ended_by}" if one.type == "offset" else ""))
        elif isinstance(one, Contact):
            told.append(one.change)
    return told


def test_after_a_kill_each_open_event_ends_and_after_a_restart_others_begin(
    endpoint: str, killed: Monitor
) -> None:
    stream = monitor.subscribe(endpoint, connection=True)
    found: list[object] = [next(stream)]
    killed.kill()
    found += [next(stream), next(stream)]
    assert sorted(life(found)) == ["gone", "offset 1 gone", "onset 1"]
    offset = next(one for one in found if isinstance(one, Event) and one.type == "offset")
    assert offset.offset_time is not None
    assert offset.offset_time >= offset.onset_time
    second = Monitor(endpoint, "2")
    try:
        found = []
        while "onset 2" not in life(found):
            found.append(next(stream))
        assert set(life(found)) - {"missed"} == {"back", "restarted", "onset 2"}
    finally:
        second.kill()


def test_events_alone_are_what_a_simple_loop_gets(endpoint: str, killed: Monitor) -> None:
    for number, one in enumerate(monitor.subscribe(endpoint)):
        assert isinstance(one, Event)
        if number == 1:
            assert (one.type, one.ended_by) == ("offset", "gone")
            break
        assert one.type == "onset"  # it sounded before anybody listened
        killed.kill()


def listening(endpoint: str, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "monitor", "listen", "--connect", endpoint, *options]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_listen_prints_the_end_of_what_sounded_when_its_monitor_was_killed(
    endpoint: str, killed: Monitor
) -> None:
    with listening(endpoint) as lines, listening(endpoint, "--json") as json:
        assert lines.stdout is not None
        assert json.stdout is not None
        onset = decode_json(json.stdout.readline(), Event)
        shown = b""
        while b"onset" not in shown:
            shown = lines.stdout.readline()
        killed.kill()
        offset = decode_json(json.stdout.readline(), Event)
        assert (onset.id, offset.id, offset.type, offset.ended_by) == ("1", "1", "offset", "gone")
        while b"offset" not in shown:
            shown = lines.stdout.readline()
        assert b"(the monitor is gone)" in shown
        for child in (lines, json):
            child.send_signal(signal.SIGINT)
            _, err = child.communicate(timeout=PATIENCE_S)
            assert b"is gone; what happens now is not shown" in err


def test_a_pipeline_that_stands_still_never_looks_gone_and_does_not_look_healthy(endpoint: str) -> None:
    """Heartbeats go on, and say so; the source is told of as lost."""
    standing = Monitor(endpoint, turns_for_s=0.2)
    try:
        with Subscriber(endpoint) as subscriber:
            following = BusClient(subscriber)
            found: list[object] = []
            until(
                lambda: (
                    "stalled" in life(found)
                    and any(isinstance(one, Health) and one.state == "lost" for one in found)
                ),
                lambda: found.extend(following.step(0.05)),
            )
            reasons = {one.reason or "" for one in found if isinstance(one, Health) and one.state == "lost"}
            assert all(reason.startswith("the program stands still") for reason in reasons)
            ages = [one.step_age_s for one in found if isinstance(one, Heartbeat)]
            assert max(age for age in ages if age is not None) >= STALLED_AFTER_S
            assert "gone" not in life(found)
            assert subscriber.lost == 0
    finally:
        standing.kill()


def test_a_snapshot_that_cannot_be_had_is_told_once_and_events_come_all_the_same() -> None:
    elsewhere = socket_of_ours("elsewhere")
    publisher = Publisher("tcp://127.0.0.1:*", control=elsewhere, heartbeat_every_s=0.01)
    try:
        with Subscriber(publisher.endpoint) as subscriber:
            following = BusClient(subscriber)
            found: list[object] = []

            def turn() -> None:
                publisher.poll(agree)
                publisher.emit(event())
                found.extend(following.step(0.02))

            until(lambda: "onset run-dog_bark-0" in life(found), turn)
            assert life(found).count("no_snapshot") == 1
            (told,) = [one.sentence for one in found if isinstance(one, Contact)]
            assert told.startswith("What sounds already is not known. No monitor answers")
    finally:
        publisher.close()


def test_a_control_socket_that_is_stated_gives_the_snapshot() -> None:
    publisher = eager_publisher()
    control = socket_of_ours("stated")
    stated = Publisher("tcp://127.0.0.1:*", control=control, heartbeat_every_s=0.01)
    try:
        stated.emit(event())
        stated.poll(agree)
        stream = monitor.subscribe(stated.endpoint, control=control)
        assert next(stream) == event()
    finally:
        stated.close()
        publisher.close()


def test_a_stand_is_told_once_and_its_end_only_when_it_lasts() -> None:
    watch = Watch("tcp://here:1", started_s=0.0)

    def told(now_s: float, age_s: float | None) -> list[str]:
        return [note.change for note in watch.beat(age_s, now_s)]

    assert told(1.0, 0.1) == []
    assert told(2.0, None) == []  # an earlier version says nothing
    assert told(5.0, STALLED_AFTER_S) == ["stalled"]
    assert told(9.0, 7.0) == []
    assert told(10.0, 0.1) == []
    assert told(15.0, 5.0) == []  # too slow, and still the same stand
    assert told(15.1 + STEADY_S, 0.1) == ["moving"]
    assert told(16.0 + STEADY_S, 0.1) == []


def test_health_and_heartbeats_come_too_for_who_follows_everything(endpoint: str, killed: Monitor) -> None:
    with Subscriber(endpoint) as subscriber:
        following = BusClient(subscriber)
        found: list[object] = []
        until(
            lambda: {Health, Heartbeat, Event} <= {type(one) for one in found},
            lambda: found.extend(following.step(0.05)),
        )
        assert health() in found
