"""A process that this program starts beside itself: the one that hears a microphone, the one that shows.

It runs a module of this package, and nothing of the current folder. How it is spoken with is the affair of
whoever starts it: pipes are asked for as of `subprocess.Popen`.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections.abc import Callable
from typing import Any, TypeAlias

from monitor.start import child_environment, python_module
from monitor.waiting import readable

Start: TypeAlias = Callable[..., "subprocess.Popen[bytes]"]
"""How a process is started; takes what `subprocess.Popen` does."""

_ENDED_BY_SIGNAL = 128
"""The exit code of a process that a signal ended in order is the signal's number and this."""


class Child:
    """One process and the pipes to it. `end` may be called by another thread."""

    def __init__(self, module: str, *arguments: str, start: Start = subprocess.Popen, **options: Any) -> None:
        """Start `module` with `arguments`; `options` are those of `subprocess.Popen`.

        Raises
        ------
        OSError
            No memory, process or file descriptor is left, or Python itself is gone.
        """
        self._process = start(python_module(module, *arguments), env=child_environment(), **options)

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """True once it has ended, however that was."""
        return self._process.poll() is not None

    @property
    def failed(self) -> bool:
        """True once it has ended otherwise than as it should."""
        return self.ended and self._process.returncode != 0

    @property
    def how_it_ended(self) -> str:
        """What became of one that failed, part of a sentence."""
        code = self._process.returncode
        number = -code if code < 0 else code - _ENDED_BY_SIGNAL
        with contextlib.suppress(ValueError):
            return f"was ended by {signal.Signals(number).name}"
        return f"failed (exit code {code})"

    @property
    def input(self) -> int:
        """Descriptor of the pipe to its standard input, where one was asked for."""
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        return self._process.stdin.fileno()

    @property
    def output(self) -> int:
        """Descriptor of the pipe from its standard output, where one was asked for."""
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        return self._process.stdout.fileno()

    @property
    def errors(self) -> int:
        """Descriptor of the pipe from its standard error, where one was asked for."""
        assert self._process.stderr is not None  # noqa: S101 - it was asked for
        return self._process.stderr.fileno()

    def has_said(self, within_s: float) -> bool:
        """Wait for something on its standard output, or for its end; False if neither came in that time."""
        return readable(self.output, within_s)

    def say(self, line: bytes) -> None:
        """Write a short `line` to its standard input, for which a pipe was asked; nothing if it has ended."""
        if line and self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(line)
                self._process.stdin.flush()

    def end(self, grace_s: float, gone_s: float) -> bool:
        """End it and return whether it is gone: False if it hangs in the kernel, until a driver lets go.

        Parameters
        ----------
        grace_s
            Seconds it has to put things in order before it is killed; 0: it has nothing to put in order.
        gone_s
            Seconds to wait for its end after that.
        """
        if grace_s > 0.0:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(grace_s)
        self._process.kill()  # nothing where it has ended
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(gone_s)
        return self.ended

    def close_pipes(self) -> None:
        """Let go of the pipes; nobody may be reading them."""
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # of what it was told and never read
                    pipe.close()
