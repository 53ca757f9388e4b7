"""The terminal interface that `monitor run` shows: a process of its own, so that it cannot delay the monitor.

It is started before anything is loaded, so that the terminal is never blank. A pipe leads to it: what is
being done until there is a monitor to attach to, where that is, and what the user should know. The end of
the pipe tells it that this process is gone, however it ended. Overflow: an interface that does not read
loses lines, and delays nobody.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator

from monitor.errors import ProgramError
from monitor.start import child_environment, python_module

_ENDS_S = 2.0
_LEAVE_FULL_SCREEN = "\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?2004l"
"""Main screen, cursor, no mouse reports, no bracketed paste: what a killed interface leaves undone."""


class Interface:
    """The interface's process and the pipe to it."""

    def __init__(self) -> None:
        """Start it on this process's terminal."""
        self._terminal = termios.tcgetattr(sys.stdin)
        theirs, self._pipe = os.pipe()
        os.set_blocking(self._pipe, False)
        command = python_module("monitor.tui", "--parent", str(theirs))
        try:
            with _undisturbed():
                self._process = subprocess.Popen(  # noqa: S603 - our own program
                    command, pass_fds=(theirs,), env=child_environment(), stderr=sys.stderr
                )
        finally:
            os.close(theirs)

    @property
    def ended(self) -> bool:
        """True once it has ended: the user left it, or it failed."""
        return self._process.poll() is not None

    def doing(self, what: str) -> None:
        """Show what is being done before there is a monitor; the newest counts."""
        self._say("doing", what)

    def note(self, sentence: str) -> None:
        """Show a sentence for a while."""
        self._say("note", sentence)

    def attach(self, endpoint: str, control: str) -> None:
        """Say where the monitor publishes and where it answers."""
        self._say("control", control)
        self._say("endpoint", endpoint)

    def progress(self, done: int, total: int) -> None:
        """Show how many phrases are embedded."""
        self.doing(f"embedding {done}/{total} phrases, once for this model")

    def close(self) -> None:
        """End it and put the terminal back as it was.

        Raises
        ------
        ProgramError
            It had ended otherwise than the user ends it.
        """
        self._process.terminate()
        try:
            self._process.wait(_ENDS_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._pipe)  # not before: its end says that the monitor is gone
        if self._process.returncode not in {0, -signal.SIGTERM, -signal.SIGHUP}:
            try:
                termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._terminal)
            except termios.error:  # the terminal is gone: it was hung up
                return
            sys.stdout.write(_LEAVE_FULL_SCREEN)
            raise ProgramError(
                f"The terminal interface ended unexpectedly (exit code {self._process.returncode}); start "
                "again, or use --headless."
            )

    def _say(self, kind: str, text: str) -> None:
        with contextlib.suppress(OSError):  # it has ended, or does not read
            os.write(self._pipe, f"{kind} {' '.join(text.splitlines())}\n".encode())


@contextlib.contextmanager
def opened() -> Iterator[Interface]:
    """Show the interface until the block ends.

    Raises
    ------
    ProgramError
        It ended otherwise than the user ends it.
    """
    interface = Interface()
    try:
        yield interface
    finally:
        interface.close()


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Start a process that a Ctrl-C cannot hit before it is ready: there it is a key; here it waits."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
