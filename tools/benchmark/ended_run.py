"""One `monitor run` on a terminal of its own, to be ended: who belongs to it, and what it leaves behind."""

from __future__ import annotations

import os
import pty
import signal
import stat
import sys
import termios
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

from monitor.waiting import readable

Part = Literal["monitor", "capture", "page", "interface"]
"""The processes of a run: the one that listens, and those that it starts."""
TIMEOUT_S = 60.0
_MARK = "MONITOR_ENDS"
_MODULES: dict[str, Part] = {
    "monitor.tui": "interface",
    "monitor.web": "page",
    "monitor.sources.portaudio": "capture",
}
_SHELL = 'trap : INT TERM HUP; "$@"; echo "exit code $?"; while :; do sleep 0.2; done'


class EndedRun:
    """A run that is going to be ended, under a shell that stays."""

    def __init__(self, name: str, arguments: list[str], environment: Mapping[str, str]) -> None:
        """Start `monitor` with `arguments`; `name` tells its processes from those of others."""
        self.output = b""
        self._mark = f"{_MARK}={name}"
        environment = {**os.environ, **environment, "TERM": "xterm-256color", _MARK: name}
        command = ["sh", "-c", _SHELL, "sh", sys.executable, "-m", "monitor", *arguments]
        self._shell, self._terminal = pty.fork()
        if self._shell == 0:
            for number in (signal.SIGINT, signal.SIGHUP):  # also where this was started in the background
                signal.signal(number, signal.SIG_DFL)
            os.execvpe("sh", command, environment)  # noqa: S606
        self._before = termios.tcgetattr(self._terminal)
        termios.tcsetwinsize(self._terminal, (36, 120))

    def read(self, seconds: float) -> None:
        """Read what is drawn for so long."""
        deadline_s = time.monotonic() + seconds
        while (left_s := deadline_s - time.monotonic()) > 0.0:
            if readable(self._terminal, min(left_s, 0.05)):
                self.output += os.read(self._terminal, 1 << 16)

    def until(self, holds: Callable[[], bool]) -> bool:
        """Read on until it holds; False if it never does."""
        deadline_s = time.monotonic() + TIMEOUT_S
        while not holds():
            if time.monotonic() > deadline_s:
                return False
            self.read(0.05)
        return True

    def processes(self) -> dict[int, str]:
        """Return the commands of all that was started, but the shell and what it waits with."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with suppress(OSError):
                ours = self._mark.encode() in (entry / "environ").read_bytes().split(b"\0")
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                if ours and "monitor" in command and not command.startswith("sh -c"):
                    found[int(entry.name)] = command
        return found

    def pid_of(self, part: Part) -> int | None:
        """Return the process that is a part of the run; None: there is none."""
        for pid, command in self.processes().items():
            words = command.split()
            kind = next((_MODULES[word] for word in words if word in _MODULES), "monitor")
            if kind == part:
                return pid
        return None

    def signal(self, part: Part, number: signal.Signals) -> None:
        """Send a signal to a part, if it is there."""
        with suppress(ProcessLookupError):
            if (pid := self.pid_of(part)) is not None:
                os.kill(pid, number)

    def wrong(self) -> list[str]:
        """Return what is left behind and should not be, now that it has ended."""
        wrong = [f"left: {command}" for command in self.processes().values()]
        if traceback := self._traceback():
            wrong.append(f"a traceback: {traceback[:2000]!r}")
        if termios.tcgetattr(self._terminal)[:4] != self._before[:4]:
            wrong.append("the terminal is not as it was")
        return wrong

    def _traceback(self) -> bytes:
        """Return what was printed from a traceback on; none where Python had not yet come to this program."""
        _, found, rest = self.output.partition(b"Traceback")
        return found + rest if b"monitor/" in rest else b""

    def close(self) -> None:
        """End what is still there."""
        for pid in (*self.processes(), self._shell):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        os.waitpid(self._shell, 0)
        os.close(self._terminal)


def sockets_below(folder: Path) -> list[str]:
    """Return the socket files below a folder, by their names."""
    found = []
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            if stat.S_ISSOCK(path.lstat().st_mode):
                found.append(path.name)
    return found
