"""The user's terminal: the one place that prints, and that keeps others from printing there.

What is printed for people passes the sanitiser and is written in characters that the locale has. JSON is
UTF-8 whatever the locale. What C libraries write on standard error (decoders, sound systems, networks) is
not for the user and would cover the alarm, so they write to nowhere; ``MONITOR_DEBUG=1`` lets them.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from monitor.diary import Diary, Level
from monitor.errors import ProgramError
from monitor.text import READABLE, clean

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_STDERR = 2
DIARY = Diary()
"""What this process says of itself."""
_PIPED_WIDTH = 200
"""Columns of a table that goes into a file or a pipe."""


def show(text: str) -> None:
    """Print lines for a person on standard output."""
    show_drawn("\n".join(map(clean, text.splitlines())))


def ask(question: str) -> str | None:
    """Ask on standard output and return the line that standard input brings; None: there is no more."""
    with _writable():
        print(clean(question), end=" ", flush=True)  # noqa: T201
    line = sys.stdin.readline()
    return line.rstrip("\r\n") if line else None


def show_json(content: bytes) -> None:
    """Print one JSON text on standard output, as UTF-8."""
    text = clean(content.decode("utf-8", "replace"))
    if (raw := getattr(sys.stdout, "buffer", None)) is None:
        show_drawn(text)  # a stream in memory
        return
    with _writable():
        sys.stdout.flush()
        raw.write(f"{text}\n".encode("utf-8", READABLE))
        raw.flush()


def tell(sentence: str, level: Level = "info") -> None:
    """Say something about the program itself, in its diary; where that cannot be written, nothing."""
    DIARY.note(sentence, level)


def show_drawn(text: str) -> None:
    """Print what `drawing` returned."""
    with _writable():
        print(text, flush=True)  # noqa: T201


@contextmanager
def _writable() -> Iterator[None]:
    """Say in one sentence why standard output takes nothing; a reader that has gone is another matter."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ProgramError(f"Standard output cannot be written: {error.strerror}.") from None


def show_table(table: RenderableType) -> None:
    """Print a table of rich, as wide as the terminal, or wide enough for a file."""
    show_drawn(drawing([table], piped_width=_PIPED_WIDTH))


@contextmanager
def redrawn() -> Iterator[Callable[[RenderableType], None]]:
    """Hold a function that draws a table in the place of the one before; into a file, one below the other."""
    if not can_draw(sys.stdout):
        yield show_table
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(file=sys.stdout, markup=False), auto_refresh=False, screen=True) as live:
        yield lambda table: live.update(table, refresh=True)


def drawing(parts: Sequence[RenderableType], piped_width: int | None = None) -> str:
    """Return what rich makes of `parts` for standard output; the texts in them are safe, and no markup."""
    from rich.console import Console
    from rich.segment import Segment, Segments

    width = None if sys.stdout.isatty() else piped_width
    plain = not can_draw(sys.stdout)
    console = Console(
        file=sys.stdout, width=width, no_color=plain, markup=False, highlight=False, emoji=False,
        color_system=None if plain else "auto",
    )  # fmt: skip
    with console.capture() as captured:
        for part in parts:
            pieces = console.render(part)
            console.print(Segments([Segment(_safe_piece(text), style) for text, style, _ in pieces]), end="")
    return "\n".join(line.rstrip() for line in captured.get().splitlines()).rstrip()


def _safe_piece(text: str) -> str:
    return "\n".join(map(clean, text.split("\n")))


def remarks() -> Console:
    """Return what rich writes on standard error with, as much as the terminal can."""
    from rich.console import Console

    return Console(file=sys.stderr, force_terminal=None if can_draw(sys.stderr) else False)


def can_draw(*streams: TextIO) -> bool:
    """Return whether all of `streams` are a terminal that obeys more than line ends (`TERM`)."""
    return os.environ.get("TERM", "") not in {"", "dumb", "unknown"} and all(
        stream is not None and stream.isatty() for stream in streams
    )


def open_streams() -> None:
    """Let a program without standard streams read and write nothing, and write look-alikes where it must."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - for good
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=READABLE)


@contextmanager
def only_ours() -> Iterator[None]:
    """Leave standard error to Python alone: what C libraries write there goes nowhere.

    Python's own stream moves to another descriptor of the same terminal or file; a child process that is to
    write there too needs ``stderr=sys.stderr``.
    """
    if os.environ.get("MONITOR_DEBUG") or _descriptor(sys.stderr) != _STDERR:
        yield
        return
    before = sys.stderr, sys.__stderr__
    sys.stderr.flush()
    ours = os.fdopen(os.dup(_STDERR), "w", encoding=sys.stderr.encoding, errors=READABLE, buffering=1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _STDERR)
    os.close(nowhere)
    sys.stderr = ours
    sys.__stderr__ = ours  # type: ignore[misc]  # textual draws there
    try:
        yield
    finally:
        os.dup2(ours.fileno(), _STDERR)
        sys.stderr, sys.__stderr__ = before  # type: ignore[misc]
        with suppress(OSError):  # a full disk: the exit code says what can be said
            ours.close()


def _descriptor(stream: Any) -> int | None:
    try:
        return int(stream.fileno())
    except (AttributeError, OSError, ValueError):  # none, in memory, or closed
        return None
