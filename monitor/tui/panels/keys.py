"""The last line: the keys, as many as fit."""

from __future__ import annotations

from typing import NamedTuple

from textual.strip import Strip

from monitor.tui.strips import Piece, line
from monitor.tui.theme import HEADING, HEADING_DIM
from monitor.tui.view import View


class _Key(NamedTuple):
    """A key and what it does."""

    name: str
    does: str
    weight: int
    """How much it matters where there is little room."""

    @property
    def text(self) -> str:
        """As drawn."""
        return f" {self.name} {self.does} "


_SOURCE = _Key("s", "source", 4)
_SEEN = _Key("a", "seen", 5)
_KEYS = (
    _SEEN,
    _Key("space", "pause", 5),
    _Key("↑↓", "select", 3),
    _Key("m", "mute", 4),
    _Key("+ -", "threshold", 2),
    _SOURCE,
    _Key("n", "near misses", 1),
    _Key("?", "help", 7),
    _Key("q", "quit", 6),
)


def keys_lines(view: View, width: int, height: int) -> list[Strip]:
    """Return the keys that fit, those that matter least left out, and blank rows below."""
    kept: list[_Key] = []
    useless = {key for key, useful in ((_SOURCE, view.several), (_SEEN, view.unseen)) if not useful}
    for key in sorted((key for key in _KEYS if key not in useless), key=lambda key: -key.weight):
        if sum(len(other.text) for other in [*kept, key]) <= width:
            kept.append(key)
    pieces: list[Piece] = []
    for key in (key for key in _KEYS if key in kept):
        pieces += [(f" {key.name}", HEADING), (f" {key.does} ", HEADING_DIM)]
    return [line(pieces, width, HEADING_DIM)] + [line([], width)] * (height - 1)
