"""Windows that are due together -> one batch for the encoder.

The order of work within one stream stays what it is alone; whoever drives the batches need not stand still
while the encoder works.
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
    """Takes all work to its end: side by side if the encoder gains by it, else one after another."""

    def __init__(self, works: Sequence[Work], together: bool) -> None:
        """Take `works` to their ends, side by side if `together`."""
        self._groups = deque([list(works)] if together else [[work] for work in works])
        self._due: list[tuple[Work, Window]] = []

    def next_windows(self) -> list[Window]:
        """Return the windows that are due together, one of each stream at most; none at the end of all."""
        self._due = []
        while self._groups and not self._due:
            asked = [(work, work.next_window()) for work in self._groups[0]]
            self._due = [(work, window) for work, window in asked if window is not None]
            self._groups[0] = [work for work, _ in self._due]
            if not self._due:
                self._groups.popleft()
        return [window for _, window in self._due]

    def accept(self, embeddings: Sequence[Embedding | None]) -> None:
        """Hand the embeddings over of the windows that were due last; None: the encoder failed on it."""
        for (work, window), embedding in zip(self._due, embeddings, strict=True):
            work.accept(window, embedding)
