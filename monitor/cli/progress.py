"""Tells whoever waits that words are being embedded, and how far that is."""

from __future__ import annotations

import time
from typing import TextIO

from monitor.console import draws

_PATIENCE_S = 0.5
_EVERY_S = 5.0
"""Between two lines, where lines cannot be written over."""
_ERASE_LINE = "\r\x1b[K"


class WordsProgress:
    """Writes `embedding 12/500 phrases` once they take more than a moment; at a terminal, on one line."""

    def __init__(self, out: TextIO, patience_s: float = _PATIENCE_S) -> None:
        self._out = out
        self._at_terminal = draws(out)
        self._patience_s = patience_s
        self._next_s: float | None = None
        self._shown = False

    def __call__(self, done: int, total: int) -> None:
        """Take in that `done` of `total` phrases are embedded."""
        now = time.monotonic()
        if self._next_s is None:
            self._next_s = now + self._patience_s
        text = f"monitor: embedding {done}/{total} phrases, once for this model"
        if done < total and now >= self._next_s:
            self._write(f"{_ERASE_LINE}{text}" if self._at_terminal else f"{text}\n")
            self._shown = True
            if not self._at_terminal:
                self._next_s = now + _EVERY_S
        elif done == total and self._shown and self._at_terminal:
            self._write(_ERASE_LINE)

    def _write(self, text: str) -> None:
        try:
            self._out.write(text)
            self._out.flush()
        except (OSError, ValueError):  # nobody reads it
            self._shown = False
