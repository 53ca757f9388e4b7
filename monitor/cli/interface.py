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
import sys
import termios
from collections.abc import Iterator, Sequence

from monitor.child import Child
from monitor.start import before_leaving

_ENDS_S = 2.0
_GONE_S = 2.0
_REMEMBER_CURSOR = "\x1b7"
"""Leaving the full screen puts the cursor where it was remembered, which is the top where it never was. So it
is remembered before there is an interface: that may be killed on its way to the full screen."""
_LEAVE_FULL_SCREEN = "\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?2004l"
"""Main screen, cursor, no mouse reports, no bracketed paste: what a killed interface leaves undone."""


class Interface:
    """The interface's process and the pipe to it."""

    def __init__(self, arguments: Sequence[str] = ()) -> None:
        """Start it on this process's terminal, with more `arguments` on its command line."""
        self._terminal = termios.tcgetattr(sys.stdin)
        os.write(sys.stdout.fileno(), _REMEMBER_CURSOR.encode())
        theirs, self._pipe = os.pipe()
        os.set_blocking(self._pipe, False)
        try:
            with _undisturbed():
                self._child = Child(
                    "monitor.tui", "--parent", str(theirs), *arguments, pass_fds=(theirs,), stderr=sys.stderr
                )
        finally:
            os.close(theirs)

    @property
    def ended(self) -> bool:
        """True once it has ended: the user left it, or it failed."""
        return self._child.ended

    @property
    def failed(self) -> bool:
        """True once it has ended otherwise than by the user's wish: the monitor goes on without it."""
        return self._child.failed

    @property
    def how_it_ended(self) -> str:
        """What became of an interface that failed, as one sentence."""
        return f"The terminal interface {self._child.how_it_ended}."

    def restore(self) -> None:
        """Put the terminal back as it was: one that was killed has not done so."""
        with contextlib.suppress(termios.error, OSError):  # the terminal may be gone too
            if termios.tcgetattr(sys.stdin) == self._terminal:
                return  # it never took the screen, or has left it in order
            termios.tcsetattr(sys.stdin, termios.TCSAFLUSH, self._terminal)
            os.write(sys.stdout.fileno(), _LEAVE_FULL_SCREEN.encode())

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
        """End it and put the terminal back as it was."""
        self.end()
        os.close(self._pipe)  # not before: its end says that the monitor is gone
        self.restore()

    def end(self) -> None:
        """End its process; it puts the terminal back."""
        self._child.end(grace_s=_ENDS_S, gone_s=_GONE_S)

    def _say(self, kind: str, text: str) -> None:
        with contextlib.suppress(OSError):  # it has ended, or does not read
            os.write(self._pipe, f"{kind} {' '.join(text.splitlines())}\n".encode())


@contextlib.contextmanager
def opened(arguments: Sequence[str] = ()) -> Iterator[Interface]:
    """Show the interface, told more by `arguments`, until the block ends."""
    interface = Interface(arguments)
    stay = before_leaving(interface.end)
    try:
        yield interface
    finally:
        stay()
        interface.close()


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Start a process that a Ctrl-C cannot hit before it is ready: there it is a key; here it waits."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
