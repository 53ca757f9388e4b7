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

import pytest

from monitor.cli.main import main as command_line
from monitor.errors import ConfigError
from monitor.tui import run_tui
from monitor.tui.__main__ import main
from monitor.tui.options import Options
from monitor.waiting import readable

from .fakes import class_state, health
from .live_monitor import Monitor


def test_without_a_terminal_it_says_what_to_use_instead(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigError, match="monitor listen"):
        run_tui(Options("tcp://127.0.0.1:5557"))
    assert main(["tcp://127.0.0.1:5557"]) == 2
    assert capsys.readouterr().err.startswith("monitor: The terminal interface needs a terminal")


def test_the_command_line_takes_a_bell_and_can_do_without_colour(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line(["tui", "--bell", "--mono"]) == 2
    assert capsys.readouterr().err.startswith("monitor: The terminal interface needs a terminal")


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    monitor = Monitor()
    yield monitor
    monitor.close()


class Terminal:
    """A pseudo-terminal of 80 x 24 with the program on it."""

    def __init__(self, *arguments: str, keep: tuple[int, ...] = (), term: str = "xterm-256color") -> None:
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, 80))
        self.before = termios.tcgetattr(theirs)
        self.theirs = theirs
        command = [sys.executable, "-m", "monitor.tui", *arguments]
        environment = {**os.environ, "TERM": term, "PYTHONPATH": os.pathsep.join(sys.path)}
        self.process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            start_new_session=True,
            pass_fds=keep,
        )
        self.output = b""
        self._closed: set[int] = set()

    def read_until(self, holds: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + 30.0
        while not holds():
            assert time.monotonic() < deadline_s, self.output[-2000:]
            if readable(self._ours, 0.05):
                self.output += os.read(self._ours, 65536)

    def type(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def ended(self) -> bool:
        return self.process.poll() is not None

    def hang_up(self) -> None:
        for end in {self._ours, self.theirs} - self._closed:
            os.close(end)
        self._closed = {self._ours, self.theirs}

    def close(self) -> None:
        if not self.ended():
            self.process.kill()
        self.process.wait()
        self.hang_up()


@pytest.mark.parametrize("how", ["key", "signal"])
def test_on_a_real_terminal_it_shows_the_monitor_and_leaves_the_terminal_as_it_was(
    monitor: Monitor, how: str
) -> None:
    terminal = Terminal(monitor.publisher.endpoint)
    try:
        monitor.publish(health(1.0, classes=(class_state("siren"),)))
        terminal.read_until(lambda: b"nothing recognised" in terminal.output)
        if how == "key":
            terminal.type(b"q")
        else:
            terminal.process.send_signal(signal.SIGTERM)
        terminal.read_until(lambda: terminal.ended() and b"\x1b[?1049l" in terminal.output)
        assert terminal.process.returncode == 0
        assert termios.tcgetattr(terminal.theirs) == terminal.before
    finally:
        terminal.close()


def test_on_the_linux_console_only_its_sixteen_colours_are_sent(monitor: Monitor) -> None:
    terminal = Terminal(monitor.publisher.endpoint, term="linux")
    try:
        monitor.publish(health(1.0, classes=(class_state("siren"),)))
        terminal.read_until(lambda: b"nothing recognised" in terminal.output)
        asked = {
            code for codes in re.findall(rb"\x1b\[([0-9;]+)m", terminal.output) for code in codes.split(b";")
        }
        assert asked <= {
            b"%d" % code for code in (0, 1, 2, 7, *range(30, 38), *range(40, 48), *range(90, 98))
        }
        assert b"92" in asked  # green: it listens
    finally:
        terminal.close()


def test_it_ends_when_its_terminal_hangs_up_and_no_signal_says_so(monitor: Monitor) -> None:
    terminal = Terminal(monitor.publisher.endpoint)  # a session of its own: nobody sends it SIGHUP
    try:
        monitor.publish(health(1.0, classes=(class_state("siren"),)))
        terminal.read_until(lambda: b"nothing recognised" in terminal.output)
        terminal.hang_up()
        assert terminal.process.wait(20.0) == 0
    finally:
        terminal.close()


def test_it_is_there_before_its_monitor_and_says_so_when_that_is_gone(monitor: Monitor) -> None:
    theirs, ours = os.pipe()
    terminal = Terminal("--parent", str(theirs), keep=(theirs,))
    os.close(theirs)
    try:
        os.write(ours, b"doing loading the model\n")
        terminal.read_until(lambda: b"loading the model" in terminal.output)
        os.write(ours, f"endpoint {monitor.publisher.endpoint}\n".encode())
        monitor.publish(health(1.0, classes=(class_state("siren"),)))
        terminal.read_until(lambda: b"nothing recognised" in terminal.output)
        os.close(ours)  # as when the monitor is killed
        terminal.read_until(terminal.ended)
        terminal.read_until(lambda: b"MONITOR GONE at " in terminal.output.partition(b"\x1b[?1049l")[2])
        left = terminal.output.partition(b"\x1b[?1049l")[2].decode()
        assert "Start it again" in left
        assert "\u2588" in left  # large, too
        assert terminal.process.returncode == 1
        assert termios.tcgetattr(terminal.theirs) == terminal.before
    finally:
        terminal.close()
