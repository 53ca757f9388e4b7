from __future__ import annotations

import os
import signal
import socket
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.bus.messages import SelfTest
from monitor.records import SourceState
from monitor.sinks.service_manager import FRESH_S, ServiceManager, notify_address
from monitor.start import child_environment, python_module
from tests.examples import event, health


class Clock:
    """A clock that stands unless it is set."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def fed(sent: list[str]) -> int:
    return sent.count("WATCHDOG=1")


def one_second_later(sink: ServiceManager, clock: Clock, analysed: int, **fields: object) -> None:
    clock.now_s += 1.0
    sink.emit(msgspec.structs.replace(health(), analysed=analysed, **fields))


def test_the_watchdog_is_fed_for_as_long_as_sound_is_analysed() -> None:
    sent: list[str] = []
    clock = Clock()
    sink = ServiceManager(sent.append, clock)
    for second in range(1, 6):
        one_second_later(sink, clock, second * 32000)
    assert fed(sent) == 5
    for _ in range(3):  # it hangs, and its other threads do not
        one_second_later(sink, clock, 5 * 32000)
    assert fed(sent) == 5
    one_second_later(sink, clock, 6 * 32000)
    assert fed(sent) == 6


def test_a_source_that_is_away_is_tried_again_by_the_monitor_and_not_by_the_service_manager() -> None:
    sent: list[str] = []
    clock = Clock()
    sink = ServiceManager(sent.append, clock)
    for _ in range(4):
        one_second_later(sink, clock, 0, state="lost", reason="unplugged")
    assert fed(sent) == 4
    assert "STATUS=USB microphone: lost, unplugged" in sent


def test_one_source_that_hangs_is_enough() -> None:
    sent: list[str] = []
    clock = Clock()
    sink = ServiceManager(sent.append, clock)
    one_second_later(sink, clock, 1, source_id="attic")
    before = fed(sent)
    for second in range(int(FRESH_S) + 3):
        one_second_later(sink, clock, 32000 * second)
    assert fed(sent) - before == FRESH_S  # not after the other has been silent for so long


@given(st.lists(st.tuples(st.sampled_from(["running", "failing", "silent"]), st.booleans()), max_size=30))
def test_no_sign_is_passed_on_without_progress(course: list[tuple[SourceState, bool]]) -> None:
    sent: list[str] = []
    clock = Clock()
    sink = ServiceManager(sent.append, clock)
    analysed = 1
    one_second_later(sink, clock, analysed)
    for state, goes_on in course:
        before = fed(sent)
        analysed += goes_on
        one_second_later(sink, clock, analysed, state=state, reason="why")
        assert fed(sent) - before == goes_on


def test_it_is_ready_once_and_says_how_it_hears_when_that_changes() -> None:
    sent: list[str] = []
    sink = ServiceManager(sent.append, Clock())
    for heard in ("good", "good", "too_quiet"):
        sink.emit(msgspec.structs.replace(health(), hearing=heard))
    sink.emit(event())
    sink.close()
    assert [one for one in sent if one != "WATCHDOG=1"] == [
        "READY=1",
        "STATUS=USB microphone: good",
        "STATUS=USB microphone: too_quiet",
        "STOPPING=1",
    ]


def test_how_the_last_self_test_went_is_in_the_status() -> None:
    sent: list[str] = []
    test = SelfTest(number=1, state="testing", time=datetime(2026, 11, 30, 12, 0, tzinfo=UTC).astimezone())
    sink = ServiceManager(sent.append)
    for state in ("testing", "passed"):
        told = msgspec.structs.replace(test, state=state, told_s=0.3)
        sink.emit(msgspec.structs.replace(health(), self_test=told))
    passed = "self-test passed: the alarm was told after 0.3 s"
    statuses = [message for message in sent if message.startswith("STATUS=")]
    assert statuses == [
        "STATUS=USB microphone: good",
        f"STATUS=USB microphone: good ({passed}, {test.time:%H:%M:%S})",
    ]


@pytest.mark.parametrize(
    ("named", "address"),
    [("/run/notify", "/run/notify"), ("@abc", "\0abc"), ("", None), ("vsock:2:1", None)],
)
def test_where_messages_go(named: str, address: str | None) -> None:
    assert notify_address({"NOTIFY_SOCKET": named}) == address


def test_a_run_says_when_it_is_ready_and_feeds_the_watchdog(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(30)
        run = subprocess.Popen(
            python_module("monitor", "run", "--source", "demo", "--headless", "--bind", "none"),
            env={**child_environment(), "HOME": str(tmp_path), "NOTIFY_SOCKET": str(tmp_path / "notify")},
            stdout=subprocess.DEVNULL,
        )
        try:
            messages = [manager.recv(4096).decode() for _ in range(4)]
            os.kill(run.pid, signal.SIGTERM)
            while (last := manager.recv(4096).decode()) != "STOPPING=1":
                messages.append(last)
        finally:
            run.kill()
            run.wait()
    assert messages[0] == "READY=1"
    assert "WATCHDOG=1" in messages
