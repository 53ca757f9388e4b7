"""A way to tell: a command, with the event as JSON on its standard input."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from monitor.errors import ConfigError
from monitor.sinks.notify.letters import Letter, NotTold
from monitor.text import sanitise

_LAST_WORDS = 300
"""Bytes of what a command says on standard error that are looked at."""


class Program:
    """Runs a command for each message; a `Channel`.

    It reads one line of JSON; the variables `SOUND_KIND`, `SOUND_TITLE`, `SOUND_TEXT`, `SOUND_URGENT`,
    `SOUND_TIMES` and `SOUND_LATE_S` say the rest. It has a session of its own: Ctrl-C does not reach it, and
    where it takes too long it is killed with all that it started. What it starts and leaves running is left
    alone.

    Raises
    ------
    ConfigError
        There is no such program.
    """

    def __init__(
        self, command: Sequence[str], timeout_s: float, where: str, hide: Callable[[str], str] = str
    ) -> None:
        found = shutil.which(os.path.expanduser(command[0]))  # noqa: PTH111 - a name of PATH is no path
        if found is None:
            raise ConfigError(
                f"{where} runs {sanitise(command[0])}, and there is no such program; give the whole path."
            )
        self._command = [str(Path(found).absolute()), *command[1:]]
        self._timeout_s = timeout_s
        self._hide = hide

    def send(self, letter: Letter) -> None:
        """Run the command and wait for its end.

        Raises
        ------
        NotTold
            It cannot be started, fails, or takes too long.
        """
        with _in_memory(letter.payload) as given, _in_memory(b"") as errors:
            try:
                process = subprocess.Popen(  # noqa: S603 - the user's own command
                    self._command,
                    stdin=given,
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                    env={**os.environ, **_described(letter)},
                    start_new_session=True,
                )
            except OSError as error:
                raise NotTold(f"it cannot be started: {error.strerror}") from None
            code = self._wait(process)
            if code != 0:
                said = self._hide(_last_line(errors))
                raise NotTold(f"it {_how_it_ended(code)}{f': {said}' if said else ''}", refused=True)

    def close(self) -> None:
        """Do nothing: a command that runs is to put things in order by itself, as a lamp that was lit."""

    def _wait(self, process: subprocess.Popen[bytes]) -> int:
        try:
            return process.wait(self._timeout_s)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1.0)
            raise NotTold(f"it took longer than {self._timeout_s:g} s", refused=True) from None


@contextlib.contextmanager
def _in_memory(content: bytes) -> Iterator[int]:
    """Return a file that is on no disk, at its beginning."""
    descriptor = os.memfd_create("monitor", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def _described(letter: Letter) -> dict[str, str]:
    return {
        "SOUND_KIND": letter.kind,
        "SOUND_TITLE": letter.title.replace("\0", ""),
        "SOUND_TEXT": letter.text.replace("\0", ""),
        "SOUND_URGENT": "1" if letter.urgent else "0",
        "SOUND_TIMES": str(letter.times),
        "SOUND_LATE_S": f"{letter.late_s:.1f}",
    }


def _last_line(errors: int) -> str:
    length = os.fstat(errors).st_size
    text = os.pread(errors, _LAST_WORDS, max(0, length - _LAST_WORDS)).decode("utf-8", "replace").strip()
    return sanitise(text.splitlines()[-1]) if text else ""


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"failed with exit code {code}"
    with contextlib.suppress(ValueError):
        return f"was ended by {signal.Signals(-code).name}"
    return f"was ended by signal {-code}"
