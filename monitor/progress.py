"""How far long work is, on standard error: drawn on a terminal, told in a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from monitor.console import can_draw, remarks, tell
from monitor.text import sanitise

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_EVERY_S = 5.0
"""Between two lines, and before the first, where lines cannot be written over."""
_MOMENT_S = 0.5
"""What is over within that is not shown on a terminal either."""
_ERASE_LINE = "\r\x1b[K"


class _Due:
    """Says when a line is due: after `first_s`, and then every `every_s`."""

    def __init__(self, first_s: float = _EVERY_S, every_s: float = _EVERY_S) -> None:
        self._every_s = every_s
        self._next_s = time.monotonic() + first_s

    def now(self) -> bool:
        """Whether one is due; whoever asks then writes it."""
        now_s = time.monotonic()
        if now_s < self._next_s:
            return False
        self._next_s = now_s + self._every_s
        return True


@contextmanager
def progress(title: str, total: int) -> Iterator[Callable[[], None]]:
    """Show how many of `total` items are finished; call what it gives once per item."""
    if not can_draw(sys.stderr):
        yield _Lines(title, total).advance
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=remarks(), transient=True) as bar:
        task = bar.add_task(sanitise(title), total=total)
        yield lambda: bar.advance(task)


@contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """Show what is being done: a line that changes on a terminal, else one line for each step."""
    if not can_draw(sys.stderr):
        yield lambda sentence: tell(f"{sentence} …")
        return
    from rich.markup import escape

    with remarks().status("") as status:
        yield lambda sentence: status.update(f"{escape(sanitise(sentence))} …")


class FileProgress:
    """Shows how much of each file is here, and what happens meanwhile."""

    def __init__(self) -> None:
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._due = _Due(first_s=0.0)

    def __enter__(self) -> FileProgress:
        if can_draw(sys.stderr):
            self._bars = _file_bars()
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars:
            self._bars.stop()

    def progress(self, file: str, done: int, total: int) -> None:
        """Show that `done` of `total` bytes of a file are here."""
        if self._bars:
            if file not in self._tasks:
                self._tasks[file] = self._bars.add_task(sanitise(file), total=total)
            self._bars.update(self._tasks[file], completed=done)
        elif self._due.now() or done == total:
            tell(f"{file}: {100 * done // total} % of {total / 1e6:.1f} MB")

    def say(self, sentence: str) -> None:
        """Show what happens."""
        if self._bars:
            self._bars.console.print(f"monitor: {sanitise(sentence)}", markup=False, highlight=False)
        else:
            tell(sentence)


class SoundProgress:
    """Shows how much of an archive is heard, how many times faster than it lasts, and for how long yet."""

    def __init__(self, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Expect recordings of `size` bytes."""
        self._size, self._done, self._sound_s = size, 0, 0.0
        self._clock = clock
        self._begun_s = clock()
        self._due = _Due()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> SoundProgress:
        if can_draw(sys.stderr):
            self._bar = _sound_bar()
            self._task = self._bar.add_task("hearing", total=max(1, self._size), how="")
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def step(self, sound_s: float, size: int) -> None:
        """Take in that so many more seconds of sound are heard, and bytes of recordings are finished."""
        self._done, self._sound_s = self._done + size, self._sound_s + sound_s
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=self._done, how=self._how)
        elif self._due.now():
            tell(f"{self._how}, {100 * self._done // max(1, self._size)} % of the recordings{self._left}")

    @property
    def _how(self) -> str:
        took_s = max(1e-3, self._clock() - self._begun_s)
        return f"{duration(self._sound_s)} heard, {self._sound_s / took_s:.0f} times real time"

    @property
    def _left(self) -> str:
        if not 0.01 * self._size < self._done < self._size:  # of less nobody can tell
            return ""
        left_s = (self._clock() - self._begun_s) * (self._size / self._done - 1.0)
        return f", {duration(left_s)} left"


def duration(seconds: float) -> str:
    """Return a time in words of two parts at most: `3 h 12 min`, `4 min 5 s`, `7 s`."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"


class WordsProgress:
    """Writes `embedding 12/500 phrases` once they take more than a moment; on a terminal, on one line.

    No bar of rich: nobody tells it that the work was given up, and a bar must be ended.
    """

    def __init__(self, out: TextIO, first_s: float | None = None) -> None:
        self._out = out
        self._at_terminal = can_draw(out)
        usual_s = _MOMENT_S if self._at_terminal else _EVERY_S
        self._first_s = usual_s if first_s is None else first_s
        self._due: _Due | None = None
        self._shown = False

    def __call__(self, done: int, total: int) -> None:
        """Take in that `done` of `total` phrases are embedded."""
        if self._due is None:
            self._due = _Due(self._first_s, 0.0 if self._at_terminal else _EVERY_S)
        text = f"monitor: embedding {done}/{total} phrases, once for this model"
        if done < total and self._due.now():
            self._write(f"{_ERASE_LINE}{text}" if self._at_terminal else f"{text}\n")
            self._shown = True
        elif done == total and self._shown and self._at_terminal:
            self._write(_ERASE_LINE)

    def _write(self, text: str) -> None:
        try:
            self._out.write(text)
            self._out.flush()
        except (OSError, ValueError):  # nobody reads it
            self._shown = False


class _Lines:
    """Tells how many items are finished where nothing can be drawn."""

    def __init__(self, title: str, total: int) -> None:
        self._title, self._total, self._done = title, total, 0
        self._due = _Due()

    def advance(self) -> None:
        self._done += 1
        if self._done < self._total and self._due.now():
            tell(f"{self._title}: {self._done} of {self._total}")


def _sound_bar() -> Progress:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    how = TextColumn("{task.fields[how]}", markup=False)
    return Progress(
        BarColumn(), TaskProgressColumn(), how, TimeRemainingColumn(), console=remarks(), transient=True
    )


def _file_bars() -> Progress:
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=remarks(),
    )
