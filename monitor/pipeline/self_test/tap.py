"""Where a copy of what a source hears is taken."""

from __future__ import annotations

from collections.abc import Callable

from monitor.records import Span


class Tap:
    """Passes on what it hears, where somebody listens."""

    def __init__(self) -> None:
        self.listener: Callable[[Span], None] | None = None
        """Takes each piece; None: nobody does."""

    def hear(self, piece: Span) -> None:
        """Pass on the next piece of sound."""
        if self.listener is not None:
            self.listener(piece)
