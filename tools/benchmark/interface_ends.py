"""Start `monitor run` with its interface again and again, end it at random, and look what is left behind.

    python -m tools.benchmark.interface_ends 100

Each run has a terminal of its own, and a shell that stays. At a random moment the monitor or its interface
gets SIGINT, SIGTERM, SIGHUP or SIGKILL. Then no process of the run may be left, no socket file (a monitor
that is killed leaves its own, which the next one takes over), the terminal must be as it was, and nothing may
have printed a traceback; a monitor whose interface was ended must go on.
"""

from __future__ import annotations

import argparse
import os
import pty
import random
import re
import select
import shutil
import signal
import stat
import sys
import tempfile
import termios
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
LATEST_S = 5.0
"""The interface is up by then, and the demo has begun."""
TIMEOUT_S = 30.0
COMMAND = ["run", "--source", "demo", "--classes", "siren", "--bind", "tcp://127.0.0.1:*"]
_SHELL = 'trap : INT TERM HUP; "$@"; echo "exit code $?"; while :; do sleep 0.2; done'


class Run:
    """One run on a terminal of its own."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ends"))
        self.output = b""
        self._mark = f"MONITOR_ENDS={self.folder.name}"
        environment = {
            **os.environ,
            "TERM": "xterm-256color",
            "XDG_RUNTIME_DIR": str(self.folder),
            "MONITOR_ENDS": self.folder.name,
        }
        command = ["sh", "-c", _SHELL, "sh", sys.executable, "-m", "monitor", *COMMAND]
        self._shell, self._terminal = pty.fork()
        if self._shell == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # also where this was started in the background
            os.execvpe("sh", command, environment)  # noqa: S606
        self._before = termios.tcgetattr(self._terminal)
        termios.tcsetwinsize(self._terminal, (36, 120))

    def read(self, seconds: float) -> None:
        """Read what is drawn for so long."""
        deadline_s = time.monotonic() + seconds
        while (left_s := deadline_s - time.monotonic()) > 0.0:
            if select.select([self._terminal], [], [], min(left_s, 0.05))[0]:
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
            try:
                ours = self._mark.encode() in (entry / "environ").read_bytes()
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if ours and "monitor" in command and not command.startswith("sh -c"):
                found[int(entry.name)] = command
        return found

    def pid_of(self, what: str) -> int | None:
        """Return the process of the `monitor` or of its `interface`."""
        shows = {pid: "monitor.tui" in command for pid, command in self.processes().items()}
        return next((pid for pid, tui in shows.items() if tui == (what == "interface")), None)

    def wrong(self, *, killed: bool) -> list[str]:
        """Return what is left behind and should not be."""
        wrong = [f"left: {command}" for command in self.processes().values()]
        if b"Traceback" in self.output:
            wrong.append("a traceback")
        if termios.tcgetattr(self._terminal)[:4] != self._before[:4]:
            wrong.append("the terminal is not as it was")
        sockets = [path.name for path in self.folder.rglob("*") if stat.S_ISSOCK(path.lstat().st_mode)]
        if sockets and not killed:
            wrong.append(f"socket files: {sockets}")
        return wrong

    def close(self) -> None:
        """End what is still there."""
        for pid in (*self.processes(), self._shell):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(self._shell, 0)
        os.close(self._terminal)
        shutil.rmtree(self.folder)


def end_once(chance: random.Random) -> tuple[str, list[str]]:
    """Run, end at random; return what was done and what was wrong."""
    run = Run()
    try:
        what, number = chance.choice(["monitor", "interface"]), chance.choice(SIGNALS)
        after_s = chance.uniform(0.0, LATEST_S)
        run.read(after_s)
        return f"{what} {number.name}", [f"{one} ({after_s:.2f} s)" for one in _end(run, what, number)]
    finally:
        run.close()


def _end(run: Run, what: str, number: signal.Signals) -> list[str]:
    if not run.until(lambda: run.pid_of(what) is not None):
        return [f"there was no {what}"]
    os.kill(run.pid_of(what) or 0, number)
    wrong = []
    ends = what == "interface" and number != signal.SIGINT  # to it, Ctrl-C is a key
    if ends and not run.until(lambda: b"goes on with lines" in run.output and b"listening" in run.output):
        wrong.append("the monitor does not go on")
    if what == "interface":
        os.kill(run.pid_of("monitor") or 0, signal.SIGTERM)
    if not run.until(lambda: re.search(rb"exit code \d+", run.output) is not None and not run.processes()):
        wrong.append("it does not end")
    run.read(0.1)
    if what == "interface" and not re.search(rb"exit code (0|143)\b", run.output):  # 143: as it began
        codes = re.findall(rb"exit code \d+", run.output)
        wrong.append(f"the monitor failed: {codes}, {run.output[-300:]!r}")
    return wrong + run.wrong(killed=what == "monitor" and number == signal.SIGKILL)


def main() -> int:
    """Print what was done and what was wrong; return 1 if anything was."""
    parser = argparse.ArgumentParser(description="End runs with an interface at random.")
    parser.add_argument("runs", type=int)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    chance = random.Random(chosen.seed)
    done: Counter[str] = Counter()
    failures = 0
    for number in range(chosen.runs):
        what, wrong = end_once(chance)
        done[what] += 1
        failures += bool(wrong)
        for one in wrong:
            print(f"run {number}, {what}: {one}", flush=True)
    print(", ".join(f"{what} {count}" for what, count in sorted(done.items())))
    print(f"{chosen.runs} runs, {failures} with something wrong")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
