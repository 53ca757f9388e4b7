"""One `monitor run`: its lines and its health as they come, each with the moment when it came."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from monitor.bus.messages import Health
from monitor.bus.subscriber import Subscriber

START_S = 60.0
_ENDS_S = 20.0
_ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[a-zA-Z]|[78=>]|\][^\x07]*\x07)")
_STAMP = re.compile(r"^\d\d:\d\d:\d\d\S*\s+(health|clock|change|date)?\s*")


FoundT = TypeVar("FoundT")


class Line(NamedTuple):
    """What was printed."""

    at_s: float
    text: str

    @property
    def words(self) -> str:
        """The line without its time, and without what an interface had drawn before it."""
        return _STAMP.sub("", self.text).rpartition(4 * " ")[2].strip()


class Told(NamedTuple):
    """What was published."""

    at_s: float
    health: Health


class Run:
    """A monitor in a process of its own. Must be closed.

    Parameters
    ----------
    folder
        Short, and this run's own: its sockets, its state.
    arguments
        Of `monitor run`.
    program
        Python's arguments in place of ``-m monitor``: a program that does the same, and can go wrong.
    terminal
        Whether it draws its interface, on a terminal of its own, instead of printing lines.
    """

    def __init__(
        self,
        folder: Path,
        arguments: Sequence[str],
        environment: Mapping[str, str] | None = None,
        program: Sequence[str] = ("-m", "monitor"),
        terminal: bool = False,
    ) -> None:
        self.endpoint = f"ipc://{folder}/events"
        self.lines: list[Line] = []
        self.healths: list[Told] = []
        self._changed = threading.Condition()
        self._over = threading.Event()
        shown = [] if terminal else ["--headless"]
        command = [sys.executable, *program, "run", *shown, "--bind", self.endpoint, *arguments]
        given = {**os.environ, "XDG_STATE_HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "TERM": "xterm"}
        self.process, self._fd = _started(command, {**given, **(environment or {})}, terminal)
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._subscribe, daemon=True).start()

    @property
    def health(self) -> Health:
        """The last one."""
        return self.healths[-1].health

    @property
    def first_s(self) -> float:
        """When it first said anything."""
        return min([*(one.at_s for one in self.lines[:1]), *(one.at_s for one in self.healths[:1])])

    def line(self, pattern: str, since_s: float, limit_s: float) -> Line | None:
        """Return the first line from `since_s` on that holds `pattern`; None: none did for `limit_s`."""
        wanted = re.compile(pattern)

        def found() -> Line | None:
            return next((one for one in self.lines if one.at_s >= since_s and wanted.search(one.text)), None)

        return self._wait(found, limit_s)

    def state(self, holds: Callable[[Health], bool], since_s: float, limit_s: float) -> Told | None:
        """Return the first health from `since_s` on of which something holds."""

        def found() -> Told | None:
            return next((one for one in self.healths if one.at_s >= since_s and holds(one.health)), None)

        return self._wait(found, limit_s)

    def child(self, module: str) -> int | None:
        """Return the process that the monitor started to run `module`."""
        for pid in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            if module in Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " "):
                return int(pid)
        return None

    def close(self) -> None:
        """End it as a user would, and for good."""
        self._over.set()
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(_ENDS_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _wait(self, found: Callable[[], FoundT | None], limit_s: float) -> FoundT | None:
        with self._changed:
            self._changed.wait_for(lambda: found() is not None or self.process.poll() is not None, limit_s)
            return found()

    def _read(self) -> None:
        text = ""
        while data := _received(self._fd):
            *whole, text = (text + data.decode("utf-8", "replace")).split("\n")
            now_s = time.monotonic()
            with self._changed:
                self.lines += [Line(now_s, _ESCAPES.sub("", one).strip()) for one in whole]
                self._changed.notify_all()

    def _subscribe(self) -> None:
        with Subscriber(self.endpoint, ("health/",)) as subscriber:
            while not self._over.is_set():
                message = subscriber.receive(timeout_s=0.2)
                if message is not None and isinstance(message.record, Health):
                    with self._changed:
                        self.healths.append(Told(time.monotonic(), message.record))
                        self._changed.notify_all()


def _started(
    command: list[str], environment: Mapping[str, str], terminal: bool
) -> tuple[subprocess.Popen[bytes], int]:
    """Start `command`; return it and where its output can be read."""
    ours, theirs = pty.openpty() if terminal else os.pipe()
    if terminal:
        termios.tcsetwinsize(theirs, (36, 120))
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=theirs if terminal else subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    return process, ours


def _received(fd: int) -> bytes:
    try:
        return os.read(fd, 1 << 16)
    except OSError:  # the other side of a terminal is closed
        return b""
