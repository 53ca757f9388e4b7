"""The interface as lines, from its command line to its end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from .fakes import class_state, event, health
from .live_monitor import Monitor


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    monitor = Monitor()
    yield monitor
    monitor.close()


class Reader:
    """The program with pipes for a person who reads and types."""

    def __init__(self, *arguments: str, keep: tuple[int, ...] = ()) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "monitor.tui", "--plain", *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, pass_fds=keep,
        )  # fmt: skip

    def until(self, part: str) -> str:
        """Return the next line that holds `part`; the test's own timeout ends it."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if part in line:
                return line
        raise AssertionError(f"no {part!r}")

    def type(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{text}\n")
        self.process.stdin.flush()

    def end(self) -> int:
        return self.process.wait(20)

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


def test_news_are_lines_and_letters_do_what_keys_do(monitor: Monitor) -> None:
    reader = Reader(monitor.publisher.endpoint)
    try:
        classes = (class_state("smoke_alarm", urgent=True), class_state("dog_bark"))
        monitor.publish(health(1.0, classes=classes))
        reader.until("The monitor listens.")
        monitor.publish(event("onset", "smoke_alarm", urgent=True, onset=0.5))
        reader.until("SMOKE ALARM NOW: may be a smoke alarm")
        reader.type("m dog bark")
        reader.until("dog bark: muted.")
        reader.type("m smoke alarm")
        reader.until("smoke alarm is urgent. Mute it? Type y or n.")
        reader.type("n")
        reader.until("No.")
        reader.type("m cat")
        reader.until("No class 'cat'; listed: smoke alarm, dog bark.")
        reader.type("h smoke")
        reader.until("keeps no history")
        reader.type("a")
        reader.type("q")
        assert reader.end() == 0
        asked = [(one.request, one.class_) for one in monitor.requests]
        assert asked == [("mute", "dog_bark"), ("acknowledge", None)]
    finally:
        reader.close()


def test_it_says_that_the_monitor_is_gone_and_ends_with_it(monitor: Monitor) -> None:
    theirs, ours = os.pipe()
    reader = Reader("--parent", str(theirs), keep=(theirs,))
    os.close(theirs)
    try:
        os.write(ours, b"doing loading the model embedded\n")
        reader.until("LOADING MODEL. loading the model embedded")
        os.close(ours)
        reader.until("MONITOR GONE at ")
        assert reader.end() == 1
    finally:
        reader.close()
