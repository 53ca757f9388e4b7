"""`monitor run` with its interface, on a terminal that it controls, as a user starts it."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor.bus.messages import Health
from monitor.bus.subscriber import Subscriber
from monitor.waiting import readable
from tests.fakes import INTERRUPTIBLE

COMMAND = ["run", "--source", "demo", "--classes", "siren,dog_bark", "--bind", "tcp://127.0.0.1:*"]
LISTENS = re.compile(rb"window|nothing recognised")
"""What only an interface shows whose monitor listens."""


class Session:
    """A session of its own, as of a terminal's window: the program leads it and the terminal is its own."""

    def __init__(self, *arguments: str, hang_up_ignored: bool = False) -> None:
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:  # the child: only exec from here on
            if hang_up_ignored:  # as under `nohup`
                signal.signal(signal.SIGHUP, signal.SIG_IGN)
            environment = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": os.pathsep.join(sys.path)}
            os.execve(sys.executable, [sys.executable, "-c", INTERRUPTIBLE, *arguments], environment)  # noqa: S606
        termios.tcsetwinsize(self.terminal, (36, 120))
        self.output = b""
        self._open = True
        self.status: int | None = None

    def read_until(self, holds: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + 50.0
        while not holds():
            assert time.monotonic() < deadline_s, self.output[-3000:]
            if not self._open:
                time.sleep(0.05)
            elif readable(self.terminal, 0.05):
                try:
                    self.output += os.read(self.terminal, 65536)
                except OSError:  # nobody has it open any more
                    self._open = False

    def type(self, keys: bytes) -> None:
        os.write(self.terminal, keys)

    def ended(self) -> bool:
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = status if pid else None
        return self.status is not None

    def interface(self) -> int | None:
        """The process of the interface, while there is one."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return next((int(pid) for pid in children if _shows(pid)), None)

    def close_window(self) -> None:
        """Take the terminal away, as a window that is closed does."""
        self._open = False
        os.close(self.terminal)

    def wait_until(self, holds: Callable[[], bool]) -> None:
        """Wait for what does not show on the terminal."""
        deadline_s = time.monotonic() + 50.0
        while not holds():
            assert time.monotonic() < deadline_s
            time.sleep(0.05)

    def close(self) -> None:
        if not self.ended():
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        if self._open:
            self.close_window()


def _shows(pid: str) -> bool:
    try:
        return b"monitor.tui" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it has just ended
        return False


def heard(endpoint: str) -> int:
    """Samples that the monitor on `endpoint` has captured, as it says next."""
    with Subscriber(endpoint, ("health",)) as subscriber:
        for _ in range(100):
            record = subscriber.receive(1.0)
            if record is not None and isinstance(record.record, Health):
                return record.record.captured
    raise AssertionError("nothing is published any more")


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
    session.read_until(lambda: b"End the monitor?" in session.output)
    session.type(b"y")
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
        before, _, rest = session.output.partition(b"\x1b7")
        assert before == b"monitor: starting ... loading the model\r\n"
        last = rest.rpartition(b"There is no file")[0]
        # Ended on its way to the full screen, it has not been there: leaving it moves the cursor to where it
        # was remembered, the line below what was told first.
        assert last.count(b"\x1b[?1049h") <= last.count(b"\x1b[?1049l") <= 1
    finally:
        session.close()


@pytest.mark.parametrize(
    "number",
    [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGSEGV],
    ids=lambda one: one.name,
)
def test_an_interface_that_is_ended_leaves_a_monitor_that_goes_on_with_lines(
    session: Session, number: signal.Signals
) -> None:
    before = termios.tcgetattr(session.terminal)
    session.read_until(lambda: b"nothing is heard yet" in session.output)
    interface = session.interface()
    assert interface is not None
    os.kill(interface, number)
    session.read_until(lambda: b"listening to demo street" in session.output)
    said = f"The terminal interface was ended by {number.name}. The monitor goes on with lines".encode()
    assert said in session.output
    assert termios.tcgetattr(session.terminal)[:4] == before[:4]
    os.kill(session.pid, signal.SIGTERM)
    session.read_until(session.ended)
    assert session.status == 0
    assert b"the monitor was stopped" in session.output


def test_where_a_hang_up_is_ignored_a_window_that_is_closed_takes_the_interface_and_not_the_monitor(
    short_folder: Path,
) -> None:
    endpoint = f"ipc://{short_folder}/events"
    session = Session(*COMMAND[:-1], endpoint, hang_up_ignored=True)
    try:
        session.read_until(lambda: LISTENS.search(session.output) is not None)
        session.close_window()
        session.wait_until(lambda: session.interface() is None)
        before = heard(endpoint)
        assert heard(endpoint) > before
        assert not session.ended()
        os.kill(session.pid, signal.SIGTERM)
        session.wait_until(session.ended)
        assert session.status == 0
    finally:
        session.close()


def test_a_window_that_is_closed_is_a_hang_up_which_ends_a_run_in_order(short_folder: Path) -> None:
    endpoint = f"ipc://{short_folder}/events"
    session = Session(*COMMAND[:-1], endpoint)
    try:
        session.read_until(lambda: LISTENS.search(session.output) is not None)
        interface = session.interface()
        session.close_window()
        session.wait_until(session.ended)
        assert session.status == 0
        assert list(short_folder.iterdir()) == []
        session.wait_until(lambda: not Path(f"/proc/{interface}").exists())
    finally:
        session.close()


def test_runs_that_are_ended_at_random_leave_nothing_behind() -> None:
    command = [sys.executable, "-m", "tools.benchmark.random_ends", "4", "--seed", "11"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "4 runs, 0 with something wrong" in done.stdout
