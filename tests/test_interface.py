"""`monitor run` with its interface, on a terminal that it controls, as a user starts it."""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import termios
import time
from collections.abc import Callable, Iterator

import pytest

from tests.fakes import INTERRUPTIBLE

COMMAND = ["run", "--source", "demo", "--classes", "siren,dog_bark", "--bind", "tcp://127.0.0.1:*"]


class Session:
    """A session of its own, as of a terminal's window: the program leads it and the terminal is its own."""

    def __init__(self, *arguments: str) -> None:
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:  # the child: only exec from here on
            environment = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": os.pathsep.join(sys.path)}
            os.execve(sys.executable, [sys.executable, "-c", INTERRUPTIBLE, *arguments], environment)  # noqa: S606
        termios.tcsetwinsize(self._terminal, (36, 120))
        self.output = b""
        self._open = True
        self.status: int | None = None

    def read_until(self, holds: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + 50.0
        while not holds():
            assert time.monotonic() < deadline_s, self.output[-3000:]
            watched = [self._terminal] if self._open else []
            if select.select(watched, [], [], 0.05)[0]:
                try:
                    self.output += os.read(self._terminal, 65536)
                except OSError:  # nobody has it open any more
                    self._open = False

    def type(self, keys: bytes) -> None:
        os.write(self._terminal, keys)

    def ended(self) -> bool:
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = status if pid else None
        return self.status is not None

    def close(self) -> None:
        if not self.ended():
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._terminal)


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session(*COMMAND)
    yield session
    session.close()


def test_something_is_on_the_terminal_before_anything_is_loaded_and_q_ends_it(session: Session) -> None:
    session.read_until(lambda: b"1049h" in session.output)
    assert session.output.startswith(b"monitor: starting ...")
    session.read_until(lambda: b"nothing is heard yet" in session.output)
    session.read_until(lambda: b"window" in session.output or b"nothing recognised" in session.output)
    session.type(b"q")
    session.read_until(session.ended)
    assert session.status == 0
    assert b"MONITOR GONE" not in session.output


def test_a_monitor_that_is_killed_does_not_take_its_interface_with_it_in_silence(session: Session) -> None:
    session.read_until(lambda: b"window" in session.output or b"nothing recognised" in session.output)
    os.kill(session.pid, signal.SIGKILL)
    session.read_until(lambda: b"MONITOR GONE at " in session.output.partition(b"\x1b[?1049l")[2])
    session.read_until(lambda: b"Start it again" in session.output)


def test_what_cannot_be_started_is_told_on_the_terminal_as_it_was() -> None:
    session = Session(
        "run", "--source", "file:/nowhere.wav", "--classes", "siren", "--bind", "tcp://127.0.0.1:*"
    )
    try:
        session.read_until(session.ended)
        session.read_until(lambda: b"There is no file /nowhere.wav" in session.output)
        assert session.status is not None
        assert os.waitstatus_to_exitcode(session.status) == 2
        last = session.output.rpartition(b"There is no file")[0]
        assert last.count(b"\x1b[?1049h") == last.count(b"\x1b[?1049l")
    finally:
        session.close()
