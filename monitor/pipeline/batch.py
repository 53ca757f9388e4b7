"""Windows that are due together -> one batch for the encoder.

What works on a stream asks for embeddings as a generator: it gives a window, and is sent its embedding, or
None where the encoder failed on it. So the order of work within one stream stays what it is alone, while the
encoder hears several at once, and whoever drives the batches need not stand still while the encoder works.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TypeAlias

from monitor.encoders import Encoder
from monitor.encoders.checked import answer
from monitor.errors import ProgramError
from monitor.records import Embedding, Window

Turn: TypeAlias = Generator[Window, Embedding | None, None]
"""A piece of work on one stream: gives each window that is due, takes its embedding; None: there is none."""

Batches: TypeAlias = Generator[list[Window], Sequence[Embedding | None], None]
"""The same of several streams: gives the windows that are due together, takes their embeddings."""


def batches(turns: Sequence[Turn], together: bool) -> Batches:
    """Take each of `turns` to its end: side by side if `together` (the encoder gains by it), or in order."""
    for group in [turns] if together else [[turn] for turn in turns]:
        asking = [(turn, window) for turn in group for window in _begin(turn)]
        while asking:
            embeddings = yield [window for _, window in asking]
            answered = zip(asking, embeddings, strict=True)
            asking = [
                (turn, window) for (turn, _), embedding in answered for window in _go_on(turn, embedding)
            ]


def carry(turns: Sequence[Turn], encoder: Encoder, monotonic: Callable[[], float]) -> None:
    """Take each of `turns` to its end, and wait for the encoder.

    Raises
    ------
    ProgramError
        The encoder failed.
    """
    work = batches(turns, encoder.batches)
    due = next(work, None)
    while due is not None:
        found = answer(encoder, due, monotonic)
        if found.wrong is not None:
            raise ProgramError(f"The encoder failed: {found.wrong}.") from found.error
        due = send(work, found.embeddings)


def send(work: Batches, embeddings: Sequence[Embedding | None]) -> list[Window] | None:
    """Hand `embeddings` over; return what is asked for next, or None at the end."""
    try:
        return work.send(embeddings)
    except StopIteration:
        return None


def _begin(turn: Turn) -> list[Window]:
    """Return the window that `turn` asks for first, if any."""
    return [window for window in [next(turn, None)] if window is not None]


def _go_on(turn: Turn, embedding: Embedding | None) -> list[Window]:
    """Return the window that `turn` asks for next, if any."""
    try:
        return [turn.send(embedding)]
    except StopIteration:
        return []
