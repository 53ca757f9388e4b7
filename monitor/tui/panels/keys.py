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
    action: str
    """What a click on it does."""

    @property
    def text(self) -> str:
        """As drawn."""
        return f" {self.name} {self.does} "


_SOURCE = _Key("s", "source", 4, "source")
_SEEN = _Key("a", "seen", 8, "acknowledge")
_KEYS = (
    _SEEN,
    _Key("space", "pause", 5, "pause"),
    _Key("↑↓", "select", 1, "select(1)"),
    _Key("tab", "events", 0, "other_list"),
    _Key("enter", "in full", 2, "detail"),
    _Key("/", "history", 4, "history"),
    _Key("m", "mute", 4, "mute"),
    _Key("+ -", "threshold", 2, "threshold(1)"),
    _SOURCE,
    _Key("d", "numbers", 3, "maker"),
    _Key("n", "near misses", 1, "near_misses"),
    _Key("?", "help", 7, "help"),
    _Key("q", "quit", 6, "quit"),
)


def keys_shown(view: View, width: int) -> list[_Key]:
    """Return the keys that fit, in their order, those that matter least left out."""
    kept: list[_Key] = []
    seen = _SEEN
    if view.notices_waiting:
        seen = _SEEN._replace(does=f"seen ({view.notices_waiting} more to read)")
    useless = {key for key, useful in ((_SOURCE, view.several), (_SEEN, view.unseen)) if not useful}
    keys = [seen if key == _SEEN else key for key in _KEYS if key not in useless]
    for key in sorted(keys, key=lambda key: -key.weight):
        if sum(len(other.text) for other in [*kept, key]) <= width:
            kept.append(key)
    return [key for key in keys if key in kept]


def action_at(view: View, width: int, x: int) -> str | None:
    """Return what the key that is drawn at cell `x` does, as an action of the program."""
    for key in keys_shown(view, width):
        if x < len(key.text):
            return key.action
        x -= len(key.text)
    return None


def keys_lines(view: View, width: int, height: int) -> list[Strip]:
    """Return the keys, and blank rows below."""
    pieces: list[Piece] = []
    for key in keys_shown(view, width):
        pieces += [(f" {key.name}", HEADING), (f" {key.does} ", HEADING_DIM)]
    return [line(pieces, width, HEADING_DIM)] + [line([], width)] * (height - 1)
