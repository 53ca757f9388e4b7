"""Windows that are due together -> batches for the encoder, in rounds: one window of each stream in each.

The order of work within one stream stays what it is alone; whoever drives the batches need not stand still
while the encoder works. All windows of a round are chosen before the first of them is embedded: whether a
stream is late does not depend on how many come before it, so that those passed over are spread evenly.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Protocol

from monitor.records import Embedding, Window


class Work(Protocol):
    """A piece of work on one stream, which needs embeddings as it goes on."""

    def next_window(self) -> Window | None:
        """Go on to the next window whose embedding is needed; None: it has come to its end."""

    def accept(self, window: Window, embedding: Embedding | None) -> None:
        """Take the embedding of the last window; None: the encoder failed on it."""


class Batches:
    """Takes all work to its end, side by side."""

    def __init__(self, works: Sequence[Work]) -> None:
        """Take `works` to their ends."""
        self._asked: Sequence[Work] = works  # in the next round
        self._round: deque[tuple[Work, Window]] = deque()  # what is left of this one
        self._due: list[tuple[Work, Window]] = []

    def next_windows(self, most: int) -> list[Window]:
        """Return windows that are due together, one of each stream, `most` at most; none at the end."""
        if not self._round:
            asked = [(work, work.next_window()) for work in self._asked]
            self._round.extend((work, window) for work, window in asked if window is not None)
            self._asked = [work for work, _ in self._round]
        self._due = [self._round.popleft() for _ in range(min(most, len(self._round)))]
        return [window for _, window in self._due]

    def accept(self, embeddings: Sequence[Embedding | None]) -> None:
        """Hand the embeddings over of the windows that were due last; None: the encoder failed on it."""
        for (work, window), embedding in zip(self._due, embeddings, strict=True):
            work.accept(window, embedding)
